/* SPDX-License-Identifier: MIT */
/* hrf.c: our side of bench/hrf: the convolution of ROWS × COLUMNS random
 * numbers with TAPS taps.  Reads lines ("1" or "2": threads; "copy 1", "copy 2":
 * the limit, a streaming copy) and answers each with the seconds it took; first
 * prints the sum of a few outputs' errors against a sum in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/rng.h"
#include "fmri/convolve.h"
#include "fmri/hrf.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { ROWS = 1976, COLUMNS = 100000, TAPS = 33, PIECES = 64 };

static float *in, *out;
static double tap[TAPS];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *room(void)
{
	size_t bytes = (size_t)ROWS * COLUMNS * sizeof(float);
	float *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	madvise(p, bytes, MADV_HUGEPAGE);
	memset(p, 0, bytes);
	return p;
}

static void copy_piece(void *context, size_t tile, int worker)
{
	size_t n = (size_t)ROWS * COLUMNS, from = n / PIECES * tile,
	       to = tile == PIECES - 1 ? n : from + n / PIECES;

	(void)context, (void)worker;
#ifdef __SSE2__
	for (size_t i = from; i + 4 <= to; i += 4)
		_mm_stream_ps(out + i, _mm_load_ps(in + i));
	_mm_sfence();
#else
	memcpy(out + from, in + from, (to - from) * sizeof *in);
#endif
}

static double worst(void)
{
	double most = 0;

	for (int i = 0; i < 2000; i++) {
		size_t t = (size_t)i * 7919 % ROWS, c = (size_t)i * 104729 % COLUMNS;
		double sum = 0;

		for (size_t k = 0; k < TAPS && k <= t; k++)
			sum += tap[k] * (double)in[(t - k) * COLUMNS + c];
		most = fmax(most, fabs(sum - (double)out[t * COLUMNS + c]));
	}
	return most;
}

int main(void)
{
	char line[64];
	gb_rng rng = gb_rng_at(1, 0, 0, 0);
	gb_pool *pool[3] = {0};
	gb_err err;

	in = room();
	out = room();
	for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
		in[i] = (float)gb_rng_uniform(&rng) - 0.5f;
	for (int k = 0; k < TAPS; k++)
		tap[k] = gb_hrf_at("spm", k);
	if (gb_pool_open(&pool[1], 1, &err) || gb_pool_open(&pool[2], 2, &err))
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		bool copy = !strncmp(line, "copy", 4);
		gb_convolve_filter filter = {tap, TAPS, GB_HISTORY_ZERO};
		gb_pool *p = pool[strchr(line, '2') ? 2 : 1];
		double began = now();

		if (copy)
			gb_pool_run(p, PIECES, copy_piece, NULL);
		else if (gb_hrf_convolve(in, out, ROWS, COLUMNS, &filter, p, &err))
			return 1;
		double took = now() - began;

		if (!copy && worst() > 1e-6)
			return 1;
		printf("%.6f\n", took);
		fflush(stdout);
	}
	return 0;
}
