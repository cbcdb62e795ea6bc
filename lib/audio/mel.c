/* SPDX-License-Identifier: MIT */
#include "audio/mel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/mel_bank.h"

struct gb_mel {
	gb_mel_bank *bank;
	gb_rational step;      /* hop in samples */
	float *samples;        /* [held], the first has index HELD_FIRST */
	size_t held, capacity;
	int64_t held_first;    /* may be negative: silence before the sound */
	int64_t put;           /* samples so far */
	int64_t taken;         /* frames so far */
	bool ended;
};

gb_status gb_mel_new(gb_mel **mel, const gb_mel_options *options, gb_err *err)
{
	gb_mel *m = gb_array(1, sizeof *m, err);
	gb_status status;

	*mel = NULL;
	if (!m)
		return GB_SYSTEM;
	status = gb_mel_bank_new(&m->bank, options, err);
	if (!status) {
		m->held = (size_t)gb_mel_bank_window(m->bank);
		m->held_first = -(int64_t)m->held;
		m->capacity = m->held + 65536;
		m->samples = calloc(m->capacity, sizeof *m->samples);
		if (!m->samples)
			status = gb_fail(err, GB_SYSTEM, "out of memory");
	}
	if (status) {
		gb_mel_free(m);
		return status;
	}
	*mel = m;
	return GB_OK;
}

void gb_mel_free(gb_mel *m)
{
	if (!m)
		return;
	gb_mel_bank_free(m->bank);
	free(m->samples);
	free(m);
}

int gb_mel_bands(const gb_mel *m) { return gb_mel_bank_bands(m->bank); }
int gb_mel_fft_length(const gb_mel *m) { return gb_mel_bank_fft_length(m->bank); }
int64_t gb_mel_position(const gb_mel *m, int64_t frame) { return gb_mel_bank_position(m->bank, frame); }

int64_t gb_mel_frames(const gb_mel *m, int64_t samples)
{
	return gb_mel_bank_frames(m->bank, samples);
}

/* Drop what no later frame's window reaches. */
static void forget(gb_mel *m)
{
	int64_t needed = gb_mel_position(m, m->taken + 1) - gb_mel_bank_window(m->bank);
	size_t gone = needed > m->held_first ? (size_t)(needed - m->held_first) : 0;

	gone = gone < m->held ? gone : m->held;
	memmove(m->samples, m->samples + gone, (m->held - gone) * sizeof *m->samples);
	m->held -= gone;
	m->held_first += (int64_t)gone;
}

static gb_status append(gb_mel *m, const float *samples, size_t count, gb_err *err)
{
	if (m->held + count > m->capacity) {
		forget(m);
		if (m->held + count > m->capacity) {
			if (gb_grow(&m->samples, 2 * (m->held + count), sizeof *m->samples, err))
				return GB_SYSTEM;
			m->capacity = 2 * (m->held + count);
		}
	}
	if (samples)
		memcpy(m->samples + m->held, samples, count * sizeof *samples);
	else
		memset(m->samples + m->held, 0, count * sizeof *samples);
	m->held += count;
	return GB_OK;
}

gb_status gb_mel_put(gb_mel *m, const float *samples, size_t count, gb_err *err)
{
	assert(!m->ended);
	m->put += (int64_t)count;
	return append(m, samples, count, err);
}

void gb_mel_end(gb_mel *m) { m->ended = true; }

typedef struct work {
	gb_mel *mel;
	float *values;
	size_t frames;
	gb_mel_scratch **scratch;
} work;

enum { TILE = 32 };

static void tile_run(void *context, size_t tile, int worker)
{
	work *w = context;
	gb_mel *m = w->mel;
	size_t end = (tile + 1) * TILE < w->frames ? (tile + 1) * TILE : w->frames;

	for (size_t f = tile * TILE; f < end; f++) {
		int64_t after = gb_mel_position(m, m->taken + (int64_t)f + 1);
		const float *window = m->samples + (after - gb_mel_bank_window(m->bank) - m->held_first);

		gb_mel_bank_analyse(m->bank, w->scratch[worker], window,
		                    w->values + f * (size_t)gb_mel_bank_bands(m->bank));
	}
}

gb_status gb_mel_take(gb_mel *m, float *values, size_t capacity, size_t *got, gb_pool *pool, gb_err *err)
{
	int64_t ready = m->ended ? gb_mel_frames(m, m->put) : gb_mel_bank_whole(m->bank, m->put);
	work w = {.mel = m, .values = values};
	gb_status status;

	*got = 0;
	if (ready <= m->taken)
		return GB_OK;
	w.frames = (size_t)(ready - m->taken) < capacity ? (size_t)(ready - m->taken) : capacity;
	if (m->ended) {
		int64_t end = gb_mel_position(m, m->taken + (int64_t)w.frames),
			have = m->held_first + (int64_t)m->held;

		if (end > have && append(m, NULL, (size_t)(end - have), err))
			return GB_SYSTEM;
	}
	status = gb_mel_scratch_new(&w.scratch, m->bank, gb_pool_threads(pool), err);
	if (status)
		return status;
	gb_pool_run(pool, (w.frames + TILE - 1) / TILE, tile_run, &w);
	gb_mel_scratch_free(w.scratch, gb_pool_threads(pool));
	m->taken += (int64_t)w.frames;
	forget(m);
	*got = w.frames;
	return GB_OK;
}
