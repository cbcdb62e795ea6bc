/* SPDX-License-Identifier: MIT */
/* kernel.h: what the tests of the operations share: devices of 1, 2 and 3
 * threads, reproducible data, comparison with loops in double precision. */
#ifndef GB_TESTS_KERNEL_H
#define GB_TESTS_KERNEL_H

#include "base/rng.h"
#include "ops.h"
#include "tests/tap.h"

enum { THREADS = 3 };
static gb_device kernel_device[THREADS];

__attribute__((unused)) static void devices_open(void)
{
	for (int t = 0; t < THREADS; t++) {
		gb_err err;

		kernel_device[t].ops = gb_ops_cpu();
		if (gb_pool_open(&kernel_device[t].pool, t + 1, &err) != GB_OK) {
			printf("Bail out! %s\n", err.text);
			exit(1);
		}
	}
}

__attribute__((unused)) static void devices_close(void)
{
	for (int t = 0; t < THREADS; t++)
		gb_pool_close(kernel_device[t].pool);
}

/* N normal numbers of stream STREAM; to be freed.  One spare byte, so that 0 is fine. */
__attribute__((unused)) static float *numbers(size_t n, uint32_t stream)
{
	float *x = malloc(n * sizeof *x + 1);
	gb_rng rng = gb_rng_at(7, stream, 0, 0);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)gb_rng_normal(&rng);
	return x;
}

__attribute__((unused)) static float *zeros(size_t n) { return calloc(n + 1, sizeof(float)); }

/* Largest |got − want| / (1 + |want|). */
__attribute__((unused)) static double worst(const float *got, const double *want, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)got[i] - want[i]) / (1 + fabs(want[i]));

		if (!(d <= most))
			most = d;
	}
	return most;
}

/* Run STATEMENT, which writes N floats at OUT by `device`, on every device:
 * the same bytes each time. */
#define SAME_BYTES(out, n, what, statement)                                                                  \
	do {                                                                                                 \
		float *first_ = malloc((n) * sizeof(float) + 1), *before_ = malloc((n) * sizeof(float) + 1);  \
		int same_ = 1;                                                                                \
		memcpy(before_, out, (n) * sizeof(float));                                                    \
		for (int t_ = 0; t_ < THREADS; t_++) {                                                        \
			const gb_device *device = &kernel_device[t_];                                         \
			memcpy(out, before_, (n) * sizeof(float));                                            \
			statement;                                                                            \
			if (t_ == 0)                                                                          \
				memcpy(first_, out, (n) * sizeof(float));                                     \
			else if (memcmp(first_, out, (n) * sizeof(float)))                                    \
				same_ = 0;                                                                    \
		}                                                                                             \
		ok(same_, "%s: the same bytes for 1, 2, 3 threads", what);                                    \
		free(first_);                                                                                 \
		free(before_);                                                                                \
	} while (0)

/* Derivative of FUNCTION (double, of the floats at X) by X[i], by central differences. */
#define SLOPE(x, i, function)                                                                                \
	({                                                                                                    \
		float keep_ = (x)[i];                                                                         \
		double up_, down_, a_, b_;                                                                    \
		(x)[i] = keep_ + 4e-3f;                                                                       \
		a_ = (double)(x)[i];                                                                          \
		up_ = (function);                                                                             \
		(x)[i] = keep_ - 4e-3f;                                                                       \
		b_ = (double)(x)[i];                                                                          \
		down_ = (function);                                                                           \
		(x)[i] = keep_;                                                                               \
		(up_ - down_) / (a_ - b_);                                                                    \
	})
#endif
