/* SPDX-License-Identifier: MIT */
#include "video/video_scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "video/video_rows.h"

/* The samples under one output: head · s[begin] + body · Σ s(begin, end) + tail · s[end],
 * over TOTAL.  A single sample has all its weight in HEAD. */
typedef struct span {
	int begin, end;
	uint32_t head, tail;
} span;

/* The same for a filter with a weight for each sample. */
typedef struct taps {
	int begin, count;
	const float *weight;
} taps;

struct gb_scaler {
	gb_video_filter filter;
	int in_width, out_width, out_height;
	span *across, *down;
	uint32_t body_across, body_down;
	int box_across, box_down; /* whole samples under every output, all alike; 0: else */
	const gb_video_rows *rows;
	double total; /* across · down */
	taps *taps_across, *taps_down;
	float *weights_across, *weights_down;
	uint16_t *sum16;
	uint32_t *sum32;
	float *sum;
};

/* Output i covers [a + i·s, a + (i+1)·s) where sample j covers [j·d, (j+1)·d):
 * all integers, divided by what they have in common. */
static span *make_spans(gb_scale_window w, int samples, uint32_t *body, int64_t *total, gb_err *err)
{
	int64_t d = (int64_t)w.unit * w.out, s = w.length, a = (int64_t)w.first * w.out;
	int64_t common = gb_gcd(gb_gcd(d, s), a);
	span *spans = gb_array((size_t)w.out, sizeof *spans, err);

	if (spans == NULL)
		return NULL;
	d /= common, s /= common, a /= common;
	for (int i = 0; i < w.out; i++) {
		int64_t from = a + i * s, to = from + s, end = (to - 1) / d;
		span *p = &spans[i];
		p->begin = (int)(from / d);
		p->end = (int)(end < samples ? end : samples - 1);
		p->head = (uint32_t)((p->begin < p->end ? (p->begin + 1) * d : to) - from);
		p->tail = p->begin < p->end ? (uint32_t)(to - p->end * d) : 0;
	}
	*body = (uint32_t)d;
	*total = s;
	return spans;
}

/* Samples under each output if all are whole, equally many and side by side, so
 * that their plain sums do; else 0. */
static int box_of(const span *spans, int count, uint32_t body)
{
	int box = spans[0].end - spans[0].begin + 1;

	for (int i = 0; i < count; i++) {
		const span *p = &spans[i];
		if (p->begin != spans[0].begin + i * box || p->end != p->begin + box - 1 || p->head != body ||
		    (box > 1 && p->tail != body))
			return 0;
	}
	return box;
}

