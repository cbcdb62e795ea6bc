/* SPDX-License-Identifier: MIT */
/* kernel.h: what the tests of the operations share.  A test's body runs once for
 * each family of devices: cpu with 1, 2 and 3 threads; emu with 1, 2 and 3 threads
 * and its threads forward, reverse and at random; cuda where there is one.  Inside
 * a family results are the same bytes; between families they agree within a
 * tolerance that the test states.
 *
 *   static void body(void) { RUN(&kernel_device[0], add, n, …); ok(…); }
 *   int main(void) { return on_each_device(body); }
 *
 * GB_TEST_DEVICE=emu in the environment runs one family alone. */
#ifndef GB_TESTS_KERNEL_H
#define GB_TESTS_KERNEL_H

#include "base/rng.h"
#include "device.h"
#include "tests/kernels/extent.h"
#include "tests/tap.h"

enum { THREADS = 3 };
static gb_device kernel_device[THREADS];
static gb_pool *kernel_pool[THREADS];
static const char *kernel_family;

static void bail(const char *why)
{
	printf("Bail out! %s: %s\n", kernel_family, why);
	exit(1);
}

/* ---- running an operation on what lies in the host's memory ---- */

/* Moves what each pointer in ARGS points to; the same pointer twice is moved once. */
typedef struct moved { void *host, *device; size_t bytes, at; } moved;

__attribute__((unused)) static void *pointer_in(const void *args, size_t at)
{
	void *p;

	memcpy(&p, (const char *)args + at, sizeof p);
	return p;
}

__attribute__((unused)) static void move_there(const gb_device *device, void *args, size_t bytes,
                                               const extent *e, size_t n, moved *m)
{
	char given[256];
	gb_err err;

	memcpy(given, args, bytes);
	for (size_t i = 0; i < n; i++) {
		m[i] = (moved){pointer_in(args, e[i].at), NULL, e[i].bytes, e[i].at};
		for (size_t k = 0; k < n; k++)
			if (m[i].host && pointer_in(given, e[k].at) == m[i].host) {
				m[i].bytes = e[k].bytes > m[i].bytes ? e[k].bytes : m[i].bytes;
				m[i].device = k < i ? m[k].device : m[i].device;
			}
		if (m[i].host && !m[i].device &&
		    !(m[i].device = gb_device_array(device, m[i].bytes, 1, &err)))
			bail(err.text);
		if (m[i].host)
			device->ops->upload(device, m[i].device, m[i].host, m[i].bytes);
		memcpy((char *)args + e[i].at, &m[i].device, sizeof m[i].device);
	}
}

__attribute__((unused)) static void move_here(const gb_device *device, const moved *m, size_t n)
{
	gb_err err;

	for (size_t i = 0; i < n; i++)
		if (m[i].host &&
		    device->ops->download(device, m[i].host, m[i].device, m[i].bytes, &err) != GB_OK)
			bail(err.text);
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= m[k].device == m[i].device;
		if (!again)
			gb_device_release(device, m[i].device);
	}
}

#define RUN(device_, name, ...)                                                                              \
	do {                                                                                                 \
		const gb_device *run_ = (device_);                                                           \
		struct gb_op_##name args_ = {__VA_ARGS__};                                                   \
		extent extent_[EXTENTS];                                                                     \
		moved moved_[EXTENTS];                                                                       \
		size_t n_ = run_->ops->shares_memory ? 0 : extent_##name(&args_, extent_);                   \
		move_there(run_, &args_, sizeof args_, extent_, n_, moved_);                                 \
		run_->ops->name(run_, &args_);                                                               \
		move_here(run_, moved_, n_);                                                                 \
	} while (0)

/* ---- families ---- */

__attribute__((unused)) static bool devices_open(const char *family)
{
	static const char *const emu[] = {"emu:0:fp32", "emu:1:fp32", "emu:2:fp32"};
	gb_err err;

	kernel_family = family;
	for (int t = 0; t < THREADS; t++) {
		if (gb_pool_open(&kernel_pool[t], t + 1, &err) != GB_OK)
			bail(err.text);
		if (gb_device_open(&kernel_device[t],
		                   strcmp(family, "emu") ? strcmp(family, "cuda") ? "cpu" : "cuda:fp32"
		                                         : emu[t],
		                   0, kernel_pool[t], NULL, &err) == GB_OK)
			continue;
		if (strcmp(family, "cuda"))
			bail(err.text);
		printf("# cuda: skipped: %s\n", err.text);
		for (int k = 0; k <= t; k++)
			gb_pool_close(kernel_pool[k]);
		return false;
	}
	printf("# %s\n", family);
	return true;
}

