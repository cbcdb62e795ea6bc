/* SPDX-License-Identifier: MIT */
#include "audio/mel_invert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "audio/mel_bank.h"

/* Blocks of BLOCK frames begin STRIDE frames apart; FADE frames in the middle of
 * what two share are faded, so that the poor edges of each are never heard. */
enum { STRIDE = 512, OVERLAP = 64, BLOCK = STRIDE + OVERLAP, EDGE = 16, AT_ONCE = 8 };

static const float momentum = 0.99f;

typedef struct block {
	int64_t first;          /* frame */
	int frames;
	int64_t origin, length; /* index of signal[0]; samples */
	float *values;          /* [BLOCK, bands] */
	float *amplitude;       /* [BLOCK, bins] */
	float *phase, *before;  /* [BLOCK, bins] re, im: the estimate; the spectrum one step ago */
	float *signal, *weight; /* [capacity] */
	float *frame;           /* [window] */
} block;

typedef struct inversion {
	gb_mel_bank *bank;
	gb_mel_scratch **scratch;
	int64_t frames;
	int iterations;
	size_t bins, window, capacity;
	block block[AT_ONCE];
} inversion;

static int64_t window_start(const inversion *v, int64_t frame)
{
	return gb_mel_bank_position(v->bank, frame + 1) - (int64_t)v->window;
}

static gb_status block_make(const inversion *v, block *b, gb_err *err)
{
	b->values = gb_array((size_t)BLOCK * (size_t)gb_mel_bank_bands(v->bank), sizeof(float), err);
	b->amplitude = gb_array(BLOCK * v->bins, sizeof(float), err);
	b->phase = gb_array(BLOCK * v->bins * 2, sizeof(float), err);
	b->before = gb_array(BLOCK * v->bins * 2, sizeof(float), err);
	b->signal = gb_array(v->capacity, sizeof(float), err);
	b->weight = gb_array(v->capacity, sizeof(float), err);
	b->frame = gb_array(v->window, sizeof(float), err);
	return b->values && b->amplitude && b->phase && b->before && b->signal && b->weight && b->frame
	           ? GB_OK
	           : GB_SYSTEM;
}

static void block_free(block *b)
{
	free(b->values);
	free(b->amplitude);
	free(b->phase);
	free(b->before);
	free(b->signal);
	free(b->weight);
	free(b->frame);
}

/* Phases begin at random: equal ones, such as zeros, would make a train of pulses. */
static void begin(const inversion *v, block *b, gb_mel_scratch *scratch)
{
	const double *shape = gb_mel_bank_shape(v->bank);
	int bands = gb_mel_bank_bands(v->bank);

	memset(b->before, 0, BLOCK * v->bins * 2 * sizeof(float));
	memset(b->weight, 0, v->capacity * sizeof(float));
	for (int f = 0; f < b->frames; f++) {
		int64_t at = window_start(v, b->first + f) - b->origin;
		gb_rng rng = gb_rng_at(0, (uint32_t)(b->first + f), (uint32_t)((b->first + f) >> 32), 0);

		gb_mel_bank_amplitude(v->bank, scratch, b->values + (size_t)f * (size_t)bands,
		                      b->amplitude + (size_t)f * v->bins);
		for (size_t k = 0; k < v->bins; k++) {
			double angle = 2 * M_PI * gb_rng_uniform(&rng);
			float *p = b->phase + 2 * ((size_t)f * v->bins + k);

			p[0] = (float)cos(angle);
			p[1] = (float)sin(angle);
		}
		for (size_t i = 0; i < v->window; i++)
			b->weight[at + (int64_t)i] += (float)(shape[i] * shape[i]);
	}
}

/* The sound of the amplitudes with the current phases. */
static void synthesise(const inversion *v, block *b, gb_mel_scratch *scratch)
{
	memset(b->signal, 0, (size_t)b->length * sizeof(float));
	for (int f = 0; f < b->frames; f++) {
		float *p = b->phase + 2 * (size_t)f * v->bins, *a = b->amplitude + (size_t)f * v->bins;
		float *to = b->signal + (window_start(v, b->first + f) - b->origin);

		for (size_t k = 0; k < v->bins; k++) {
			p[2 * k] *= a[k];
			p[2 * k + 1] *= a[k];
		}
		gb_mel_bank_backward(v->bank, scratch, p, b->frame);
		for (size_t i = 0; i < v->window; i++)
			to[i] += b->frame[i];
	}
	for (int64_t i = 0; i < b->length; i++)
		b->signal[i] = b->weight[i] > 1e-4f ? b->signal[i] / b->weight[i] : 0;
}

