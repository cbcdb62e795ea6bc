/* SPDX-License-Identifier: MIT */
/* encodec.h: sound to codes and back (Défossez et al. 2022, arXiv:2210.13438).
 *
 * 24 kHz: mono, causal, a stream of any length in bounded memory: put samples
 * in pieces of any size; the frames are the same bytes for any pieces and any
 * number of threads.  Frames = ceil(samples / hop).
 *
 * Time-major: latents and codes are [frame, …] here. */
#ifndef GB_ENCODEC_ENCODEC_H
#define GB_ENCODEC_ENCODEC_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* FRAMES frames, in order: LATENTS [frames, width]. */
typedef gb_status gb_latents_fn(void *context, const float *latents, size_t frames, gb_err *err);
/* COUNT samples, in order. */
typedef gb_status gb_samples_fn(void *context, const float *samples, size_t count, gb_err *err);

GB_END_DECLS
#endif
