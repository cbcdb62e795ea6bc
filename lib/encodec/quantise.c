/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/quantise.h"

enum { BLOCK = 128 }; /* frames of one tile */

typedef struct job {
	const gb_encodec_weights *w;
	const float *latents;
	size_t frames;
	int codebooks;
	int16_t *codes;
	float *margin;
	float *room; /* a worker's: residual [BLOCK, width], scores [BLOCK, scores] */
	size_t room_each, scores;
} job;

/* Second-best Euclidean distance minus best, of residual X; a score is x·e − |e|²/2. */
static float margin_of(const float *score, int codes, int best, const float *x, int width)
{
	float second = -INFINITY, square = 0;

	for (int c = 0; c < codes; c++)
		if (c != best && score[c] > second)
			second = score[c];
	for (int d = 0; d < width; d++)
		square += x[d] * x[d];
	return sqrtf(fmaxf(0, square - 2 * second)) - sqrtf(fmaxf(0, square - 2 * score[best]));
}

static void quantise_block(void *context, size_t tile, int worker)
{
	const job *j = context;
	const gb_encodec_weights *w = j->w;
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	size_t width = (size_t)w->width, first = tile * BLOCK,
	       rows = j->frames - first < BLOCK ? j->frames - first : BLOCK;
	float *residual = j->room + (size_t)worker * j->room_each, *score = residual + BLOCK * width;

	memcpy(residual, j->latents + first * width, rows * width * sizeof *residual);
	for (int n = 0; n < j->codebooks; n++) {
		gb_product p = {.w = &w->distance[n],
		                .span = {{residual, width, 0, 1, w->width}},
		                .spans = 1,
		                .rows = rows,
		                .raw = score,
		                .raw_ld = j->scores};
		kernel->product(&p);
		for (size_t row = 0; row < rows; row++) {
			float *x = residual + row * width, *s = score + row * j->scores;
			int best;
			/* −∞ */
			memcpy(s + w->codes, p.w->bias + w->codes,
			       (j->scores - (size_t)w->codes) * sizeof *s);
			best = kernel->best(s, (int)j->scores);
			size_t at = (first + row) * (size_t)j->codebooks + (size_t)n;
			const float *word = w->codebook +
			                    ((size_t)n * (size_t)w->codes + (size_t)best) * width;
			j->codes[at] = (int16_t)best;
			if (j->margin)
				j->margin[at] = w->codes < 2 ? INFINITY
				                             : margin_of(s, w->codes, best, x, w->width);
			for (size_t d = 0; d < width; d++)
				x[d] -= word[d];
		}
	}
}

gb_status gb_encodec_quantise(const gb_encodec_weights *w, const float *latents, size_t frames, int codebooks,
                              int16_t *codes, float *margin, gb_pool *pool, gb_err *err)
{
	size_t scores = (size_t)gb_whole(w->codes, gb_encodec_kernel_of_class()->lanes);
	job j = {w,     latents, frames, codebooks, codes, margin, NULL, BLOCK * ((size_t)w->width + scores),
	         scores};

	if (codebooks < 1 || codebooks > w->codebooks)
		return gb_fail(err, GB_USAGE, "%d codebooks: these weights have 1 to %d", codebooks,
		               w->codebooks);
	if (!(j.room = gb_array(j.room_each * (size_t)gb_pool_threads(pool), sizeof(float), err)))
		return GB_SYSTEM;
	gb_pool_run(pool, (frames + BLOCK - 1) / BLOCK, quantise_block, &j);
	free(j.room);
	return GB_OK;
}

gb_status gb_encodec_dequantise(const gb_encodec_weights *w, const int16_t *codes, size_t frames,
                                int codebooks, float *latents, gb_err *err)
{
	size_t width = (size_t)w->width;

	if (codebooks < 1 || codebooks > w->codebooks)
		return gb_fail(err, GB_DATA, "%d codebooks: these weights have 1 to %d", codebooks,
		               w->codebooks);
	for (size_t f = 0; f < frames; f++) {
		float *x = latents + f * width;
		memset(x, 0, width * sizeof *x);
		for (int n = 0; n < codebooks; n++) {
			int code = codes[f * (size_t)codebooks + (size_t)n];
			if (code < 0 || code >= w->codes)
				return gb_fail(err, GB_DATA,
				               "frame %zu, codebook %d: code %d, 0 to %d is wanted", f, n,
				               code, w->codes - 1);
			for (size_t d = 0; d < width; d++)
				x[d] += w->codebook[((size_t)n * (size_t)w->codes + (size_t)code) * width +
				                    d];
		}
	}
	return GB_OK;
}
