/* SPDX-License-Identifier: MIT */
#include "stats/block_bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"

enum { COLUMNS = 64 };

/* The first lag at which the autocorrelation of the time course, within runs, falls below 0.1. */
static size_t decorrelation(const gb_scored *scored, const float *time_course)
{
	size_t n = scored->rows;
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += (double)time_course[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		square += ((double)time_course[i] - mean) * ((double)time_course[i] - mean);
	for (size_t lag = 1; lag < n; lag++) {
		double sum = 0;

		for (size_t i = lag; i < n; i++)
			if (scored->run[i] == scored->run[i - lag])
				sum += ((double)time_course[i] - mean) *
				       ((double)time_course[i - lag] - mean);
		if (!(square > 0) || sum / square < 0.1)
			return lag;
	}
	return n;
}

/* List in OUT the rows at which a block of LENGTH rows within one run can begin. */
static size_t find_starts(const gb_scored *scored, size_t length, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i + length <= scored->rows; i++)
		if (scored->run[i] == scored->run[i + length - 1])
			out[n++] = (uint32_t)i;
	return n;
}

gb_status gb_bootstrap_make(gb_bootstrap *blocks, const gb_scored *scored, const float *time_course,
                            uint64_t seed, gb_err *err)
{
	size_t n = scored->rows, starts, least = (size_t)gb_scored_rows_in(scored, 45);
	uint32_t *start = gb_array(n + 1, sizeof *start, err);

	*blocks = (gb_bootstrap){0};
	if (!start)
		return GB_SYSTEM;
	blocks->length = (size_t)ceil(1.5 * (double)decorrelation(scored, time_course));
	blocks->length = blocks->length < least ? least : blocks->length;
	starts = n >= blocks->length && n <= UINT32_MAX ? find_starts(scored, blocks->length, start) : 0;
	if (starts == 0 || n / blocks->length < GB_BOOTSTRAP_MIN) {
		free(start);
		return GB_OK;
	}
	blocks->each = (n + blocks->length - 1) / blocks->length;
	blocks->start = gb_array(GB_RESAMPLES * blocks->each, sizeof *blocks->start, err);
	blocks->resamples = blocks->start ? GB_RESAMPLES : 0;
	for (size_t b = 0; b < blocks->resamples; b++) {
		gb_rng rng = gb_rng_at(seed, (uint32_t)b, 0x626c6f63, 0);

		for (size_t k = 0; k < blocks->each; k++)
			blocks->start[b * blocks->each + k] = start[gb_rng_below(&rng, starts)];
	}
	free(start);
	return blocks->start ? GB_OK : GB_SYSTEM;
}

