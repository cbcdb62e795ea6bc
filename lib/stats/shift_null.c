/* SPDX-License-Identifier: MIT */
#include "stats/shift_null.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "stats/correlation.h"
#include "linalg/fft.h"

enum { COLUMNS = 64, BINS = 1 << 20 };

typedef struct stretch { size_t first, count, fft; } stretch; /* rows of one run; index of its FFT */

typedef struct job {
	const gb_scored *scored;
	const float *p, *y;
	size_t columns, shifts, stretches, used, longest;
	const size_t *shift;
	const stretch *stretch;
	gb_fft **fft;         /* [workers, stretches] */
	double *scratch;      /* [workers, 3 complex arrays + circular correlation] */
	size_t scratch_each;
	float *r;             /* [columns, shifts] */
	double *observed;     /* [columns] */
	double *sums, *highs; /* [tiles, shifts] */
} job;

static size_t find_stretches(const gb_scored *scored, stretch *out)
{
	size_t n = 0, shortest = 2 * (size_t)gb_scored_rows_in(scored, GB_SHIFT_SECONDS);

	for (size_t i = 0, end; i < scored->rows; i = end) {
		for (end = i + 1; end < scored->rows && scored->run[end] == scored->run[i];)
			end++;
		if (end - i >= shortest)
			out[n++] = (stretch){i, end - i, 0};
	}
	return n;
}

gb_status gb_shifts_allowed(const gb_scored *scored, size_t **shift, size_t *count, gb_err *err)
{
	stretch *s = gb_array(scored->rows + 1, sizeof *s, err);
	size_t n, longest = 0, least = (size_t)gb_scored_rows_in(scored, GB_SHIFT_SECONDS);

	*count = 0;
	*shift = s ? gb_array(scored->rows + 1, sizeof **shift, err) : NULL;
	if (!*shift) {
		free(s);
		return GB_SYSTEM;
	}
	n = find_stretches(scored, s);
	for (size_t i = 0; i < n; i++)
		longest = s[i].count > longest ? s[i].count : longest;
	for (size_t k = least; k < longest; k++) {
		bool good = true;

		for (size_t i = 0; i < n; i++) {
			size_t at = k % s[i].count;

			good = good && at >= least && s[i].count - at >= least;
		}
		if (good)
			(*shift)[(*count)++] = k;
	}
	free(s);
	return GB_OK;
}

/* Mean and 1/SD over the rows used of column V. */
static void moments(const job *j, const float *x, size_t v, double *mean, double *scale)
{
	double sum = 0, square = 0;

	for (size_t s = 0; s < j->stretches; s++)
		for (size_t i = 0; i < j->stretch[s].count; i++)
			sum += (double)x[(j->stretch[s].first + i) * j->columns + v];
	*mean = sum / (double)j->used;
	for (size_t s = 0; s < j->stretches; s++)
		for (size_t i = 0; i < j->stretch[s].count; i++) {
			double d = (double)x[(j->stretch[s].first + i) * j->columns + v] - *mean;

			square += d * d;
		}
	*scale = square > 0 ? 1 / sqrt(square) : 0;
}

/* CIRCLE [count] += circular correlation Σ_t p(t+k)·y(t) of one stretch: both series in one FFT,
 * zero-padded. */
static void correlate(const job *j, const stretch *s, gb_fft *fft, size_t v, const double mean[2],
                      const double scale[2], double *work, double *circle)
{
	size_t length = gb_fft_length(2 * s->count);
	double *in = work, *out = in + 2 * length, *cross = out + 2 * length;

	memset(in, 0, 2 * length * sizeof *in);
	for (size_t i = 0; i < s->count; i++) {
		in[2 * i] = ((double)j->p[(s->first + i) * j->columns + v] - mean[0]) * scale[0];
		in[2 * i + 1] = ((double)j->y[(s->first + i) * j->columns + v] - mean[1]) * scale[1];
	}
	gb_fft_forward(fft, out, in);
	for (size_t k = 0; k < length; k++) {
		size_t m = (length - k) % length;
		double pr = (out[2 * k] + out[2 * m]) / 2, pi = (out[2 * k + 1] - out[2 * m + 1]) / 2;
		double yr = (out[2 * k + 1] + out[2 * m + 1]) / 2, yi = (out[2 * m] - out[2 * k]) / 2;

		cross[2 * k] = (pr * yr + pi * yi) / (double)length;
		cross[2 * k + 1] = (pi * yr - pr * yi) / (double)length;
	}
	gb_fft_inverse(fft, in, cross);
	for (size_t k = 0; k < s->count; k++)
		circle[k] = in[2 * k] + (k ? in[2 * (length - (s->count - k))] : 0);
}

