/* SPDX-License-Identifier: MIT */
/* gb_hrf_convolve: every processor class against a sum in double, at odd sizes. */
#include "base/cpu.h"
#include "base/rng.h"
#include "base/size.h"
#include "fmri/convolve.h"
#include "fmri/hrf.h"
#include "tests/tap.h"

/* The definition, for one output. */
static double want(const float *x, size_t columns, size_t row, size_t column, const double *tap, int taps,
                   bool hold)
{
	double sum = 0;

	for (int k = 0; k < taps; k++) {
		size_t r = (size_t)k <= row ? row - (size_t)k : 0;

		if ((size_t)k <= row || hold)
			sum += tap[k] * (double)x[r * columns + column];
	}
	return sum;
}

static double worst(const float *x, const float *y, size_t rows, size_t columns, const double *tap, int taps,
                    bool hold)
{
	double most = 0;

	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++) {
			double error = fabs((double)y[r * columns + c] -
			                    want(x, columns, r, c, tap, taps, hold));

			most = error > most ? error : most;
		}
	return most;
}

int main(void)
{
	static const struct { size_t rows, columns; int taps;
	} sizes[] = {{1, 1, 5},      {7, 3, 22},       {8, 16, 3},  {50, 33, 22},
	             {61, 2071, 33}, {1031, 1024, 65}, {40, 17, 1}, {3, 31, 100}};
	static const char *const classes[] = {"amx", "avx512", "avx2", "generic"};
	double tap[100];
	gb_rng rng = gb_rng_at(1, 2, 3, 4);
	gb_pool *pool;
	gb_err err;

	if (gb_pool_open(&pool, 3, &err))
		return 1;
	for (int c = 0; c < 4; c++) {
		if (gb_cpu_force(classes[c], &err)) {
			note("%s: not on this processor", classes[c]);
			continue;
		}
		for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
			size_t rows = sizes[s].rows, columns = sizes[s].columns, n = rows * columns;
			float *x = gb_array(n, sizeof *x, &err), *y = gb_array(n + 16, sizeof *y, &err),
			      *z = gb_array(n, sizeof *z, &err);

			for (int k = 0; k < sizes[s].taps; k++)
				tap[k] = gb_rng_normal(&rng) / sizes[s].taps;
			for (size_t i = 0; i < n; i++)
				x[i] = (float)gb_rng_normal(&rng);
			y[n] = 12345;
			for (int hold = 0; hold < 2; hold++) {
				gb_convolve_filter filter = {tap, sizes[s].taps,
				                             hold ? GB_HISTORY_HOLD : GB_HISTORY_ZERO};

				if (gb_hrf_convolve(x, y, rows, columns, &filter, NULL, &err) ||
				    gb_hrf_convolve(x, z, rows, columns, &filter, pool, &err))
					return 1;
				ok(worst(x, y, rows, columns, tap, sizes[s].taps, hold) < 3e-6 &&
				       y[n] == 12345 && !memcmp(y, z, n * sizeof *y),
				   "%s %zu x %zu, %d taps, %s: right, inside its rows, the same on three "
				   "threads",
				   gb_cpu_name(), rows, columns, sizes[s].taps, hold ? "hold" : "zero");
			}
			free(x);
			free(y);
			free(z);
		}
	}
	gb_pool_close(pool);
	return done_testing();
}
