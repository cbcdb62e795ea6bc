/* SPDX-License-Identifier: MIT */
/* Batch normalisation against a double loop and its finite differences. */
#include "tests/kernels/kernel.h"

enum { ROWS = 37, COLUMNS = 211, N = ROWS * COLUMNS };

/* GIVEN: as the operation has it. */
static void reference(const float *x, const float *gamma, const float *beta, const float *given, bool rectify,
                      double *y)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		double mean = 0, var = 0;

		for (size_t r = 0; r < ROWS; r++)
			mean += (double)x[r * COLUMNS + c] / ROWS;
		for (size_t r = 0; r < ROWS; r++)
			var += pow((double)x[r * COLUMNS + c] - mean, 2) / ROWS;
		mean = given ? (double)given[c] : mean;
		var = given ? (double)given[COLUMNS + c] : var;
		for (size_t r = 0; r < ROWS; r++) {
			double v = ((double)x[r * COLUMNS + c] - mean) / sqrt(var + 1e-5) * (double)gamma[c] +
			           (double)beta[c];

			y[r * COLUMNS + c] = rectify && v < 0 ? 0 : v;
		}
	}
}

static double weighted(const float *x, const float *gamma, const float *beta, bool rectify, const float *w)
{
	static double y[N];
	double sum = 0;

	reference(x, gamma, beta, NULL, rectify, y);
	for (int i = 0; i < N; i++)
		sum += (double)w[i] * y[i];
	return sum;
}

typedef struct arrays {
	float *x, *gamma, *beta, *dy, *y, *mean, *variance, *rstd, *dx, *dgamma, *dbeta;
	double *want;
} arrays;

static void forward(arrays *m)
{
	const char *const name[] = {"as it is", "rectified"};
	float *given = numbers(2 * COLUMNS, 5);

	for (int c = 0; c < COLUMNS; c++)
		given[COLUMNS + c] = 0.01f + fabsf(given[COLUMNS + c]);
	for (int rectify = 0; rectify < 2; rectify++) {
		SAME_BYTES(m->y, N, name[rectify], 3e-6,
		           RUN(device, batch_norm, ROWS, COLUMNS, m->x, m->gamma, m->beta, NULL, rectify,
		               m->y, m->mean, m->variance, m->rstd));
		reference(m->x, m->gamma, m->beta, NULL, rectify, m->want);
		ok(worst(m->y, m->want, N) < 3e-5, "%s: values (%g)", name[rectify], worst(m->y, m->want, N));
		SAME_BYTES(m->y, N, "with given moments", 3e-5,
		           RUN(device, batch_norm, ROWS, COLUMNS, m->x, m->gamma, m->beta, given, rectify,
		               m->y, NULL, NULL, NULL));
		reference(m->x, m->gamma, m->beta, given, rectify, m->want);
		ok(worst(m->y, m->want, N) < 3e-5, "%s: with given moments (%g)", name[rectify],
		   worst(m->y, m->want, N));
	}
	free(given);
}

static void moments(arrays *m)
{
	double mean[COLUMNS] = {0}, variance[COLUMNS] = {0}, rstd[COLUMNS];

	for (int i = 0; i < N; i++)
		mean[i % COLUMNS] += (double)m->x[i] / ROWS;
	for (int i = 0; i < N; i++)
		variance[i % COLUMNS] += pow((double)m->x[i] - mean[i % COLUMNS], 2) / ROWS;
	for (int c = 0; c < COLUMNS; c++)
		rstd[c] = 1 / sqrt(variance[c] + 1e-5);
	ok(worst(m->mean, mean, COLUMNS) < 1e-6 && worst(m->variance, variance, COLUMNS) < 1e-6 &&
	       worst(m->rstd, rstd, COLUMNS) < 1e-5,
	   "mean, variance over rows, rstd (%g %g %g)", worst(m->mean, mean, COLUMNS),
	   worst(m->variance, variance, COLUMNS), worst(m->rstd, rstd, COLUMNS));
}