static void shift_tile(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t end = (tile + 1) * COLUMNS < j->columns ? (tile + 1) * COLUMNS : j->columns;
	double *work = j->scratch + (size_t)worker * j->scratch_each,
	       *circle = work + j->scratch_each - j->longest, *sums = j->sums + tile * j->shifts,
	       *highs = j->highs + tile * j->shifts;

	for (size_t k = 0; k < j->shifts; k++)
		highs[k] = -2;
	for (size_t v = tile * COLUMNS; v < end; v++) {
		float *r = j->r + v * j->shifts;
		double mean[2], scale[2];

		moments(j, j->p, v, &mean[0], &scale[0]);
		moments(j, j->y, v, &mean[1], &scale[1]);
		for (size_t s = 0; s < j->stretches; s++) {
			const stretch *run = &j->stretch[s];

			correlate(j, run, j->fft[(size_t)worker * j->stretches + s], v, mean, scale, work,
			          circle);
			j->observed[v] += circle[0];
			for (size_t k = 0; k < j->shifts; k++)
				r[k] += (float)circle[j->shift[k] % run->count];
		}
		for (size_t k = 0; k < j->shifts; k++) {
			sums[k] += (double)r[k];
			highs[k] = (double)r[k] > highs[k] ? (double)r[k] : highs[k];
		}
	}
}

static gb_status run_job(job *j, gb_pool *pool, gb_err *err)
{
	size_t workers = (size_t)gb_pool_threads(pool), tiles = (j->columns + COLUMNS - 1) / COLUMNS, cells;
	gb_status status = GB_OK;

	for (size_t s = 0; s < j->stretches; s++)
		j->longest = j->stretch[s].count > j->longest ? j->stretch[s].count : j->longest;
	j->scratch_each = (6 * gb_fft_length(2 * j->longest) + j->longest + 7) / 8 * 8;
	if (!gb_size_mul(j->columns, j->shifts, &cells))
		return gb_fail(err, GB_SYSTEM, "shifts: %zu columns by %zu shifts are too many", j->columns,
		               j->shifts);
	j->fft = gb_array(workers * j->stretches, sizeof(gb_fft *), err);
	j->scratch = j->fft ? gb_array(workers * j->scratch_each, sizeof(double), err) : NULL;
	j->r = j->scratch ? gb_array(cells, sizeof *j->r, err) : NULL;
	j->observed = j->r ? gb_array(j->columns, sizeof(double), err) : NULL;
	j->sums = j->observed ? gb_array(2 * tiles * j->shifts, sizeof(double), err) : NULL;
	if (!j->sums)
		return GB_SYSTEM;
	j->highs = j->sums + tiles * j->shifts;
	for (size_t i = 0; !status && i < workers * j->stretches; i++)
		status = gb_fft_new(&j->fft[i], gb_fft_length(2 * j->stretch[i % j->stretches].count), err);
	if (!status)
		gb_pool_run(pool, tiles, shift_tile, j);
	return status;
}

typedef struct ranked { double value; size_t index; } ranked;

static int by_value(const void *a, const void *b)
{
	const ranked *x = a, *y = b;

	return x->value < y->value   ? -1
	       : x->value > y->value ? 1
	                             : (x->index > y->index) - (x->index < y->index);
}

gb_status gb_fdr(const double *p, size_t count, double *q, gb_err *err)
{
	ranked *sorted = gb_array(count, sizeof *sorted, err);
	double least = 1;

	if (!sorted)
		return GB_SYSTEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = (ranked){p[i], i};
	qsort(sorted, count, sizeof *sorted, by_value);
	for (size_t i = count; i-- > 0;) {
		double value = sorted[i].value * (double)count / (double)(i + 1);

		least = value < least ? value : least;
		q[sorted[i].index] = least;
	}
	free(sorted);
	return GB_OK;
}

static size_t bin_of(double z)
{
	double at = (z + 16) / 32 * BINS;

	return at <= 0 ? 0 : at >= BINS - 1 ? BINS - 1 : (size_t)at;
}

