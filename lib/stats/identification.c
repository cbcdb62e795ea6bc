/* SPDX-License-Identifier: MIT */
#include "stats/identification.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "stats/correlation.h"
#include "stats/shift_null.h"
#include "linalg/matrix.h"

/* OUT [rows, columns]: columns z-scored over rows (constant: 0). */
static gb_status z_columns(const float *x, size_t rows, size_t columns, float *out, gb_err *err)
{
	double *mean = gb_array(2 * columns, sizeof *mean, err), *square = mean + columns;

	if (!mean)
		return GB_SYSTEM;
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++)
			mean[v] += (double)x[i * columns + v] / (double)rows;
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++)
			square[v] += ((double)x[i * columns + v] - mean[v]) *
			             ((double)x[i * columns + v] - mean[v]);
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++) {
			double sd = sqrt(square[v] / (double)rows);

			out[i * columns + v] = (float)(sd > 1e-9 * fabs(mean[v])
			                                   ? ((double)x[i * columns + v] - mean[v]) / sd
			                                   : 0);
		}
	free(mean);
	return GB_OK;
}

/* Each of COUNT vectors of LENGTH centred and of norm 1 (0 stays 0), so that products are correlations. */
static void unit_vectors(float *x, size_t count, size_t length)
{
	for (size_t i = 0; i < count; i++, x += length) {
		double mean = 0, square = 0;

		for (size_t k = 0; k < length; k++)
			mean += (double)x[k] / (double)length;
		mean = length > 1 ? mean : 0; /* a single number is not centred: the product keeps its sign */
		for (size_t k = 0; k < length; k++)
			square += ((double)x[k] - mean) * ((double)x[k] - mean);
		for (size_t k = 0; k < length; k++)
			x[k] = (float)(square > 0 ? ((double)x[k] - mean) / sqrt(square) : 0);
	}
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Count the values of SORTED [n] below VALUE and equal to it. */
static void count_below(const float *sorted, size_t n, float value, size_t *below, size_t *equal)
{
	size_t low = 0, high = n, first;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sorted[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	high = n;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sorted[middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	*below = first;
	*equal = low - first;
}

typedef struct job {
	const gb_scored *scored;
	const float *similarity; /* [n, n] predicted row, measured row */
	int64_t exclude;         /* rows */
	float *sorted;           /* [workers, n] */
	float *rank;             /* [n, n]: percentile rank of row U for prediction T */
} job;

static void rank_tile(void *context, size_t t, int worker)
{
	job *j = context;
	const gb_scored *s = j->scored;
	size_t n = s->rows;
	const float *row = j->similarity + t * n;
	float *sorted = j->sorted + (size_t)worker * n;

	memcpy(sorted, row, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, ascending);
	for (size_t u = 0; u < n; u++) {
		size_t below, equal, candidates = n;

		count_below(sorted, n, row[u], &below, &equal);
		for (size_t w = u;; w--) {
			if (s->run[w] != s->run[u] || s->row[u] - s->row[w] > j->exclude)
				break;
			below -= row[w] < row[u];
			equal -= row[w] == row[u];
			candidates--;
			if (w == 0)
				break;
		}
		for (size_t w = u + 1; w < n && s->run[w] == s->run[u] && s->row[w] - s->row[u] <= j->exclude;
		     w++) {
			below -= row[w] < row[u];
			equal -= row[w] == row[u];
			candidates--;
		}
		j->rank[t * n + u] = candidates
		                         ? (float)(((double)below + 0.5 * (double)equal) / (double)candidates)
		                         : 0.5f;
	}
}

/* Mean rank when the true row of t is the one SHIFT later in its run, circularly.
 * LONG_RUNS: without the runs that are too short to be shifted. */
static double mean_rank(const job *j, size_t shift, bool long_runs)
{
	const gb_scored *s = j->scored;
	size_t shortest = 2 * (size_t)gb_scored_rows_in(s, GB_SHIFT_SECONDS), used = 0;
	double sum = 0;

	for (size_t first = 0, end; first < s->rows; first = end) {
		for (end = first + 1; end < s->rows && s->run[end] == s->run[first];)
			end++;
		if (long_runs && end - first < shortest)
			continue;
		for (size_t t = first; t < end; t++, used++)
			sum += (double)j->rank[t * s->rows + first + (t - first + shift) % (end - first)];
	}
	return used ? sum / (double)used : 0.5;
}

static gb_status rank_rows(gb_identification *out, const gb_scored *scored, const float *similarity,
                           gb_pool *pool, gb_err *err)
{
	size_t n = scored->rows, reached = 0, *shift = NULL;
	job j = {scored, similarity, gb_scored_rows_in(scored, 20), NULL, NULL};
	double square = 0, observed, *null = NULL;
	gb_status status = GB_OK;

	j.sorted = gb_array((size_t)gb_pool_threads(pool) * n, sizeof *j.sorted, err);
	j.rank = j.sorted ? gb_array(n * n, sizeof *j.rank, err) : NULL;
	if (!j.rank) {
		free(j.sorted);
		return GB_SYSTEM;
	}
	gb_pool_run(pool, n, rank_tile, &j);
	out->percentile = mean_rank(&j, 0, false);
	observed = mean_rank(&j, 0, true);
	if (n >= GB_SHIFT_ROWS_MIN)
		status = gb_shifts_allowed(scored, &shift, &out->shifts, err);
	null = status || !out->shifts ? NULL : gb_array(out->shifts, sizeof *null, err);
	for (size_t k = 0; null && k < out->shifts; k++) {
		null[k] = mean_rank(&j, shift[k], true);
		reached += null[k] >= observed;
	}
	if (null) {
		out->null_mean = gb_score_mean(null, out->shifts);
		for (size_t k = 0; k < out->shifts; k++)
			square += (null[k] - out->null_mean) * (null[k] - out->null_mean);
		out->null_sd = sqrt(square / (double)out->shifts);
		out->p = (1 + (double)reached) / (1 + (double)out->shifts);
	} else if (!status && out->shifts) {
		status = GB_SYSTEM;
	}
	free(null);
	free(shift);
	free(j.sorted);
	free(j.rank);
	return status;
}

/* Find whole segments of LENGTH consecutive rows: START [n] is the first row of each. */
static size_t find_segments(const gb_scored *s, size_t length, size_t *start)
{
	size_t n = 0;

	for (size_t i = 0; i + length <= s->rows;) {
		size_t k = 1;

		while (k < length && s->run[i + k] == s->run[i] && s->row[i + k] == s->row[i] + (int64_t)k)
			k++;
		if (k == length) {
			start[n++] = i;
			i += length;
		} else {
			i += k;
		}
	}
	return n;
}

static gb_status rank_segments(gb_identification *out, const gb_scored *scored, const float *p,
                               const float *y, size_t columns, gb_pool *pool, gb_err *err)
{
	size_t length = (size_t)gb_scored_rows_in(scored, 30), width = length * columns, n;
	size_t *start = gb_array(scored->rows + 1, sizeof *start, err);
	float *a = NULL, *b = NULL, *similarity = NULL;
	gb_status status = GB_SYSTEM;

	if (!start)
		return GB_SYSTEM;
	n = out->segments = find_segments(scored, length, start);
	if (!(a = gb_array(n * width, sizeof *a, err)) || !(b = gb_array(n * width, sizeof *b, err)) ||
	    !(similarity = gb_array(n * n, sizeof *similarity, err)))
		goto done;
	for (size_t i = 0; i < n; i++) {
		memcpy(a + i * width, p + start[i] * columns, width * sizeof *a);
		memcpy(b + i * width, y + start[i] * columns, width * sizeof *b);
	}
	unit_vectors(a, n, width);
	unit_vectors(b, n, width);
	GB_TRY(gb_matrix_product(pool, (gb_product_size){n, n, width}, (gb_operand){a, width, GB_AS_STORED},
	                         (gb_operand){b, width, GB_TRANSPOSED}, similarity, n, false, err));
	for (size_t i = 0; i < n; i++) {
		double above = 0, equal = 1, others = (double)n - 1;

		for (size_t k = 0; k < n; k++) {
			above += similarity[i * n + k] > similarity[i * n + i];
			equal += k != i && similarity[i * n + k] == similarity[i * n + i];
		}
		out->top1 += fmin(1, fmax(0, (1 - above) / equal)) / (double)n;
		out->top5 += fmin(1, fmax(0, (5 - above) / equal)) / (double)n;
		if (n > 1)
			out->segment_percentile += (others - above - (equal - 1) / 2) / others / (double)n;
	}
done:
	free(similarity);
	free(b);
	free(a);
	free(start);
	return status;
}

gb_status gb_identification_make(gb_identification *out, const gb_scored *scored, const float *p,
                                 const float *y, size_t columns, gb_pool *pool, gb_err *err)
{
	size_t n = scored->rows, cells;
	float *a = NULL, *b = NULL, *similarity = NULL;
	gb_status status = GB_SYSTEM;

	*out = (gb_identification){0};
	if (n < 2 || !gb_size_mul(n, columns, &cells))
		return gb_fail(err, GB_DATA, "identification: %zu rows of %zu numbers", n, columns);
	if (!(a = gb_array(cells, sizeof *a, err)) || !(b = gb_array(cells, sizeof *b, err)) ||
	    !(similarity = gb_array(n * n, sizeof *similarity, err)))
		goto done;
	GB_TRY(z_columns(p, n, columns, a, err));
	GB_TRY(z_columns(y, n, columns, b, err));
	GB_TRY(rank_segments(out, scored, a, b, columns, pool, err));
	unit_vectors(a, n, columns);
	unit_vectors(b, n, columns);
	GB_TRY(gb_matrix_product(pool, (gb_product_size){n, n, columns},
	                         (gb_operand){a, columns, GB_AS_STORED},
	                         (gb_operand){b, columns, GB_TRANSPOSED}, similarity, n, false, err));
	GB_TRY(rank_rows(out, scored, similarity, pool, err));
done:
	free(similarity);
	free(b);
	free(a);
	return status;
}
