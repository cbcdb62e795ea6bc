/* SPDX-License-Identifier: MIT */
#include "stats/noise_ceiling.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "stats/correlation.h"

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

			x[i * columns + v] = (float)(sd > 0 ? ((double)x[i * columns + v] -
			                                       mean[v] / (double)rows) /
			                                          sd
			                                    : 0);
		}
}

typedef struct job {
	size_t subjects, rows, columns;
	gb_subject_reader *read;
	void *context;
	float *x;                        /* [rows, columns] one subject's rows */
	double *sum;                     /* [rows, columns] over subjects of z-scored rows */
	double *mean, *square, *variance; /* [columns] work; variance of the sum */
} job;

/* Subject S's rows, z-scored, in J->X. */
static gb_status read_subject(const job *j, size_t s, gb_err *err)
{
	gb_status status = j->read(j->context, s, j->x, err);

	if (!status)
		z_score(j->x, j->rows, j->columns, j->mean, j->square);
	return status;
}

static gb_status sum_subjects(job *j, gb_err *err)
{
	for (size_t s = 0; s < j->subjects; s++) {
		gb_status status = read_subject(j, s, err);

		if (status)
			return status;
		for (size_t i = 0; i < j->rows * j->columns; i++)
			j->sum[i] += (double)j->x[i];
	}
	for (size_t i = 0; i < j->rows; i++)
		for (size_t v = 0; v < j->columns; v++)
			j->variance[v] += j->sum[i * j->columns + v] * j->sum[i * j->columns + v] /
			                  (double)j->rows;
	return GB_OK;
}

/* The variance of the sum of all subjects' z-scored columns gives the mean pairwise r.  Each subject's
 * covariance with that sum gives its r with the mean of the others. */
static gb_status correlate_subjects(gb_ceiling *c, job *j, gb_err *err)
{
	double n = (double)j->subjects;

	for (size_t s = 0; s < j->subjects; s++) {
		double *covariance = j->mean;
		gb_status status = read_subject(j, s, err);

		if (status)
			return status;
		for (size_t v = 0; v < j->columns; v++)
			covariance[v] = 0;
		for (size_t i = 0; i < j->rows; i++)
			for (size_t v = 0; v < j->columns; v++)
				covariance[v] += (double)j->x[i * j->columns + v] *
				                 j->sum[i * j->columns + v] / (double)j->rows;
		for (size_t v = 0; v < j->columns; v++) {
			double own = j->square[v] > 0 ? 1 : 0,
			       others = j->variance[v] - 2 * covariance[v] + own;

			c->pairwise[v] += own; /* counts the subjects in whom the column varies */
			c->left_out[v] += own > 0 && others > 1e-12 ? (covariance[v] - own) / sqrt(others) / n
			                                            : 0;
		}
	}
	for (size_t v = 0; v < j->columns; v++)
		c->pairwise[v] = (j->variance[v] - c->pairwise[v]) / (n * (n - 1));
	return GB_OK;
}

gb_status gb_ceiling_make(gb_ceiling *c, gb_subject_reader *read, void *context, size_t subjects, size_t rows,
                          size_t columns, gb_pool *pool, gb_err *err)
{
	job j = {.subjects = subjects, .rows = rows, .columns = columns, .read = read, .context = context};
	double *work = NULL;
	size_t cells;
	gb_status status = GB_SYSTEM;

	(void)pool;
	*c = (gb_ceiling){.subjects = subjects};
	if (subjects < 2)
		return GB_OK;
	if (!gb_size_mul(rows, columns, &cells))
		return gb_fail(err, GB_SYSTEM, "ceiling: too large");
	if (!(c->pairwise = gb_array(4 * columns, sizeof(double), err)) ||
	    !(j.x = gb_array(cells, sizeof *j.x, err)) || !(j.sum = gb_array(cells, sizeof *j.sum, err)) ||
	    !(work = gb_array(3 * columns, sizeof *work, err)))
		goto done;
	c->one = c->pairwise + columns;
	c->many = c->one + columns;
	c->left_out = c->many + columns;
	j.mean = work;
	j.square = work + columns;
	j.variance = work + 2 * columns;
	GB_TRY(sum_subjects(&j, err));
	GB_TRY(correlate_subjects(c, &j, err));
	for (size_t v = 0; v < columns; v++) {
		double rho = c->pairwise[v] > 0 ? c->pairwise[v] : 0, n = (double)subjects;

		c->one[v] = sqrt(rho);
		c->many[v] = sqrt(n * rho / (1 + (n - 1) * rho));
	}
	c->mean_pairwise = gb_score_mean(c->pairwise, columns);
done:
	free(work);
	free(j.sum);
	free(j.x);
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
