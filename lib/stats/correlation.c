/* SPDX-License-Identifier: MIT */
#include "stats/correlation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { COLUMNS = 256 };

typedef struct job {
	const float *p, *y;
	size_t rows, columns;
	double *r;
} job;

static void r_tile(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t first = tile * COLUMNS, count = j->columns - first < COLUMNS ? j->columns - first : COLUMNS;
	double mp[COLUMNS] = {0}, my[COLUMNS] = {0}, pp[COLUMNS] = {0}, yy[COLUMNS] = {0}, py[COLUMNS] = {0};

	(void)worker;
	for (size_t i = 0; i < j->rows; i++)
		for (size_t v = 0; v < count; v++) {
			mp[v] += (double)j->p[i * j->columns + first + v];
			my[v] += (double)j->y[i * j->columns + first + v];
		}
	for (size_t i = 0; i < j->rows; i++)
		for (size_t v = 0; v < count; v++) {
			double a = (double)j->p[i * j->columns + first + v] - mp[v] / (double)j->rows;
			double b = (double)j->y[i * j->columns + first + v] - my[v] / (double)j->rows;

			pp[v] += a * a;
			yy[v] += b * b;
			py[v] += a * b;
		}
	for (size_t v = 0; v < count; v++) {
		double scale = sqrt(pp[v]) * sqrt(yy[v]);

		j->r[first + v] = scale > 0 ? py[v] / scale : 0;
	}
}

gb_status gb_score_r(const float *p, const float *y, size_t rows, size_t columns, double *r, gb_pool *pool,
                     gb_err *err)
{
	job j = {p, y, rows, columns, r};

	if (rows < 2)
		return gb_fail(err, GB_DATA, "%zu scored rows: at least 2 are wanted", rows);
	gb_pool_run(pool, (columns + COLUMNS - 1) / COLUMNS, r_tile, &j);
	return GB_OK;
}

double gb_score_mean(const double *value, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += value[i];
	return count ? sum / (double)count : NAN;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double gb_score_quantile(const double *value, size_t count, double q, gb_err *err)
{
	double *sorted = count ? gb_array(count, sizeof *sorted, err) : NULL, at, out;
	size_t low;

	if (!sorted)
		return NAN;
	memcpy(sorted, value, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, ascending);
	at = q * (double)(count - 1);
	low = (size_t)at;
	out = low + 1 < count ? sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low])
	                      : sorted[count - 1];
	free(sorted);
	return out;
}

/* The mean time course of X, and X less each column's regression on it. */
static void remove_time_course(const float *x, size_t rows, size_t columns, float *time_course, double *slope,
                          float *rest)
{
	double mean = 0, square = 0;

	memset(slope, 0, columns * sizeof *slope);
	for (size_t i = 0; i < rows; i++) {
		double sum = 0;

		for (size_t v = 0; v < columns; v++)
			sum += (double)x[i * columns + v];
		time_course[i] = (float)(sum / (double)columns);
		mean += (double)time_course[i] / (double)rows;
	}
	for (size_t i = 0; i < rows; i++)
		square += ((double)time_course[i] - mean) * ((double)time_course[i] - mean);
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++)
			slope[v] += ((double)time_course[i] - mean) * (double)x[i * columns + v];
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++) {
			double shared = square > 0 ? slope[v] / square * ((double)time_course[i] - mean) : 0;

			rest[i * columns + v] = (float)((double)x[i * columns + v] - shared);
		}
}

gb_status gb_score_summary(gb_score *score, const float *p, const float *y, size_t rows, size_t columns,
                           const double *r, gb_pool *pool, gb_err *err)
{
	size_t cells = rows * columns;
	float *rest_p = gb_array(cells, sizeof *rest_p, err),
	      *rest_y = rest_p ? gb_array(cells, sizeof *rest_y, err) : NULL;
	float *time_course = rest_y ? gb_array(2 * rows, sizeof *time_course, err) : NULL;
	double *rest = time_course ? gb_array(columns, sizeof *rest, err) : NULL;
	gb_status status = rest ? GB_OK : GB_SYSTEM;

	if (!status) {
		remove_time_course(p, rows, columns, time_course, rest, rest_p);
		remove_time_course(y, rows, columns, time_course + rows, rest, rest_y);
		score->mean = gb_score_mean(r, columns);
		score->median = gb_score_quantile(r, columns, 0.5, err);
		score->p95 = gb_score_quantile(r, columns, 0.95, err);
		status = gb_score_r(time_course, time_course + rows, rows, 1, &score->region, NULL, err);
	}
	if (!status)
		status = gb_score_r(rest_p, rest_y, rows, columns, rest, pool, err);
	if (!status)
		score->rest = gb_score_mean(rest, columns);
	free(rest_p);
	free(rest_y);
	free(time_course);
	free(rest);
	return status;
}
