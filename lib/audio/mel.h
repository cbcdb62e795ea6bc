/* SPDX-License-Identifier: MIT */
/* mel.h: log-mel spectrum of a sound, and a sound with such a spectrum.
 *
 * Frame j covers the hop [j·hop, (j+1)·hop) of the sound.  Its periodic Hann window ends
 * where the hop ends, so that a frame never holds what comes after it; before
 * the sound there is silence.  N samples make ceil(N/(hop·rate)) frames, the
 * last hop filled up with silence.
 *
 * P(k) = |FFT(window · samples)|² / Σ window², band b = Σ_k w_b(k) P(k), value =
 * ln(1 + 10^10 · band): 0 is silence.  The bands are triangles of height 1 on
 * Slaney's mel scale (Auditory Toolbox, 1998: linear to 1 kHz, then 27 steps to a
 * factor 6.4), whose corners stand evenly from 0 to rate/2. */
#ifndef GB_AUDIO_MEL_H
#define GB_AUDIO_MEL_H

#include "base/pool.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_mel gb_mel;

typedef struct gb_mel_options {
	int64_t rate;             /* of the sound, Hz */
	int bands;                /* 1 … 1024 */
	gb_rational window, hop;  /* seconds; window ≥ hop > 0 */
} gb_mel_options;

/* GB_USAGE: options out of range. */
GB_CHECK gb_status gb_mel_new(gb_mel **mel, const gb_mel_options *options, gb_err *err);
void gb_mel_free(gb_mel *mel); /* accepts NULL */

int gb_mel_fft_length(const gb_mel *mel);
int64_t gb_mel_position(const gb_mel *mel, int64_t frame); /* floor(frame·hop·rate): its hop's first sample */
int64_t gb_mel_frames(const gb_mel *mel, int64_t samples); /* how many frames SAMPLES make */

/* Samples in, in order, of any size; then end. */
GB_CHECK gb_status gb_mel_put(gb_mel *mel, const float *samples, size_t count, gb_err *err);
void gb_mel_end(gb_mel *mel);
/* Up to CAPACITY complete frames, [frames, bands]: as many as what was put allows.
 * Same bits for any sizes and any POOL. */
GB_CHECK gb_status gb_mel_take(gb_mel *mel, float *values, size_t capacity, size_t *got, gb_pool *pool,
                               gb_err *err);

GB_END_DECLS
#endif
