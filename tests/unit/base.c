/* SPDX-License-Identifier: MIT */
/* Sizes, errors, random numbers against the published answers, the pool, hashes, FFT. */
#include "base/pool.h"
#include "base/rng.h"
#include "base/size.h"
#include "io/hash.h"
#include "linalg/fft.h"
#include "tests/tap.h"

static void errors(void)
{
	gb_err err;
	void *none;

	ok(gb_fail(&err, GB_DATA, "a\n%s\x1b", "b") == GB_DATA && !strcmp(err.text, "a?b?"),
	   "messages are one plain line");
	ok(gb_fail_in(&err, "file %d", 3) == GB_DATA && !strcmp(err.text, "file 3: a?b?"),
	   "the object comes first");
	ok(gb_array(SIZE_MAX / 2, 4, &err) == NULL && err.status == GB_SYSTEM, "size overflow is an error");
	none = gb_array(0, 8, &err);
	ok(none && ((uintptr_t)none & 63) == 0, "nothing is not NULL, and aligned");
	free(none);
}

/* Known answers from the Random123 distribution's kat_vectors (philox4x32, 10 rounds). */
static void random_numbers(void)
{
	uint32_t zero[4] = {0}, ones[4] = {~0u, ~0u, ~0u, ~0u}, out[4];
	gb_rng a = gb_rng_at(7, 1, 2, 3), b = gb_rng_at(7, 1, 2, 3), c = gb_rng_at(7, 1, 2, 4);
	double sum = 0, square = 0;

	gb_philox(zero, zero, out);
	ok(out[0] == 0x6627e8d5 && out[1] == 0xe169c58d && out[2] == 0xbc57ac4c && out[3] == 0x9b00dbd8,
	   "Philox of zeros");
	gb_philox(ones, ones, out);
	ok(out[0] == 0x408f276d && out[1] == 0x41c83b0e && out[2] == 0xa20bc7c6 && out[3] == 0x6d5451fd,
	   "Philox of ones");
	ok(gb_rng_bits(&a) == gb_rng_bits(&b) && gb_rng_bits(&a) != gb_rng_bits(&c), "streams are named");
	for (int i = 0; i < 100000; i++) {
		double x = gb_rng_normal(&a);
		sum += x;
		square += x * x;
	}
	near(sum / 1e5, 0, 0.015, "normal: mean");
	near(square / 1e5, 1, 0.02, "normal: variance");
	ok(gb_rng_below(&a, 1) == 0 && gb_rng_below(&a, 10) < 10, "below");
}

static void count_tile(void *context, size_t tile, int worker)
{
	(void)worker;
	((int *)context)[tile]++;
}

static void pools(void)
{
	for (int threads = 1; threads <= 4; threads++) {
		gb_pool *pool;
		int counts[1001] = {0}, right = 1;
		if (gb_pool_open(&pool, threads, NULL) != GB_OK)
			exit(1);
		for (int round = 0; round < 50; round++)
			gb_pool_run(pool, 1001, count_tile, counts);
		for (int i = 0; i < 1001; i++)
			right &= counts[i] == 50;
		ok(right && gb_pool_threads(pool) == threads, "every tile once, %d threads", threads);
		gb_pool_close(pool);
	}
}

static void fourier(void)
{
	enum { N = 64 };
	double *in = gb_array(2 * N, sizeof *in, NULL), *out = gb_array(2 * N, sizeof *out, NULL), worst = 0;
	double *copy = gb_array(2 * N, sizeof *in, NULL);
	gb_fft *fft;

	if (gb_fft_new(&fft, N, NULL) != GB_OK)
		exit(1);
	for (int i = 0; i < 2 * N; i++)
		copy[i] = in[i] = sin(i * i);
	gb_fft_forward(fft, out, in);
	for (int k = 0; k < N; k++) {
		double re = 0, im = 0;
		for (int n = 0; n < N; n++) {
			double angle = -2 * M_PI * n * k / N;
			re += copy[2 * n] * cos(angle) - copy[2 * n + 1] * sin(angle);
			im += copy[2 * n] * sin(angle) + copy[2 * n + 1] * cos(angle);
		}
		worst = fmax(worst, fmax(fabs(re - out[2 * k]), fabs(im - out[2 * k + 1])));
	}
	near(worst, 0, 1e-11, "FFT against the sum");
	gb_fft_inverse(fft, in, out);
	worst = 0;
	for (int i = 0; i < 2 * N; i++)
		worst = fmax(worst, fabs(in[i] / N - copy[i]));
	near(worst, 0, 1e-13, "and back");
	gb_fft_free(fft);
	ok(gb_fft_new(&fft, 48, NULL) == GB_SYSTEM, "only powers of two");
	free(in);
	free(out);
	free(copy);
}

int main(void)
{
	char text[GB_HASH_TEXT];

	errors();
	random_numbers();
	pools();
	fourier();
	/* XXH3-128 and XXH3-64 of nothing, seed 0: published test vectors. */
	ok(!strcmp(gb_hash_format(gb_hash_of("", 0), text), "99aa06d3014798d86001c324468d497f"),
	   "XXH3-128 of nothing");
	ok(gb_hash64_of("", 0) == 0x2d06800538d394c2u, "XXH3-64 of nothing");
	return done_testing();
}