void gb_bootstrap_clear(gb_bootstrap *blocks)
{
	free(blocks->start);
	*blocks = (gb_bootstrap){0};
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void gb_bootstrap_interval(double *value, double *low, double *high)
{
	qsort(value, GB_RESAMPLES, sizeof *value, ascending);
	*low = value[(size_t)(0.025 * (GB_RESAMPLES - 1))];
	*high = value[(size_t)ceil(0.975 * (GB_RESAMPLES - 1))];
}

typedef struct job {
	const gb_bootstrap *blocks;
	const float *p, *y, *part, *base;
	size_t rows, columns;
	double *scratch, *sums; /* [workers, 5, rows + 1]; [tiles, resamples + 1] */
} job;

/* S [rows + 1, 5]: running sums of p, y, p², y², p·y of column V, centred. */
static void running_sums(const job *j, size_t v, double *s)
{
	double mp = 0, my = 0;

	for (size_t i = 0; i < j->rows; i++) {
		mp += (double)j->p[i * j->columns + v] / (double)j->rows;
		my += (double)j->y[i * j->columns + v] / (double)j->rows;
	}
	for (int c = 0; c < 5; c++)
		s[c] = 0;
	for (size_t i = 0; i < j->rows; i++, s += 5) {
		double a = (double)j->p[i * j->columns + v] - mp, b = (double)j->y[i * j->columns + v] - my;

		s[5] = s[0] + a;
		s[6] = s[1] + b;
		s[7] = s[2] + a * a;
		s[8] = s[3] + b * b;
		s[9] = s[4] + a * b;
	}
}

static double resampled_r(const job *j, const uint32_t *start, const double *s)
{
	double sum[5] = {0}, n = (double)j->rows, pp, yy;
	size_t left = j->rows;

	for (size_t k = 0; k < j->blocks->each; k++) {
		/* The last block is cut to fit. */
		size_t take = left < j->blocks->length ? left : j->blocks->length;
		const double *a = s + 5 * (size_t)start[k], *b = a + 5 * take;

		for (int c = 0; c < 5; c++)
			sum[c] += b[c] - a[c];
		left -= take;
	}
	pp = sum[2] - sum[0] * sum[0] / n;
	yy = sum[3] - sum[1] * sum[1] / n;
	return pp > 1e-12 * sum[2] && yy > 1e-12 * sum[3] ? (sum[4] - sum[0] * sum[1] / n) / sqrt(pp * yy)
	                                                  : 0;
}

static void block_tile(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t end = (tile + 1) * COLUMNS < j->columns ? (tile + 1) * COLUMNS : j->columns;
	double *s = j->scratch + (size_t)worker * 5 * (j->rows + 1),
	       *sums = j->sums + tile * j->blocks->resamples;

	for (size_t v = tile * COLUMNS; v < end; v++) {
		running_sums(j, v, s);
		for (size_t b = 0; b < j->blocks->resamples; b++)
			sums[b] += resampled_r(j, j->blocks->start + b * j->blocks->each, s);
	}
}

gb_status gb_bootstrap_mean_r(const gb_bootstrap *blocks, const float *p, const float *y, size_t rows,
                              size_t columns, double *mean, gb_pool *pool, gb_err *err)
{
	size_t tiles = (columns + COLUMNS - 1) / COLUMNS;
	job j = {.blocks = blocks, .p = p, .y = y, .rows = rows, .columns = columns};

	j.scratch = gb_array((size_t)gb_pool_threads(pool) * 5 * (rows + 1), sizeof(double), err);
	j.sums = j.scratch ? gb_array(tiles * blocks->resamples, sizeof(double), err) : NULL;
	if (j.sums)
		gb_pool_run(pool, tiles, block_tile, &j);
	for (size_t b = 0; j.sums && b < blocks->resamples; b++) {
		mean[b] = 0;
		for (size_t t = 0; t < tiles; t++)
			mean[b] += j.sums[t * blocks->resamples + b];
		mean[b] /= (double)columns;
	}
	free(j.scratch);
	if (!j.sums)
		return GB_SYSTEM;
	free(j.sums);
	return GB_OK;
}

/* ---- variance explained ---- */

/* S [rows + 1, 2]: running sums of the variation of column V that is explained, and of all of it. */
static void running_shares(const job *j, size_t v, double *s)
{
	double base = (double)j->base[v];

	s[0] = s[1] = 0;
	for (size_t i = 0; i < j->rows; i++, s += 2) {
		size_t at = i * j->columns + v;
		double p = (double)j->p[at] - base, y = (double)j->y[at] - base,
		       part = j->part ? (double)j->part[at] : p;

		s[2] = s[0] + part * (2 * y - p);
		s[3] = s[1] + y * y;
	}
}

static double resampled_share(const job *j, const uint32_t *start, const double *s)
{
	double explained = 0, all = 0;
	size_t left = j->rows;

	for (size_t k = 0; k < j->blocks->each; k++) {
		size_t take = left < j->blocks->length ? left : j->blocks->length;
		const double *a = s + 2 * (size_t)start[k], *b = a + 2 * take;

		explained += b[0] - a[0];
		all += b[1] - a[1];
		left -= take;
	}
	return all > 1e-12 * s[2 * j->rows + 1] ? explained / all : 0;
}

static void share_tile(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t end = (tile + 1) * COLUMNS < j->columns ? (tile + 1) * COLUMNS : j->columns;
	double *s = j->scratch + (size_t)worker * 2 * (j->rows + 1),
	       *sums = j->sums + tile * (j->blocks->resamples + 1);

	for (size_t v = tile * COLUMNS; v < end; v++) {
		running_shares(j, v, s);
		for (size_t b = 0; b < j->blocks->resamples; b++)
			sums[b] += resampled_share(j, j->blocks->start + b * j->blocks->each, s);
		sums[j->blocks->resamples] += s[2 * j->rows + 1] > 0 ? s[2 * j->rows] / s[2 * j->rows + 1]
		                                                     : 0;
	}
}

gb_status gb_bootstrap_mean_share(const gb_bootstrap *blocks, const gb_prediction *prediction,
                                  const float *part, double *value, double *mean, gb_pool *pool, gb_err *err)
{
	size_t rows = prediction->rows, columns = prediction->columns;
	size_t tiles = (columns + COLUMNS - 1) / COLUMNS, wide = blocks->resamples + 1;
	job j = {.blocks = blocks, .p = prediction->predicted, .y = prediction->measured,
	         .base = prediction->base, .part = part, .rows = rows, .columns = columns};

	j.scratch = gb_array((size_t)gb_pool_threads(pool) * 2 * (rows + 1), sizeof(double), err);
	j.sums = j.scratch ? gb_array(tiles * wide, sizeof(double), err) : NULL;
	if (j.sums)
		gb_pool_run(pool, tiles, share_tile, &j);
	for (size_t b = 0; j.sums && b < wide; b++) {
		double sum = 0;

		for (size_t t = 0; t < tiles; t++)
			sum += j.sums[t * wide + b];
		*(b < blocks->resamples ? &mean[b] : value) = sum / (double)columns;
	}
	free(j.scratch);
	if (!j.sums)
		return GB_SYSTEM;
	free(j.sums);
	return GB_OK;
}
