/* SPDX-License-Identifier: MIT */
/* Which text segments stand in a row, and which are nearest to what was decoded. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "report/decoding.h"
#include "signal/linear.h"

typedef struct segments {
	const gb_tensor *vector, *span;
	gb_rational tick;
	gb_clock clock;       /* of the feature in its file */
	gb_json *strings;
} segments;

/* The tensors FEATURE.segments, .spans, .strings of its file.  *FOUND false: it has none. */
static gb_status load(segments *s, const gb_feature *feature, bool *found, gb_err *err)
{
	gb_tensor_file *file = (gb_tensor_file *)feature->file;
	char *vector = gb_format(err, "%s.segments", feature->name), *span = gb_format(err, "%s.spans", feature->name),
	     *strings = gb_format(err, "%s.strings", feature->name);
	const gb_tensor *text;
	const char *base;
	gb_status status = vector && span && strings ? GB_OK : GB_SYSTEM;

	*found = !status && feature->rank == 1 && gb_tensor_file_find(file, vector) && gb_tensor_file_find(file, span) &&
	         gb_tensor_file_find(file, strings) && gb_tensor_file_has_clock(file, feature->name);
	if (*found) {
		status = gb_tensor_file_need(file, vector, GB_F32, 2, &s->vector, err);
		if (!status)
			status = gb_tensor_file_need(file, span, GB_I64, 2, &s->span, err);
		if (!status)
			status = gb_tensor_file_need(file, strings, GB_U8, 1, &text, err);
		if (!status)
			status = gb_json_parse(text->data, text->bytes, &s->strings, err);
		if (!status)
			status = gb_tensor_file_clock(file, feature->name, &s->clock, err);
		base = gb_json_text(gb_tensor_file_attribute(file, span, "timebase"));
		s->tick = (gb_rational){1, 1};
		if (!status && base)
			status = gb_rational_parse(base, &s->tick, err);
		if (!status && (s->vector->shape[1] != (int64_t)feature->elements || s->span->shape[0] != s->vector->shape[0] ||
		                s->span->shape[1] != 3 || gb_json_size(s->strings) != (size_t)s->vector->shape[0]))
			status = gb_fail(err, GB_DATA, "%s: segments, spans and strings contradict each other", feature->name);
	}
	free(vector);
	free(span);
	free(strings);
	return status;
}

/* Does segment K overlap row ROW of the set? */
static bool covers(const segments *s, size_t k, const gb_clock *clock, int64_t row)
{
	const int64_t *span = (const int64_t *)s->span->data + 3 * k;
	int run = gb_clock_run_of(clock, row);
	gb_rational start, end, from, to;

	if (run < 0 || span[0] < 0 || span[0] >= s->clock.runs || strcmp(s->clock.run[span[0]].name, clock->run[run].name))
		return false;
	if (!gb_clock_time_of(clock, run, row - gb_clock_first(clock, run), &start) || !gb_rational_add(start, clock->step, &end) ||
	    !gb_rational_mul((gb_rational){span[1], 1}, s->tick, &from) || !gb_rational_mul((gb_rational){span[2], 1}, s->tick, &to))
		return false;
	return gb_rational_compare(from, end) < 0 && gb_rational_compare(to, start) > 0;
}

/* Rows of X [count, width], less MEAN, of length 1. */
static void unit_rows(const float *x, const float *mean, size_t count, size_t width, float *out)
{
	for (size_t i = 0; i < count; i++) {
		double square = 0;

		for (size_t j = 0; j < width; j++) {
			out[i * width + j] = x[i * width + j] - mean[j];
			square += (double)out[i * width + j] * (double)out[i * width + j];
		}
		for (size_t j = 0; j < width; j++)
			out[i * width + j] = (float)(square > 0 ? (double)out[i * width + j] / sqrt(square) : 0);
	}
}

static void keep_nearest(gb_nearest *nearest, const float *cosine, size_t count)
{
	for (int k = 0; k < 5; k++)
		nearest->segment[k] = -1;
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < 5; k++)
			if (nearest->segment[k] < 0 || cosine[i] > nearest->cosine[k]) {
				for (int m = 4; m > k; m--) {
					nearest->segment[m] = nearest->segment[m - 1];
					nearest->cosine[m] = nearest->cosine[m - 1];
				}
				nearest->segment[k] = (int32_t)i;
				nearest->cosine[k] = cosine[i];
				break;
			}
}