static double kernel(gb_video_filter filter, double x)
{
	x = fabs(x);
	if (filter == GB_FILTER_BILINEAR)
		return x < 1 ? 1 - x : 0;
	if (x < 1)
		return (1.5 * x - 2.5) * x * x + 1;
	return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static gb_status make_taps(gb_scale_window w, int samples, gb_video_filter filter, taps **out,
                           float **weights, gb_err *err)
{
	double step = (double)w.length / w.unit / w.out, widen = step > 1 ? step : 1;
	double support = widen * (filter == GB_FILTER_BICUBIC ? 2 : 1);
	int most = (int)ceil(2 * support) + 2;

	if (most > samples)
		most = samples;
	*out = gb_array((size_t)w.out, sizeof **out, err);
	*weights = gb_array((size_t)w.out * (size_t)most, sizeof **weights, err);
	if (*out == NULL || *weights == NULL)
		return GB_SYSTEM;
	for (int i = 0; i < w.out; i++) {
		double centre = (double)w.first / w.unit + (i + 0.5) * step, sum = 0;
		int begin = (int)floor(centre - support), count;
		float *weight = *weights + (size_t)i * (size_t)most;
		if (begin < 0)
			begin = 0;
		if (begin > samples - most)
			begin = samples - most;
		count = most;
		for (int k = 0; k < count; k++)
			sum += kernel(filter, (begin + k + 0.5 - centre) / widen);
		for (int k = 0; k < count; k++)
			weight[k] = (float)(kernel(filter, (begin + k + 0.5 - centre) / widen) / sum);
		(*out)[i] = (taps){begin, count, weight};
	}
	return GB_OK;
}

gb_status gb_scaler_new(gb_scaler **scaler, gb_video_filter filter, int plane_width, int plane_height,
                        gb_scale_window x, gb_scale_window y, gb_err *err)
{
	gb_scaler *s = gb_array(1, sizeof *s, err);
	gb_status status = GB_OK;
	int64_t across, down;

	*scaler = NULL;
	if (s == NULL)
		return GB_SYSTEM;
	s->rows = gb_video_rows_here();
	s->filter = filter;
	s->in_width = plane_width;
	s->out_width = x.out;
	s->out_height = y.out;
	if (filter == GB_FILTER_AREA) {
		s->across = make_spans(x, plane_width, &s->body_across, &across, err);
		s->down = make_spans(y, plane_height, &s->body_down, &down, err);
		s->sum16 = gb_array((size_t)plane_width, sizeof *s->sum16, err);
		s->sum32 = gb_array((size_t)plane_width, sizeof *s->sum32, err);
		if (s->across == NULL || s->down == NULL || s->sum16 == NULL || s->sum32 == NULL)
			status = GB_SYSTEM;
		else {
			s->total = (double)across * (double)down;
			s->box_across = box_of(s->across, x.out, s->body_across);
			s->box_down = box_of(s->down, y.out, s->body_down);
		}
	} else {
		status = make_taps(x, plane_width, filter, &s->taps_across, &s->weights_across, err);
		if (status == GB_OK)
			status = make_taps(y, plane_height, filter, &s->taps_down, &s->weights_down, err);
		s->sum = gb_array((size_t)plane_width, sizeof *s->sum, err);
		if (s->sum == NULL)
			status = GB_SYSTEM;
	}
	if (status != GB_OK)
		gb_scaler_free(s);
	else
		*scaler = s;
	return status;
}

void gb_scaler_free(gb_scaler *s)
{
	if (s == NULL)
		return;
	free(s->across);
	free(s->down);
	free(s->taps_across);
	free(s->taps_down);
	free(s->weights_across);
	free(s->weights_down);
	free(s->sum16);
	free(s->sum32);
	free(s->sum);
	free(s);
}

/* ---- area ---- */

/* SUM32 += WEIGHT · (rows FROM … TO − 1), whose plain sum fits 16 bits for 257 rows of bytes. */
static void add_rows8(gb_scaler *s, const gb_plane *plane, int from, int to, uint32_t weight)
{
	for (; from < to; from += 257) {
		int rows = to - from > 257 ? 257 : to - from;
		s->rows->sum8(s->sum16, plane->data + from * plane->stride, plane->stride, rows, s->in_width);
		s->rows->add16(s->sum32, s->sum16, weight, s->in_width);
	}
}

/* SUM32 = the weighted sum of the rows under P: a 16-bit sample times weights
 * that sum to GB_PLANE_MAX at most, which fits. */
static void sum_down(gb_scaler *s, const gb_plane *plane, const span *p)
{
	const uint8_t *first = plane->data + p->begin * plane->stride,
		      *last = plane->data + p->end * plane->stride;
	int from = p->begin, to = p->end + 1;

	memset(s->sum32, 0, (size_t)s->in_width * sizeof *s->sum32);
	if (plane->wide) {
		s->rows->add16(s->sum32, (const uint16_t *)(const void *)first, p->head, s->in_width);
		for (int y = p->begin + 1; y < p->end; y++)
			s->rows->add16(s->sum32,
			               (const uint16_t *)(const void *)(plane->data + y * plane->stride),
			               s->body_down, s->in_width);
		if (p->end > p->begin)
			s->rows->add16(s->sum32, (const uint16_t *)(const void *)last, p->tail, s->in_width);
		return;
	}
	if (p->head != s->body_down) {
		s->rows->add8(s->sum32, first, p->head, s->in_width);
		from++;
	}
	if (p->end > p->begin && p->tail != s->body_down) {
		s->rows->add8(s->sum32, last, p->tail, s->in_width);
		to--;
	}
	add_rows8(s, plane, from, to, s->body_down);
}

static void sum_across(const gb_scaler *s, float *out)
{
	double scale = 1 / s->total;

	for (int i = 0; i < s->out_width; i++) {
		const span *p = &s->across[i];
		uint64_t body = 0;
		for (int x = p->begin + 1; x < p->end; x++)
			body += s->sum32[x];
		body = body * s->body_across + (uint64_t)s->sum32[p->begin] * p->head +
		       (uint64_t)s->sum32[p->end] * p->tail;
		out[i] = (float)((double)body * scale);
	}
}

/* Whole reductions of bytes: plain sums, in 16 bits down and 32 across. */
static bool is_boxes(const gb_scaler *s, const gb_plane *plane)
{
	return s->box_across > 0 && s->box_down > 0 && s->box_down <= 257 && s->box_across <= 32768 &&
	       !plane->wide;
}

static void run_boxes(gb_scaler *s, const gb_plane *plane, int y, float *out)
{
	const uint8_t *first = plane->data + s->down[y].begin * plane->stride + s->across[0].begin;
	int width = s->box_across * s->out_width;
	double total = s->total / s->body_across / s->body_down;

	s->rows->sum8(s->sum16, first, plane->stride, s->box_down, width);
	s->rows->boxes(out, s->sum16, s->box_across, s->out_width, 1 / total);
}

/* ---- bilinear, bicubic ---- */

static void add_float8(float *restrict sum, const uint8_t *restrict row, float weight, int width)
{
	for (int x = 0; x < width; x++)
		sum[x] += weight * row[x];
}

static void add_float16(float *restrict sum, const uint16_t *restrict row, float weight, int width)
{
	for (int x = 0; x < width; x++)
		sum[x] += weight * row[x];
}

static void filter_row(gb_scaler *s, const gb_plane *plane, const taps *down, float *out)
{
	memset(s->sum, 0, (size_t)s->in_width * sizeof *s->sum);
	for (int k = 0; k < down->count; k++) {
		const uint8_t *row = plane->data + (down->begin + k) * plane->stride;
		if (plane->wide)
			add_float16(s->sum, (const uint16_t *)(const void *)row, down->weight[k],
			            s->in_width);
		else
			add_float8(s->sum, row, down->weight[k], s->in_width);
	}
	for (int i = 0; i < s->out_width; i++) {
		const taps *across = &s->taps_across[i];
		float value = 0;
		for (int k = 0; k < across->count; k++)
			value += across->weight[k] * s->sum[across->begin + k];
		out[i] = value;
	}
}

void gb_scaler_run(gb_scaler *s, const gb_plane *plane, float *out)
{
	for (int y = 0; y < s->out_height; y++, out += s->out_width) {
		if (is_boxes(s, plane)) {
			run_boxes(s, plane, y, out);
		} else if (s->filter == GB_FILTER_AREA) {
			sum_down(s, plane, &s->down[y]);
			sum_across(s, out);
		} else {
			filter_row(s, plane, &s->taps_down[y], out);
		}
	}
}
