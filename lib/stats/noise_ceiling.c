/* SPDX-License-Identifier: MIT */
/* What subjects have in common: an upper limit for any model of the stimulus. */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "stats/stats.h"

enum { COLUMNS = 256 };

/* X [rows, columns] z-scored by column (population SD; constant: 0), in double sums. */
static void z_score(float *x, size_t rows, size_t columns, double *mean, double *square)
{
	for (size_t v = 0; v < columns; v++)
		mean[v] = square[v] = 0;
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++)
			mean[v] += (double)x[i * columns + v];
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++) {
			double d = (double)x[i * columns + v] - mean[v] / (double)rows;

			square[v] += d * d;
		}
	for (size_t i = 0; i < rows; i++)
		for (size_t v = 0; v < columns; v++) {
			double sd = sqrt(square[v] / (double)rows);

			x[i * columns + v] = (float)(sd > 0 ? ((double)x[i * columns + v] - mean[v] / (double)rows) / sd : 0);
		}
}

/* Variance of the sum of all subjects' z-scored columns gives the mean pairwise r; each
 * subject's covariance with that sum its r with the mean of the others. */
static gb_status passes(gb_ceiling *c, gb_subject_reader *read, void *context, size_t rows, size_t columns, float *x, double *sum,
                        double *work, gb_err *err)
{
	double *mean = work, *square = work + columns, *variance = work + 2 * columns, n = (double)c->subjects;

	for (int pass = 0; pass < 2; pass++)
		for (size_t s = 0; s < c->subjects; s++) {
			gb_status status = read(context, s, x, err);

			if (status)
				return status;
			z_score(x, rows, columns, mean, square);
			for (size_t i = 0; pass == 0 && i < rows * columns; i++)
				sum[i] += (double)x[i];
			if (pass == 0 && s + 1 == c->subjects)
				for (size_t i = 0; i < rows; i++)
					for (size_t v = 0; v < columns; v++)
						variance[v] += sum[i * columns + v] * sum[i * columns + v] / (double)rows;
			if (pass == 0)
				continue;
			for (size_t v = 0; v < columns; v++)
				mean[v] = 0;
			for (size_t i = 0; i < rows; i++)
				for (size_t v = 0; v < columns; v++)
					mean[v] += (double)x[i * columns + v] * sum[i * columns + v] / (double)rows;
			for (size_t v = 0; v < columns; v++) {
				double own = square[v] > 0 ? 1 : 0, others = variance[v] - 2 * mean[v] + own;

				c->pairwise[v] += own;
				c->left_out[v] += own > 0 && others > 1e-12 ? (mean[v] - own) / sqrt(others) / n : 0;
			}
		}
	for (size_t v = 0; v < columns; v++)
		c->pairwise[v] = (variance[v] - c->pairwise[v]) / (n * (n - 1)); /* it counted those who vary */
	return GB_OK;
}

gb_status gb_ceiling_make(gb_ceiling *c, gb_subject_reader *read, void *context, size_t subjects, size_t rows, size_t columns,
                          gb_pool *pool, gb_err *err)
{
	size_t cells;
	float *x;
	double *sum, *work;
	gb_status status;

	(void)pool;
	*c = (gb_ceiling){.subjects = subjects};
	if (subjects < 2)
		return GB_OK;
	if (!gb_size_mul(rows, columns, &cells))
		return gb_fail(err, GB_SYSTEM, "ceiling: too large");
	c->pairwise = gb_array(4 * columns, sizeof(double), err);
	x = c->pairwise ? gb_array(cells, sizeof *x, err) : NULL;
	sum = x ? gb_array(cells, sizeof *sum, err) : NULL;
	work = sum ? gb_array(3 * columns, sizeof *work, err) : NULL;
	status = work ? GB_OK : GB_SYSTEM;
	if (!status) {
		c->one = c->pairwise + columns;
		c->many = c->one + columns;
		c->left_out = c->many + columns;
		status = passes(c, read, context, rows, columns, x, sum, work, err);
	}
	for (size_t v = 0; !status && v < columns; v++) {
		double rho = c->pairwise[v] > 0 ? c->pairwise[v] : 0, n = (double)subjects;

		c->one[v] = sqrt(rho);
		c->many[v] = sqrt(n * rho / (1 + (n - 1) * rho));
	}
	if (!status)
		c->mean_pairwise = gb_score_mean(c->pairwise, columns);
	free(x);
	free(sum);
	free(work);
	if (status)
		gb_ceiling_clear(c);
	return status;
}

void gb_ceiling_clear(gb_ceiling *c)
{
	free(c->pairwise);
	*c = (gb_ceiling){0};
}

double gb_ceiling_share(const double *r, const double *ceiling, size_t columns)
{
	double above = 0, below = 0;

	for (size_t v = 0; v < columns; v++)
		if (ceiling[v] >= GB_CEILING_MIN) {
			above += r[v];
			below += ceiling[v];
		}
	return below > 0 ? above / below : NAN;
}
