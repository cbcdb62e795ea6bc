/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/encodec.h"
#include "signal/linear.h"

enum { BLOCK = 64 }; /* frames of one product */

typedef struct job {
	const gb_encodec_weights *w;
	const float *latents;
	size_t frames;
	int codebooks;
	int16_t *codes;
	float *margin;
	float *room; /* a worker's: residual [BLOCK, width], scores [BLOCK, codes] */
	size_t room_each;
} job;

/* The best and second-best of SCORES: least squared distance is greatest x·e − |e|²/2. */
static int best_of(const float *score, const float *half_norm, int codes, float *first, float *second)
{
	int best = 0;

	*first = *second = -INFINITY;
	for (int c = 0; c < codes; c++) {
		float s = score[c] - half_norm[c];
		if (s > *first) {
			*second = *first;
			*first = s;
			best = c;
		} else if (s > *second) {
			*second = s;
		}
	}
	return best;
}

static void quantise_block(void *context, size_t tile, int worker)
{
	const job *j = context;
	const gb_encodec_weights *w = j->w;
	size_t width = (size_t)w->width, codes = (size_t)w->codes, first = tile * BLOCK;
	size_t rows = j->frames - first < BLOCK ? j->frames - first : BLOCK;
	float *residual = j->room + (size_t)worker * j->room_each, *score = residual + BLOCK * width;

	memset(residual, 0, BLOCK * width * sizeof *residual);
	memcpy(residual, j->latents + first * width, rows * width * sizeof *residual);
	for (int n = 0; n < j->codebooks; n++) {
		const float *book = w->codebook + (size_t)n * codes * width, *half = w->half_norm + (size_t)n * codes;
		gb_matrix_product_tile(false, true, BLOCK, codes, width, residual, width, book, width, score, codes, false);
		for (size_t row = 0; row < rows; row++) {
			float *x = residual + row * width, a, b, square = 0;
			int best = best_of(score + row * codes, half, w->codes, &a, &b);
			size_t at = (first + row) * (size_t)j->codebooks + (size_t)n;
			j->codes[at] = (int16_t)best;
			for (size_t d = 0; j->margin && d < width; d++)
				square += x[d] * x[d];
			if (j->margin)
				j->margin[at] = w->codes < 2 ? INFINITY : sqrtf(fmaxf(0, square - 2 * b)) - sqrtf(fmaxf(0, square - 2 * a));
			for (size_t d = 0; d < width; d++)
				x[d] -= book[(size_t)best * width + d];
		}
	}
}

gb_status gb_encodec_quantise(const gb_encodec_weights *w, const float *latents, size_t frames, int codebooks, int16_t *codes,
                              float *margin, gb_pool *pool, gb_err *err)
{
	job j = {w, latents, frames, codebooks, codes, margin, NULL, BLOCK * (size_t)(w->width + w->codes)};

	if (codebooks < 1 || codebooks > w->codebooks)
		return gb_fail(err, GB_USAGE, "%d codebooks: these weights have 1 to %d", codebooks, w->codebooks);
	if (!(j.room = gb_array(j.room_each * (size_t)gb_pool_threads(pool), sizeof(float), err)))
		return GB_SYSTEM;
	gb_pool_run(pool, (frames + BLOCK - 1) / BLOCK, quantise_block, &j);
	free(j.room);
	return GB_OK;
}

gb_status gb_encodec_dequantise(const gb_encodec_weights *w, const int16_t *codes, size_t frames, int codebooks, float *latents,
                                gb_err *err)
{
	size_t width = (size_t)w->width;

	if (codebooks < 1 || codebooks > w->codebooks)
		return gb_fail(err, GB_DATA, "%d codebooks: these weights have 1 to %d", codebooks, w->codebooks);
	for (size_t f = 0; f < frames; f++) {
		float *x = latents + f * width;
		memset(x, 0, width * sizeof *x);
		for (int n = 0; n < codebooks; n++) {
			int code = codes[f * (size_t)codebooks + (size_t)n];
			if (code < 0 || code >= w->codes)
				return gb_fail(err, GB_DATA, "frame %zu, codebook %d: code %d, 0 to %d is wanted", f, n, code, w->codes - 1);
			for (size_t d = 0; d < width; d++)
				x[d] += w->codebook[((size_t)n * (size_t)w->codes + (size_t)code) * width + d];
		}
	}
	return GB_OK;
}
