/* SPDX-License-Identifier: MIT */
/* mel.h: log-mel spectrum of a sound.
 *
 * Frame j covers the hop [j·hop, (j+1)·hop) of the sound.  Its periodic Hann window
 * ends where the hop ends, so that a frame never depends on later samples.  Silence
 * precedes the sound and fills its last hop.  N samples make ceil(N/(hop·rate))
 * frames.
 *
 * P(k) = |FFT(window · samples)|² / Σ window², band b = Σ_k w_b(k) P(k), value =
 * ln(1 + 10^10 · band): 0 is silence.  The bands are triangles of height 1 on
 * Slaney's mel scale (Auditory Toolbox, 1998: linear to 1 kHz, then 27 steps to a
 * factor 6.4), with corners evenly spaced on it from 0 to rate/2. */
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

int gb_mel_bands(const gb_mel *mel);
int gb_mel_fft_length(const gb_mel *mel);
int64_t gb_mel_position(const gb_mel *mel, int64_t frame); /* first sample: floor(frame·hop·rate) */
int64_t gb_mel_frames(const gb_mel *mel, int64_t samples); /* how many frames SAMPLES make */

/* Put the samples in order, in pieces of any size, then call gb_mel_end. */
GB_CHECK gb_status gb_mel_put(gb_mel *mel, const float *samples, size_t count, gb_err *err);
void gb_mel_end(gb_mel *mel);
/* Take up to CAPACITY of the frames that the samples put so far complete: VALUES
 * [frames, bands].  Same bits for any sizes of pieces and any POOL. */
GB_CHECK gb_status gb_mel_take(gb_mel *mel, float *values, size_t capacity, size_t *got, gb_pool *pool,
                               gb_err *err);

GB_END_DECLS
#endif
