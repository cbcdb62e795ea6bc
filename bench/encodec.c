/* SPDX-License-Identifier: MIT */
/* encodec WEIGHTS SOUND CODEBOOKS: our side of bench/encodec.  SOUND: raw float32 at 24 kHz.  Each line on
 * standard input is a job, answered with the seconds it took: encode THREADS   sound to latents to codes
 * decode THREADS   codes to sound sgemm            1 GFLOP of OpenBLAS at its best shape: seconds a GFLOP fma
 * the same of fused multiply-adds that touch no memory save PATH        latents [frames, width] float32, then
 * codes [frames, codebooks] int16, of the last encode */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "encodec/quantise.h"
#include "encodec/decoder.h"
#include "encodec/encoder.h"

static gb_err err;
static gb_encodec_weights weights;
static float *sound, *latents, *quantised;
static int16_t *codes;
static size_t samples, frames, at;
static int books;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(gb_status status)
{
	if (status != GB_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

static gb_status keep(void *pool, const float *x, size_t count, gb_err *e)
{
	gb_status status = gb_encodec_quantise(&weights, x, count, books, codes + at * (size_t)books, NULL,
	                                       pool, e);

	memcpy(latents + at * (size_t)weights.width, x, count * (size_t)weights.width * sizeof *x);
	at += count;
	return status;
}

static gb_status drop(void *context, const float *x, size_t count, gb_err *e)
{
	(void)e;
	*(float *)context += x[0];
	at += count;
	return GB_OK;
}

static void encode(gb_pool *pool)
{
	gb_encoder *e;

	at = 0;
	must(gb_encoder_open(&e, &weights, keep, pool, pool, &err));
	must(gb_encoder_put(e, sound, samples, &err));
	must(gb_encoder_finish(e, &err));
	gb_encoder_close(e);
}

static void decode(gb_pool *pool)
{
	gb_decoder *d;
	float sum = 0;

	must(gb_encodec_dequantise(&weights, codes, frames, books, quantised, &err));
	must(gb_decoder_open(&d, &weights, drop, &sum, pool, &err));
	must(gb_decoder_put(d, quantised, frames, &err));
	must(gb_decoder_finish(d, &err));
	gb_decoder_close(d);
}

static double sgemm(void)
{
	enum { N = 1024 };
	static float a[N * N], b[N * N], c[N * N];
	double t;

	openblas_set_num_threads(1);
	for (int i = 0; i < N * N; i++)
		a[i] = b[i] = (float)(i % 7);
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
	t = now();
	for (int i = 0; i < 20; i++)
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
	return (now() - t) / (20 * 2e-9 * N * N * N);
}

typedef float vec __attribute__((vector_size(64)));

static double fma_rate(void)
{
	enum { CHAINS = 24, TIMES = 10000000 };
	vec a[CHAINS], x = (vec){0} + 0.999f, y = (vec){0} + 0.001f;
	volatile float sum = 0;
	double t;

	for (int k = 0; k < CHAINS; k++)
		a[k] = (vec){0} + (float)k;
	t = now();
	for (int i = 0; i < TIMES; i++)
		_Pragma("GCC unroll 24") for (int k = 0; k < CHAINS; k++)
			a[k] = a[k] * x + y;
	t = now() - t;
	for (int k = 0; k < CHAINS; k++)
		sum += a[k][0];
	return t / (2e-9 * 16 * CHAINS * TIMES);
}

static void save(const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f ||
	    fwrite(latents, sizeof *latents, frames * (size_t)weights.width, f) !=
	        frames * (size_t)weights.width ||
	    fwrite(codes, sizeof *codes, frames * (size_t)books, f) != frames * (size_t)books || fclose(f))
		exit(1);
}

static double job(char *line)
{
	char *space = strchr(line, ' ');
	gb_pool *pool;
	double t;

	line[strcspn(line, "\n")] = 0;
	if (!strcmp(line, "sgemm"))
		return sgemm();
	if (!strcmp(line, "fma"))
		return fma_rate();
	if (!strncmp(line, "save ", 5)) {
		save(line + 5);
		return 0;
	}
	must(gb_pool_open(&pool, space ? atoi(space + 1) : 1, &err));
	t = now();
	if (line[0] == 'e')
		encode(pool);
	else
		decode(pool);
	t = now() - t;
	gb_pool_close(pool);
	return t;
}

int main(int argc, char **argv)
{
	char line[4096];
	FILE *f;

	if (argc != 4 || !(f = fopen(argv[2], "rb")) || fseek(f, 0, SEEK_END))
		return 2;
	books = atoi(argv[3]);
	samples = (size_t)ftell(f) / sizeof *sound;
	rewind(f);
	must(gb_encodec_weights_open(&weights, argv[1], &err));
	frames = (samples + (size_t)weights.hop - 1) / (size_t)weights.hop;
	sound = malloc(samples * sizeof *sound);
	latents = malloc(frames * (size_t)weights.width * sizeof *latents);
	quantised = malloc(frames * (size_t)weights.width * sizeof *latents);
	codes = calloc(frames * (size_t)books, sizeof *codes);
	if (!sound || !latents || !quantised || !codes || fread(sound, sizeof *sound, samples, f) != samples)
		return 2;
	while (fgets(line, sizeof line, stdin)) {
		printf("%.9f\n", job(line));
		fflush(stdout);
	}
	return 0;
}