/* Chance that at least one of M true segments is among K of N drawn. */
static double chance_of(size_t m, size_t n, size_t k)
{
	double none = 1;

	for (size_t i = 0; i < k && i < n; i++)
		none *= n - i > m ? (double)(n - i - m) / (double)(n - i) : 0;
	return 1 - none;
}

/* Rank of the best true segment of a row: ties, such as equal texts, count as half. */
static void score_row(gb_decoded *d, const float *cosine, const uint8_t *true_here, size_t t)
{
	size_t n = d->segments, m = 0;
	double below = 0, best = -2;

	for (size_t k = 0; k < n; k++)
		if (true_here[k]) {
			m++;
			if ((double)cosine[k] > best) {
				best = (double)cosine[k];
				d->truth[t] = (int32_t)k;
			}
		}
	if (m == 0)
		return;
	for (size_t k = 0; k < n; k++)
		below += true_here[k] ? 0 : (double)cosine[k] < best ? 1 : (double)cosine[k] == best ? 0.5 : 0;
	d->rows_with_text++;
	d->segment_rank += n > m ? below / (double)(n - m) : 0.5;
	d->segment_top1 += below >= (double)(n - m);
	d->segment_top5 += below >= (double)(n - m) - 4;
	d->chance_top1 += chance_of(m, n, 1);
	d->chance_top5 += chance_of(m, n, 5);
	/* the best of m true ones ranks above chance by itself: its expected percentile is m/(m + 1) */
	d->chance_rank += (double)m / (double)(m + 1);
}

static gb_status compare(gb_decoded *d, const segments *s, const gb_clock *clock, const gb_scored *scored, gb_pool *pool, gb_err *err)
{
	size_t n = d->segments, width = d->elements;
	float *unit = gb_array(n * width, sizeof *unit, err), *row = unit ? gb_array(d->rows * width, sizeof *row, err) : NULL,
	      *cosine = row ? gb_array(d->rows * n, sizeof *cosine, err) : NULL;
	uint8_t *here = cosine ? gb_array(n, 1, err) : NULL;
	gb_status status = here ? GB_OK : GB_SYSTEM;

	if (!status) {
		unit_rows(s->vector->data, d->mean, n, width, unit);
		unit_rows(d->predicted, d->mean, d->rows, width, row);
		status = gb_matrix_product(pool, false, true, d->rows, n, width, row, width, unit, width, cosine, n, false, err);
	}
	for (size_t t = 0; !status && t < d->rows; t++) {
		d->truth[t] = -1;
		for (size_t k = 0; k < n; k++)
			here[k] = covers(s, k, clock, scored->row[t]);
		keep_nearest(&d->nearest[t], cosine + t * n, n);
		score_row(d, cosine + t * n, here, t);
	}
	for (double *sum[] = {&d->segment_rank, &d->segment_top1, &d->segment_top5, &d->chance_top1, &d->chance_top5, &d->chance_rank, NULL},
	            **p = sum;
	     d->rows_with_text && *p; p++)
		**p /= (double)d->rows_with_text;
	free(unit);
	free(row);
	free(cosine);
	free(here);
	return status;
}

gb_status gb_decoded_find_segments(gb_decoded *d, const gb_dataset *set, const gb_feature *feature, const gb_scored *scored, gb_pool *pool,
                                   gb_err *err)
{
	segments s = {0};
	gb_status status = load(&s, feature, &d->has_segments, err);

	if (!status && d->has_segments) {
		d->segments = (size_t)s.vector->shape[0];
		d->text = gb_array(d->segments, sizeof *d->text, err);
		d->nearest = d->text ? gb_array(d->rows, sizeof *d->nearest, err) : NULL;
		d->truth = d->nearest ? gb_array(d->rows, sizeof *d->truth, err) : NULL;
		status = d->truth ? GB_OK : GB_SYSTEM;
		for (size_t k = 0; !status && k < d->segments; k++) {
			const char *text = gb_json_text(gb_json_at(s.strings, k));

			d->text[k] = gb_string(text ? text : "", err);
			status = d->text[k] ? GB_OK : GB_SYSTEM;
		}
		if (!status)
			status = compare(d, &s, gb_dataset_clock(set), scored, pool, err);
	}
	gb_json_free(s.strings);
	return status;
}
