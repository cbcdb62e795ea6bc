/* SPDX-License-Identifier: MIT */
/* Layer normalisation against a double loop and its finite differences. */
#include "tests/kernels/kernel.h"

enum { ROWS = 61, COLUMNS = 333 };

static void reference(const float *x, const float *gamma, const float *beta, size_t rows, size_t n, double *y)
{
	for (size_t r = 0; r < rows; r++) {
		double mean = 0, var = 0;

		for (size_t i = 0; i < n; i++)
			mean += (double)x[r * n + i] / (double)n;
		for (size_t i = 0; i < n; i++)
			var += pow((double)x[r * n + i] - mean, 2) / (double)n;
		for (size_t i = 0; i < n; i++)
			y[r * n + i] = ((double)x[r * n + i] - mean) / sqrt(var + 1e-5) *
			                   (gamma ? (double)gamma[i] : 1) +
			               (beta ? (double)beta[i] : 0);
	}
}

static double weighted(const float *x, const float *gamma, const float *beta, const float *w)
{
	static double y[ROWS * COLUMNS];
	double sum = 0;

	reference(x, gamma, beta, ROWS, COLUMNS, y);
	for (int i = 0; i < ROWS * COLUMNS; i++)
		sum += (double)w[i] * y[i];
	return sum;
}

static void body(void)
{
	size_t n = ROWS * COLUMNS;
	float *x = numbers(n, 1), *gamma = numbers(COLUMNS, 2), *beta = numbers(COLUMNS, 3),
	      *dy = numbers(n, 4), *y = zeros(n);
	float *mean = zeros(ROWS), *rstd = zeros(ROWS), *dx = zeros(n), *dgamma = zeros(COLUMNS),
	      *dbeta = zeros(COLUMNS);
	double *want = malloc(n * sizeof *want), off = 0;

	SAME_BYTES(y, n, "layer_norm", 2e-6,
	           RUN(device, layer_norm, ROWS, COLUMNS, x, gamma, beta, y, mean, rstd));
	reference(x, gamma, beta, ROWS, COLUMNS, want);
	ok(worst(y, want, n) < 2e-6, "values (%g)", worst(y, want, n));
	RUN(&kernel_device[1], layer_norm, ROWS, COLUMNS, x, NULL, NULL, y, mean, rstd);
	reference(x, NULL, NULL, ROWS, COLUMNS, want);
	ok(worst(y, want, n) < 2e-6, "without gamma and beta");
	SAME_BYTES(dx, n, "layer_norm_backward", 1e-5,
	           RUN(device, layer_norm_backward, ROWS, COLUMNS, x, gamma, mean, rstd, dy, dx, NULL, NULL));
	for (size_t i = 0; i < n; i += 977)
		off = fmax(off, fabs((double)dx[i] - SLOPE(x, i, weighted(x, gamma, beta, dy))));
	ok(off < 1e-4, "dx against finite differences (%g)", off);
	SAME_BYTES(dgamma, COLUMNS, "dgamma", 1e-5,
	           RUN(device, layer_norm_backward, ROWS, COLUMNS, x, gamma, mean, rstd, dy, dx, dgamma,
	               dbeta));
	off = 0;
	for (size_t i = 0; i < COLUMNS; i += 37)
		off = fmax(off, fabs((double)dgamma[i] - SLOPE(gamma, i, weighted(x, gamma, beta, dy))));
	ok(off < 1e-4, "dgamma against finite differences (%g)", off);
	memset(dbeta, 0, COLUMNS * sizeof *dbeta);
	RUN(&kernel_device[0], layer_norm_backward, ROWS, COLUMNS, x, gamma, mean, rstd, dy, dx, dgamma,
	    dbeta);
	off = 0;
	for (size_t i = 0; i < COLUMNS; i += 37)
		off = fmax(off, fabs((double)dbeta[i] - SLOPE(beta, i, weighted(x, gamma, beta, dy))));
	ok(off < 1e-4, "dbeta against finite differences (%g)", off);
	x[COLUMNS + 5] = NAN;
	RUN(&kernel_device[2], layer_norm, ROWS, COLUMNS, x, gamma, beta, y, mean, rstd);
	ok(!isnan(y[0]) && isnan(y[COLUMNS]) && !isnan(y[2 * COLUMNS]), "NaN spoils its row and no other");
	RUN(&kernel_device[2], layer_norm, 0, COLUMNS, x, gamma, beta, y, mean, rstd);
	ok(1, "no rows");
	free(x), free(gamma), free(beta), free(dy), free(y), free(mean), free(rstd), free(dx), free(dgamma),
	    free(dbeta), free(want);
}

int main(void) { return on_each_device(body); }