__attribute__((unused)) static void devices_close(void)
{
	for (int t = 0; t < THREADS; t++) {
		gb_device_close(&kernel_device[t]);
		gb_pool_close(kernel_pool[t]);
	}
}

/* What the first family made, in the order of the comparisons. */
static struct { double *numbers; size_t n; } kernel_first[4096];
static size_t kernel_compared;
static bool kernel_is_first;

__attribute__((unused)) static int on_each_device(void (*body)(void))
{
	static const char *const family[] = {"cpu", "emu", "cuda"};
	const char *only = getenv("GB_TEST_DEVICE");

	kernel_is_first = true;
	for (int i = 0; i < 3; i++) {
		kernel_compared = 0;
		if ((only && strcmp(only, family[i])) || !devices_open(family[i]))
			continue;
		body();
		devices_close();
		kernel_is_first = false;
	}
	for (size_t i = 0; i < sizeof kernel_first / sizeof *kernel_first; i++)
		free(kernel_first[i].numbers);
	return done_testing();
}

/* ---- data and comparison ---- */

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

/* OUT against what the first family made in this place, relative to 1 + its size. */
__attribute__((unused)) static void as_first(const float *out, size_t n, double tolerance, const char *what)
{
	size_t i = kernel_compared++;
	double most;

	if (kernel_is_first) {
		free(kernel_first[i].numbers);
		kernel_first[i].numbers = malloc((n + 1) * sizeof(double));
		kernel_first[i].n = n;
		for (size_t k = 0; k < n; k++)
			kernel_first[i].numbers[k] = (double)out[k];
		return;
	}
	most = kernel_first[i].n == n ? worst(out, kernel_first[i].numbers, n) : NAN;
	ok(most <= tolerance, "%s: %s and cpu agree within %g (%g)", what, kernel_family, tolerance, most);
}

/* Run STATEMENT, which writes N floats at OUT by `device`, on every device of the
 * family: the same bytes each time; between families within TOLERANCE. */
#define SAME_BYTES(out, n, what, tolerance, statement)                                                       \
	do {                                                                                                 \
		float *first_ = malloc((n) * sizeof(float) + 1), *before_ = malloc((n) * sizeof(float) + 1); \
		int same_ = 1;                                                                               \
		memcpy(before_, out, (n) * sizeof(float));                                                   \
		for (int t_ = 0; t_ < THREADS; t_++) {                                                       \
			const gb_device *device = &kernel_device[t_];                                        \
			memcpy(out, before_, (n) * sizeof(float));                                           \
			statement;                                                                           \
			if (t_ == 0)                                                                         \
				memcpy(first_, out, (n) * sizeof(float));                                    \
			else if (memcmp(first_, out, (n) * sizeof(float)))                                   \
				same_ = 0;                                                                   \
		}                                                                                            \
		ok(same_, "%s: the same bytes for 1, 2, 3 threads, in any order", what);                     \
		as_first(out, n, tolerance, what);                                                           \
		free(first_);                                                                                \
		free(before_);                                                                               \
	} while (0)

/* Derivative of FUNCTION (double, of the floats at X) by X[i], by central differences. */
#define SLOPE(x, i, function)                                                                                \
	({                                                                                                   \
		float keep_ = (x)[i];                                                                        \
		double up_, down_, a_, b_;                                                                   \
		(x)[i] = keep_ + 4e-3f;                                                                      \
		a_ = (double)(x)[i];                                                                         \
		up_ = (function);                                                                            \
		(x)[i] = keep_ - 4e-3f;                                                                      \
		b_ = (double)(x)[i];                                                                         \
		down_ = (function);                                                                          \
		(x)[i] = keep_;                                                                              \
		(up_ - down_) / (a_ - b_);                                                                   \
	})
#endif