/* p of each column: by its own shifts, or by the pooled tail of all columns' nulls in units of their SD. */
static gb_status column_tails(gb_shift_null *null, const job *j, gb_err *err)
{
	double *scale = gb_array(j->columns, sizeof *scale, err);
	uint64_t *above = scale ? gb_array(BINS + 1, sizeof *above, err) : NULL;

	if (!above) {
		free(scale);
		return GB_SYSTEM;
	}
	for (size_t v = 0; v < j->columns; v++) {
		double sum = 0, square = 0, sd;
		size_t reached = 0;

		for (size_t k = 0; k < j->shifts; k++) {
			double r = (double)j->r[v * j->shifts + k];

			sum += r;
			square += r * r;
			reached += r >= (double)(float)j->observed[v];
		}
		sd = sqrt(fmax(0, square / (double)j->shifts -
		                      sum / (double)j->shifts * (sum / (double)j->shifts)));
		scale[v] = sd > 0 ? 1 / sd : 0;
		null->column_p[v] = (1 + (double)reached) / (1 + (double)j->shifts);
		for (size_t k = 0; null->pooled && k < j->shifts; k++)
			above[bin_of((double)j->r[v * j->shifts + k] * scale[v])]++;
	}
	for (size_t b = BINS; null->pooled && b-- > 0;)
		above[b] += above[b + 1];
	for (size_t v = 0; null->pooled && v < j->columns; v++)
		null->column_p[v] = scale[v] > 0 ? (1 + (double)above[bin_of(j->observed[v] * scale[v])]) /
		                                       (1 + (double)j->shifts * (double)j->columns)
		                                 : 1;
	free(scale);
	free(above);
	return gb_fdr(null->column_p, j->columns, null->column_q, err);
}

static void sum_up(gb_shift_null *null, const job *j)
{
	size_t tiles = (j->columns + COLUMNS - 1) / COLUMNS, reached = 0;
	double square = 0;

	null->observed = gb_score_mean(j->observed, j->columns);
	for (size_t k = 0; k < j->shifts; k++) {
		double sum = 0, high = -2;

		for (size_t t = 0; t < tiles; t++) {
			sum += j->sums[t * j->shifts + k];
			high = j->highs[t * j->shifts + k] > high ? j->highs[t * j->shifts + k] : high;
		}
		null->r[k] = sum / (double)j->columns;
		null->highest[k] = high;
		reached += null->r[k] >= null->observed;
	}
	null->mean = gb_score_mean(null->r, j->shifts);
	for (size_t k = 0; k < j->shifts; k++)
		square += (null->r[k] - null->mean) * (null->r[k] - null->mean);
	null->sd = sqrt(square / (double)j->shifts);
	null->p = (1 + (double)reached) / (1 + (double)j->shifts);
	for (size_t v = 0; v < j->columns; v++) {
		size_t higher = 0;

		for (size_t k = 0; k < j->shifts; k++)
			higher += null->highest[k] >= j->observed[v];
		null->column_fwe[v] = (1 + (double)higher) / (1 + (double)j->shifts);
	}
}

gb_status gb_shift_null_make(gb_shift_null *null, const gb_scored *scored, const float *p, const float *y,
                             size_t columns, gb_pool *pool, gb_err *err)
{
	job j = {.scored = scored, .p = p, .y = y, .columns = columns};
	stretch *stretches = gb_array(scored->rows + 1, sizeof *stretches, err);
	size_t *shift = NULL;
	gb_status status = stretches ? GB_OK : GB_SYSTEM;

	*null = (gb_shift_null){0};
	if (!status && scored->rows < GB_SHIFT_ROWS_MIN)
		status = gb_fail(err, GB_DATA, "%zu scored rows: circular shifts want %d or more",
		                 scored->rows, GB_SHIFT_ROWS_MIN);
	if (!status)
		status = gb_shifts_allowed(scored, &shift, &j.shifts, err);
	if (!status && j.shifts == 0)
		status = gb_fail(err, GB_DATA, "scored rows: no shift of %g s or more in every run",
		                 GB_SHIFT_SECONDS);
	if (!status) {
		j.stretches = find_stretches(scored, stretches);
		j.stretch = stretches;
		j.shift = shift;
		for (size_t s = 0; s < j.stretches; s++)
			j.used += stretches[s].count;
		null->shifts = j.shifts;
		null->rows_used = j.used;
		null->pooled = j.shifts + 1 < 20 * columns;
		null->r = gb_array(2 * j.shifts, sizeof(double), err);
		null->column_p = null->r ? gb_array(3 * columns, sizeof(double), err) : NULL;
		status = null->column_p ? run_job(&j, pool, err) : GB_SYSTEM;
	}
	if (!status) {
		null->highest = null->r + j.shifts;
		null->column_q = null->column_p + columns;
		null->column_fwe = null->column_q + columns;
		sum_up(null, &j);
		status = column_tails(null, &j, err);
	}
	for (size_t i = 0; j.fft && i < (size_t)gb_pool_threads(pool) * j.stretches; i++)
		gb_fft_free(j.fft[i]);
	free(j.fft);
	free(j.scratch);
	free(j.r);
	free(j.observed);
	free(j.sums);
	free(stretches);
	free(shift);
	if (status)
		gb_shift_null_clear(null);
	return status;
}

void gb_shift_null_clear(gb_shift_null *null)
{
	free(null->r);
	free(null->column_p);
	*null = (gb_shift_null){0};
}
