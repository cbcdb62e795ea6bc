/* SPDX-License-Identifier: MIT */
#include "text/align.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

#define TILE 64 /* rows a tile of work */

struct gb_cover {
	const gb_segments *segments;
	gb_clock clock;
	int64_t *first, *last; /* per segment, axis-0 rows; first never falls */
	int64_t *reach;        /* the largest last up to here */
	size_t kept;
};

void gb_cover_free(gb_cover *cover)
{
	if (!cover)
		return;
	free(cover->first);
	free(cover->last);
	free(cover->reach);
	free(cover);
}

/* Rows within the run, not yet cut to it. */
static bool rows_of(const gb_clock *clock, const gb_segment *s, int64_t *first, int64_t *last)
{
	gb_rational from, to, begin = clock->run[s->run].start;

	if (!gb_rational_sub(s->start, begin, &from) || !gb_rational_div(from, clock->step, &from) ||
	    !gb_rational_sub(s->end, begin, &to) || !gb_rational_div(to, clock->step, &to))
		return false;
	*first = gb_rational_floor(from);
	*last = gb_rational_compare(s->start, s->end) == 0 ? *first : gb_rational_ceil(to) - 1;
	return true;
}

gb_status gb_cover_new(gb_cover **out, const gb_segments *segments, const gb_clock *clock, gb_err *err)
{
	gb_cover *cover = gb_array(1, sizeof(*cover), err);
	int64_t reach = -1, least = 0;

	*out = NULL;
	if (cover) {
		cover->first = gb_array(segments->count, sizeof(int64_t), err);
		cover->last = gb_array(segments->count, sizeof(int64_t), err);
		cover->reach = gb_array(segments->count, sizeof(int64_t), err);
	}
	if (!cover || !cover->first || !cover->last || !cover->reach) {
		gb_cover_free(cover);
		return GB_SYSTEM;
	}
	cover->segments = segments;
	cover->clock = *clock;
	for (size_t i = 0; i < segments->count; i++) {
		const gb_segment *s = &segments->segment[i];
		int64_t base = gb_clock_first(clock, s->run), rows = clock->run[s->run].rows, first, last;

		if (!rows_of(clock, s, &first, &last)) {
			gb_cover_free(cover);
			return gb_fail(err, GB_USAGE, "--tr: too fine for the times of these segments");
		}
		last = (last < rows ? last : rows - 1) + base;
		first = (first > 0 ? first : 0) + base;
		if (first < least)
			first = least;
		if (first > last) { /* outside; keeps the order all the same */
			first = least;
			last = least - 1;
		}
		cover->kept += first <= last;
		cover->first[i] = least = first;
		cover->last[i] = last;
		if (cover->last[i] > reach)
			reach = cover->last[i];
		cover->reach[i] = reach;
	}
	*out = cover;
	return GB_OK;
}

size_t gb_cover_kept(const gb_cover *cover) { return cover->kept; }

void gb_cover_rows(const gb_cover *cover, size_t segment, int64_t *first, int64_t *last)
{
	*first = cover->first[segment];
	*last = cover->last[segment];
}

/* Seconds of SEGMENT inside axis-0 row ROW, which it is known to reach. */
static double overlap(const gb_cover *cover, size_t segment, int64_t row)
{
	const gb_segment *s = &cover->segments->segment[segment];
	gb_rational from, to, length;

	row -= gb_clock_first(&cover->clock, s->run);
	if (!gb_clock_time_of(&cover->clock, s->run, row, &from) ||
	    !gb_clock_time_of(&cover->clock, s->run, row + 1, &to))
		return 0;
	if (gb_rational_compare(s->start, from) > 0)
		from = s->start;
	if (gb_rational_compare(s->end, to) < 0)
		to = s->end;
	return gb_rational_sub(to, from, &length) ? gb_rational_double(length) : 0;
}

