/* SPDX-License-Identifier: MIT */
/* mel_invert.h: a sound whose mel spectrum is close to the one given.
 *
 * Amplitudes are found by non-negative least squares, phases by the fast
 * Griffin-Lim algorithm (Perraudin et al. 2013).  Blocks of frames are inverted
 * alone and faded into each other, so that memory does not grow with the sound.
 * N frames give the floor(N·hop·rate) samples that they cover. */
#ifndef GB_AUDIO_MEL_INVERT_H
#define GB_AUDIO_MEL_INVERT_H

#include "audio/mel.h"

GB_BEGIN_DECLS

/* VALUES [count, bands] of frames FIRST …; any frame may be asked for more than once. */
typedef gb_status gb_mel_source_fn(void *context, int64_t first, size_t count, float *values, gb_err *err);
typedef gb_status gb_mel_sink_fn(void *context, const float *samples, size_t count, gb_err *err);

typedef struct gb_mel_inversion {
	int64_t frames;
	int iterations; /* at least 1 */
	gb_mel_source_fn *source;
	void *source_context;
	gb_mel_sink_fn *sink;
	void *sink_context;
} gb_mel_inversion;

/* Same bits for any POOL. */
GB_CHECK gb_status gb_mel_invert(const gb_mel_options *options, const gb_mel_inversion *inversion,
                                 gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
