/* SPDX-License-Identifier: MIT */
/* Which text segments stand in a row, and which are nearest to what was decoded. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/nearest_segments.h"
#include "linalg/matrix.h"
#include "stats/shift_null.h"

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
	char *vector = gb_format(err, "%s.segments", feature->name),
	     *span = gb_format(err, "%s.spans", feature->name),
	     *strings = gb_format(err, "%s.strings", feature->name);
	const gb_tensor *text;
	const char *base;
	gb_status status = vector && span && strings ? GB_OK : GB_SYSTEM;

	*found = !status && feature->rank == 1 && gb_tensor_file_find(file, vector) &&
	         gb_tensor_file_find(file, span) && gb_tensor_file_find(file, strings) &&
	         gb_tensor_file_has_clock(file, feature->name);
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
		if (!status && (s->vector->shape[1] != (int64_t)feature->elements ||
		                s->span->shape[0] != s->vector->shape[0] || s->span->shape[1] != 3 ||
		                gb_json_size(s->strings) != (size_t)s->vector->shape[0]))
			status = gb_fail(err, GB_DATA,
			                 "%s: segments, spans and strings contradict each other",
			                 feature->name);
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

	if (run < 0 || span[0] < 0 || span[0] >= s->clock.runs ||
	    strcmp(s->clock.run[span[0]].name, clock->run[run].name))
		return false;
	if (!gb_clock_time_of(clock, run, row - gb_clock_first(clock, run), &start) ||
	    !gb_rational_add(start, clock->step, &end) ||
	    !gb_rational_mul((gb_rational){span[1], 1}, s->tick, &from) ||
	    !gb_rational_mul((gb_rational){span[2], 1}, s->tick, &to))
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
			out[i * width + j] = (float)(square > 0 ? (double)out[i * width + j] / sqrt(square)
			                                        : 0);
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

/* Who stands where: of each row the segments that cover it, and of each row and segment how many segments are
 * less similar to what was decoded (ties, such as equal texts, as half). */
typedef struct standing {
	size_t rows, segments;
	size_t *first;       /* [rows + 1] into LIST */
	int32_t *list;
	const float *cosine; /* [rows, segments] */
	float *below;        /* [rows, segments] */
} standing;

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void count_below(const float *cosine, size_t n, float *sorted, float *below)
{
	memcpy(sorted, cosine, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, ascending);
	for (size_t k = 0; k < n; k++) {
		size_t low = 0, high = n, first;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (sorted[middle] < cosine[k])
				low = middle + 1;
			else
				high = middle;
		}
		for (first = low; low < n && sorted[low] == cosine[k];)
			low++;
		below[k] = (float)((double)first + 0.5 * (double)(low - first - 1));
	}
}

/* ADD to SUM[3] how the best of row U's segments ranks for what was decoded at row T; false: U has none. */
static bool rank_at(const standing *s, size_t t, size_t u, double sum[3], int32_t *best)
{
	const float *cosine = s->cosine + t * s->segments;
	const int32_t *list = s->list + s->first[u];
	size_t m = s->first[u + 1] - s->first[u];
	double below;

	if (m == 0)
		return false;
	*best = list[0];
	for (size_t i = 1; i < m; i++)
		*best = cosine[list[i]] > cosine[*best] ? list[i] : *best;
	below = (double)s->below[t * s->segments + (size_t)*best];
	for (size_t i = 0; i < m; i++) /* the other true ones are no candidates */
		below -= list[i] == *best ? 0 : cosine[list[i]] < cosine[*best] ? 1 : 0.5;
	sum[0] += s->segments > m ? below / (double)(s->segments - m) : 0.5;
	sum[1] += below >= (double)(s->segments - m);
	sum[2] += below >= (double)(s->segments - m) - 4;
	return true;
}

static void score(gb_decoded *d, const standing *s)
{
	for (size_t t = 0; t < s->rows; t++) {
		size_t n = s->segments, m = s->first[t + 1] - s->first[t];

		d->truth[t] = -1;
		if (!rank_at(s, t, t, d->segment, &d->truth[t]))
			continue;
		d->rows_with_text++;
		d->chance[0] += (double)m / (double)(m + 1); /* the best of m */
		d->chance[1] += chance_of(m, n, 1);
		d->chance[2] += chance_of(m, n, 5);
	}
	for (int k = 0; d->rows_with_text && k < 3; k++) {
		d->segment[k] /= (double)d->rows_with_text;
		d->chance[k] /= (double)d->rows_with_text;
	}
}