void gb_cover_each(const gb_cover *cover, int64_t row, gb_cover_fn *each, void *context)
{
	size_t low = 0, high = cover->segments->count;

	while (low < high) { /* the first segment whose reach comes to ROW */
		size_t middle = (low + high) / 2;

		if (cover->reach[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < cover->segments->count && cover->first[i] <= row; i++)
		if (cover->last[i] >= row)
			each(context, i, overlap(cover, i, row));
}

typedef struct job {
	const gb_cover *cover;
	const float *values;
	size_t width;
	const uint8_t *use;
	gb_alignment how;
	float *out;
	int32_t *count;
	int64_t rows;
	int64_t *dropped;    /* per tile */
	double *sum;         /* per worker, width */
} job;

/* The row being pooled. */
typedef struct row_state {
	job *j;
	float *out;
	double *sum, weight;
	bool weighted;
	int32_t count;
	int64_t dropped;
} row_state;

static void add_segment(void *context, size_t segment, double seconds)
{
	row_state *r = context;
	const job *j = r->j;
	const float *value = j->values + segment * j->width;

	if (j->use && !j->use[segment])
		return;
	if (j->how.pooling == GB_POOL_SLOTS && r->count == j->how.slots) {
		r->dropped++;
		return;
	}
	switch (j->how.pooling) {
	case GB_POOL_MEAN:
		if (seconds > 0 && !r->weighted) { /* what had no length stood in until now */
			memset(r->sum, 0, j->width * sizeof(*r->sum));
			r->weight = 0;
			r->weighted = true;
		}
		if (r->weighted && seconds <= 0)
			break;
		r->weight += r->weighted ? seconds : 1;
		for (size_t i = 0; i < j->width; i++)
			r->sum[i] += (r->weighted ? seconds : 1) * value[i];
		break;
	case GB_POOL_MAX:
		for (size_t i = 0; i < j->width; i++)
			if (!r->count || value[i] > r->out[i])
				r->out[i] = value[i];
		break;
	case GB_POOL_FIRST:
		if (!r->count)
			memcpy(r->out, value, j->width * sizeof(float));
		break;
	case GB_POOL_LAST:
		memcpy(r->out, value, j->width * sizeof(float));
		break;
	case GB_POOL_SLOTS:
		memcpy(r->out + (size_t)r->count * j->width, value, j->width * sizeof(float));
		break;
	}
	r->count++;
}

static void pool_tile(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t stride = j->width * (size_t)j->how.slots;
	int64_t first = (int64_t)tile * TILE, end = first + TILE < j->rows ? first + TILE : j->rows;

	for (int64_t row = first; row < end; row++) {
		row_state r = {.j = j,
		               .out = j->out + (size_t)row * stride,
		               .sum = j->sum + (size_t)worker * j->width};

		memset(r.out, 0, stride * sizeof(float));
		memset(r.sum, 0, j->width * sizeof(double));
		gb_cover_each(j->cover, row, add_segment, &r);
		if (j->how.pooling == GB_POOL_MEAN && r.count)
			for (size_t i = 0; i < j->width; i++)
				r.out[i] = (float)(r.sum[i] / r.weight);
		j->count[row] = r.count;
		j->dropped[tile] += r.dropped;
	}
}

/* Rows FROM … TO−1 are a gap between row FROM−1 and row TO of one run. */
static void fill_gap(const job *j, int64_t from, int64_t to, bool has_before, bool has_after)
{
	size_t stride = j->width * (size_t)j->how.slots;
	const float *before, *after;

	if (j->how.gap == GB_GAP_ZERO || !has_before)
		return;
	before = j->out + (size_t)(from - 1) * stride;
	after = j->out + (size_t)to * stride;
	for (int64_t row = from; row < to; row++) {
		float *out = j->out + (size_t)row * stride;
		double share = (double)(row - from + 1) / (double)(to - from + 1);

		if (j->how.gap == GB_GAP_HOLD || !has_after)
			memcpy(out, before, stride * sizeof(float));
		else
			for (size_t i = 0; i < stride; i++)
				out[i] = (float)((1 - share) * before[i] + share * after[i]);
	}
}

static void fill_gaps(const job *j, const gb_clock *clock)
{
	for (int run = 0; run < clock->runs; run++) {
		int64_t begin = gb_clock_first(clock, run), end = begin + clock->run[run].rows, row = begin;

		while (row < end) {
			int64_t from = row;

			while (row < end && !j->count[row])
				row++;
			if (row > from)
				fill_gap(j, from, row, from > begin, row < end);
			while (row < end && j->count[row])
				row++;
		}
	}
}

gb_status gb_align(const gb_cover *cover, const gb_segment_values *from, gb_alignment how, gb_aligned to,
                   gb_pool *pool, gb_err *err)
{
	int64_t rows = gb_clock_rows(&cover->clock);
	size_t tiles = ((size_t)rows + TILE - 1) / TILE;
	job j = {.cover = cover, .values = from->values, .width = from->width, .use = from->use,
	         .how = how, .out = to.out, .rows = rows};
	gb_status status = GB_SYSTEM;

	if (how.pooling != GB_POOL_SLOTS)
		j.how.slots = 1;
	j.count = gb_array((size_t)rows, sizeof(*j.count), err);
	j.dropped = gb_array(tiles, sizeof(*j.dropped), err);
	j.sum = gb_array((size_t)gb_pool_threads(pool), from->width * sizeof(*j.sum), err);
	if (j.count && j.dropped && j.sum) {
		gb_pool_run(pool, tiles, pool_tile, &j);
		fill_gaps(&j, &cover->clock);
		if (to.count)
			memcpy(to.count, j.count, (size_t)rows * sizeof(*to.count));
		for (size_t i = 0; to.dropped && i < tiles; i++)
			*to.dropped += j.dropped[i];
		status = GB_OK;
	}
	free(j.count);
	free(j.dropped);
	free(j.sum);
	return status;
}