static void backward(arrays *m, bool rectify)
{
	double off = 0;

	/* At its corner the rectifier has no slope to compare with. */
	reference(m->x, m->gamma, m->beta, NULL, false, m->want);
	for (int i = 0; i < N; i++)
		m->dy[i] = rectify && fabs(m->want[i]) < 0.05 ? 0 : m->dy[i];
	memset(m->dgamma, 0, COLUMNS * sizeof(float));
	memset(m->dbeta, 0, COLUMNS * sizeof(float));
#define BACKWARD(device, to)                                                                                 \
	RUN(device, batch_norm_backward, ROWS, COLUMNS, m->x, m->gamma, m->beta, m->mean, m->rstd, m->dy,    \
	    rectify, to, m->dgamma, m->dbeta)
	SAME_BYTES(m->dx, N, "dx", 1e-5, BACKWARD(device, m->dx));
	for (size_t i = 0; i < N; i += 67)
		off = fmax(off, fabs((double)m->dx[i] -
		                     SLOPE(m->x, i, weighted(m->x, m->gamma, m->beta, rectify, m->dy))));
	ok(off < 1e-3, "dx against finite differences (%g)", off);
	SAME_BYTES(m->dgamma, COLUMNS, "dgamma, which accumulates", 1e-5, BACKWARD(device, m->dx));
	off = 0;
	for (size_t c = 0; c < COLUMNS; c += 7) /* three runs before, one more just now */
		off = fmax(off,
		           fabs((double)m->dgamma[c] -
		                4 * SLOPE(m->gamma, c, weighted(m->x, m->gamma, m->beta, rectify, m->dy))));
	ok(off < 2e-3, "dgamma, four times, against finite differences (%g)", off);
	off = 0;
	for (size_t c = 0; c < COLUMNS; c += 7)
		off = fmax(off,
		           fabs((double)m->dbeta[c] -
		                6 * SLOPE(m->beta, c, weighted(m->x, m->gamma, m->beta, rectify, m->dy))));
	ok(off < 2e-3, "dbeta, six times, against finite differences (%g)", off);
	memcpy(m->y, m->dy, N * sizeof(float));
	RUN(&kernel_device[1], batch_norm_backward, ROWS, COLUMNS, m->x, m->gamma, m->beta, m->mean, m->rstd,
	    m->y, rectify, m->y, m->dgamma, m->dbeta);
	ok(!memcmp(m->y, m->dx, N * sizeof(float)), "dx over dy: the same bytes");
}

static void body(void)
{
	arrays m = {numbers(N, 1), numbers(COLUMNS, 2), numbers(COLUMNS, 3), numbers(N, 4),
	            zeros(N),      zeros(COLUMNS),      zeros(COLUMNS),      zeros(COLUMNS),
	            zeros(N),      zeros(COLUMNS),      zeros(COLUMNS),      malloc(N * sizeof(double))};
	bool alike = true;

	for (int i = 0; i < N; i++) /* far from 0: squares alone would lose it */
		m.x[i] += i % COLUMNS == 5 ? 300 : 0;
	for (int c = 0; c < COLUMNS; c++)
		m.gamma[c] += m.gamma[c] < 0 ? -0.2f : 0.2f;
	forward(&m);
	moments(&m);
	backward(&m, false);
	backward(&m, true);
	RUN(&kernel_device[1], batch_norm, 1, COLUMNS, m.x, m.gamma, m.beta, NULL, false, m.y, m.mean,
	    m.variance, m.rstd);
	ok(!memcmp(m.y, m.beta, COLUMNS * sizeof(float)), "one row is its own mean: beta");
	m.x[COLUMNS + 9] = NAN;
	RUN(&kernel_device[2], batch_norm, ROWS, COLUMNS, m.x, m.gamma, m.beta, NULL, true, m.y, m.mean,
	    m.variance, m.rstd);
	for (int i = 0; i < N; i++)
		alike &= (isnan(m.y[i]) != 0) == (i % COLUMNS == 9);
	ok(alike, "NaN spoils its column and no other, rectified too");
	RUN(&kernel_device[2], batch_norm, 0, COLUMNS, m.x, m.gamma, m.beta, NULL, false, m.y, m.mean,
	    m.variance, m.rstd);
	memset(m.dgamma, 0, COLUMNS * sizeof(float));
	RUN(&kernel_device[2], batch_norm_backward, 0, COLUMNS, m.x, m.gamma, m.beta, m.mean, m.rstd, m.dy,
	    true, m.dx, m.dgamma, m.dbeta);
	ok(!isnan(m.mean[0]) && m.dgamma[0] == 0, "no rows: nothing is written");
	free(m.x), free(m.gamma), free(m.beta), free(m.dy), free(m.y), free(m.mean), free(m.variance),
	    free(m.rstd), free(m.dx), free(m.dgamma), free(m.dbeta), free(m.want);
}

int main(void) { return on_each_device(body); }
