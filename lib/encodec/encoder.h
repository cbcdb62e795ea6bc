/* SPDX-License-Identifier: MIT */
/* encoder.h: from sound to the latents of EnCodec (Défossez et al. 2022,
 * arXiv:2210.13438).
 *
 * The 24 kHz model is mono and causal, and encodes a stream of any length in
 * bounded memory.  Samples may be put in pieces of any size: the latents have
 * the same bits for all pieces and all numbers of threads.  N samples make
 * ceil(N/hop) frames.  Latents are time-major: [frame, width]. */
#ifndef GB_ENCODEC_ENCODER_H
#define GB_ENCODEC_ENCODER_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* Receives FRAMES frames, in order: LATENTS [frames, width]. */
typedef gb_status gb_latents_fn(void *context, const float *latents, size_t frames, gb_err *err);

typedef struct gb_encoder gb_encoder;

/* GB_DATA: the weights are those of the stereo model. */
GB_CHECK gb_status gb_encoder_open(gb_encoder **encoder, const gb_encodec_weights *weights,
                                   gb_latents_fn *sink, void *context, gb_pool *pool, gb_err *err);
GB_CHECK gb_status gb_encoder_put(gb_encoder *encoder, const float *samples, size_t count, gb_err *err);
/* The sound ends here: gives the last frames to the sink. */
GB_CHECK gb_status gb_encoder_finish(gb_encoder *encoder, gb_err *err);
void gb_encoder_close(gb_encoder *encoder); /* accepts NULL */

/* One chunk of the 48 kHz model: X [samples, channels], already divided by its loudness, gives LATENTS
 * [ceil(samples/hop), width]. */
GB_CHECK gb_status gb_encodec_encode_chunk(const gb_encodec_weights *weights, const float *x, size_t samples,
                                           float *latents, gb_err *err);

GB_END_DECLS
#endif