/* The phases of that sound, extrapolated along their last change. */
static void rephase(const inversion *v, block *b, gb_mel_scratch *scratch)
{
	for (int f = 0; f < b->frames; f++) {
		float *p = b->phase + 2 * (size_t)f * v->bins, *was = b->before + 2 * (size_t)f * v->bins;

		gb_mel_bank_forward(v->bank, scratch, b->signal + (window_start(v, b->first + f) - b->origin),
		                    p);
		for (size_t k = 0; k < v->bins; k++) {
			float re = p[2 * k], im = p[2 * k + 1];
			float x = re + momentum * (re - was[2 * k]),
			      y = im + momentum * (im - was[2 * k + 1]);
			float size = sqrtf(x * x + y * y);

			was[2 * k] = re;
			was[2 * k + 1] = im;
			p[2 * k] = size > 0 ? x / size : 1;
			p[2 * k + 1] = size > 0 ? y / size : 0;
		}
	}
}

static void block_run(void *context, size_t tile, int worker)
{
	inversion *v = context;
	block *b = v->block + tile;

	begin(v, b, v->scratch[worker]);
	for (int step = 0; step < v->iterations; step++) {
		synthesise(v, b, v->scratch[worker]);
		rephase(v, b, v->scratch[worker]);
	}
	synthesise(v, b, v->scratch[worker]);
}

static void place_block(const inversion *v, block *b, int64_t first)
{
	b->first = first;
	b->frames = (int)(v->frames - first < BLOCK ? v->frames - first : BLOCK);
	b->origin = window_start(v, first);
	b->length = gb_mel_bank_position(v->bank, first + b->frames) - b->origin;
}

/* Write the samples that B alone decides.  Its beginning is faded with TAIL, where
 * the block before left its samples of the overlap; B leaves its own there. */
static gb_status write_block(const inversion *v, const block *b, float *tail,
                             const gb_mel_inversion *wanted, gb_err *err)
{
	bool last = b->first + b->frames == v->frames;
	int64_t from = gb_mel_bank_position(v->bank, b->first ? b->first + EDGE : 0);
	int64_t faded = b->first ? gb_mel_bank_position(v->bank, b->first + OVERLAP - EDGE) : from;
	int64_t to = gb_mel_bank_position(v->bank, last ? v->frames : b->first + STRIDE + EDGE);
	float *s = b->signal + (from - b->origin); /* the sample FROM */

	faded = faded < to ? faded : to;
	for (int64_t i = from; i < faded; i++) {
		double x = ((double)(i - from) + 0.5) / (double)(faded - from) * M_PI / 2;

		s[i - from] = (float)((double)s[i - from] * sin(x) + (double)tail[i - from] * cos(x));
	}
	if (!last) {
		int64_t end = gb_mel_bank_position(v->bank, b->first + STRIDE + OVERLAP - EDGE);

		end = end < b->origin + b->length ? end : b->origin + b->length;
		memcpy(tail, s + (to - from), (size_t)(end - to) * sizeof *tail);
	}
	return wanted->sink(wanted->sink_context, s, (size_t)(to - from), err);
}

static gb_status prepare(inversion *v, const gb_mel_options *options, int workers, gb_err *err)
{
	gb_status status = gb_mel_bank_new(&v->bank, options, err);

	if (status)
		return status;
	v->window = (size_t)gb_mel_bank_window(v->bank);
	v->bins = (size_t)gb_mel_bank_fft_length(v->bank) / 2 + 1;
	v->capacity = (size_t)gb_mel_bank_position(v->bank, BLOCK) + v->window + 2;
	return gb_mel_scratch_new(&v->scratch, v->bank, workers, err);
}

/* A last block that lies within the overlap would add no frame. */
static int64_t blocks_of(int64_t frames)
{
	return frames <= BLOCK ? frames > 0 : (frames - OVERLAP + STRIDE - 1) / STRIDE;
}

gb_status gb_mel_invert(const gb_mel_options *options, const gb_mel_inversion *wanted, gb_pool *pool,
                        gb_err *err)
{
	inversion v = {.frames = wanted->frames, .iterations = wanted->iterations};
	int64_t blocks = blocks_of(wanted->frames);
	float *tail = NULL;
	gb_status status = prepare(&v, options, gb_pool_threads(pool), err);

	if (!status && !(tail = gb_array(v.capacity, sizeof *tail, err)))
		status = GB_SYSTEM;
	for (int i = 0; i < AT_ONCE && i < blocks && !status; i++)
		status = block_make(&v, v.block + i, err);
	for (int64_t done = 0; done < blocks && !status; done += AT_ONCE) {
		int count = (int)(blocks - done < AT_ONCE ? blocks - done : AT_ONCE);

		for (int i = 0; i < count && !status; i++) {
			place_block(&v, v.block + i, (done + i) * STRIDE);
			status = wanted->source(wanted->source_context, v.block[i].first,
			                        (size_t)v.block[i].frames, v.block[i].values, err);
		}
		if (!status)
			gb_pool_run(pool, (size_t)count, block_run, &v);
		for (int i = 0; i < count && !status; i++)
			status = write_block(&v, v.block + i, tail, wanted, err);
	}
	for (int i = 0; i < AT_ONCE; i++)
		block_free(v.block + i);
	gb_mel_scratch_free(v.scratch, gb_pool_threads(pool));
	gb_mel_bank_free(v.bank);
	free(tail);
	return status;
}