/* The same against the rows SHIFT later in their runs. */
static void score_shifted(const standing *s, const gb_scored *scored, size_t shift, double mean[3])
{
	size_t used = 0;
	int32_t best;

	mean[0] = mean[1] = mean[2] = 0;
	for (size_t first = 0, end; first < s->rows; first = end) {
		for (end = first + 1; end < s->rows && scored->run[end] == scored->run[first];)
			end++;
		for (size_t t = first; t < end; t++)
			used += rank_at(s, t, first + (t - first + shift) % (end - first), mean, &best);
	}
	for (int k = 0; used && k < 3; k++)
		mean[k] /= (double)used;
}

static gb_status shift_all(gb_decoded *d, const standing *s, const gb_scored *scored, gb_err *err)
{
	size_t *shift = NULL;
	double *null;
	gb_status status = s->rows < GB_SHIFT_ROWS_MIN ? GB_OK
	                                               : gb_shifts_allowed(scored, &shift, &d->shifts, err);

	if (status || d->shifts == 0) {
		free(shift);
		return status;
	}
	null = gb_array(3 * d->shifts, sizeof *null, err);
	for (size_t i = 0; null && i < d->shifts; i++)
		score_shifted(s, scored, shift[i], null + 3 * i);
	for (int k = 0; null && k < 3; k++) {
		double square = 0, reached = 0;

		for (size_t i = 0; i < d->shifts; i++) {
			d->null_mean[k] += null[3 * i + (size_t)k] / (double)d->shifts;
			/* equal but for rounding is as good */
			reached += null[3 * i + (size_t)k] >= d->segment[k] - 1e-12;
		}
		for (size_t i = 0; i < d->shifts; i++)
			square += (null[3 * i + (size_t)k] - d->null_mean[k]) *
			          (null[3 * i + (size_t)k] - d->null_mean[k]);
		d->null_sd[k] = sqrt(square / (double)d->shifts);
		d->null_p[k] = (1 + reached) / (1 + (double)d->shifts);
	}
	free(shift);
	if (!null)
		return GB_SYSTEM;
	free(null);
	return GB_OK;
}

static gb_status stand(standing *s, const segments *from, const gb_clock *clock, const gb_scored *scored,
                       gb_err *err)
{
	float *sorted = gb_array(s->segments, sizeof *sorted, err);
	gb_status status = sorted ? GB_OK : GB_SYSTEM;

	s->first = gb_array(s->rows + 1, sizeof *s->first, err);
	s->below = s->first ? gb_array(s->rows * s->segments, sizeof *s->below, err) : NULL;
	if (!s->below)
		status = GB_SYSTEM;
	for (size_t t = 0; !status && t < s->rows; t++) {
		s->first[t + 1] = s->first[t];
		for (size_t k = 0; !status && k < s->segments; k++)
			if (covers(from, k, clock, scored->row[t])) {
				status = gb_grow(&s->list, s->first[t + 1] + 1, sizeof *s->list, err);
				if (!status)
					s->list[s->first[t + 1]++] = (int32_t)k;
			}
		if (!status)
			count_below(s->cosine + t * s->segments, s->segments, sorted,
			            s->below + t * s->segments);
	}
	free(sorted);
	return status;
}

static gb_status compare(gb_decoded *d, const segments *s, const gb_clock *clock, const gb_scored *scored,
                         gb_pool *pool, gb_err *err)
{
	size_t n = d->segments, width = d->elements;
	float *unit = gb_array(n * width, sizeof *unit, err),
	      *row = unit ? gb_array(d->rows * width, sizeof *row, err) : NULL,
	      *cosine = row ? gb_array(d->rows * n, sizeof *cosine, err) : NULL;
	standing st = {.rows = d->rows, .segments = n, .cosine = cosine};
	gb_status status = cosine ? GB_OK : GB_SYSTEM;

	if (!status) {
		unit_rows(s->vector->data, d->mean, n, width, unit);
		unit_rows(d->predicted, d->mean, d->rows, width, row);
		status = gb_matrix_product(pool, (gb_product_size){d->rows, n, width},
		                           (gb_operand){row, width, GB_AS_STORED},
		                           (gb_operand){unit, width, GB_TRANSPOSED}, cosine, n, false, err);
	}
	for (size_t t = 0; !status && t < d->rows; t++)
		keep_nearest(&d->nearest[t], cosine + t * n, n);
	if (!status)
		status = stand(&st, s, clock, scored, err);
	if (!status) {
		score(d, &st);
		status = shift_all(d, &st, scored, err);
	}
	free(st.first);
	free(st.list);
	free(st.below);
	free(unit);
	free(row);
	free(cosine);
	return status;
}

gb_status gb_decoded_find_segments(gb_decoded *d, const gb_dataset *set, const gb_feature *feature,
                                   const gb_scored *scored, gb_pool *pool, gb_err *err)
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
