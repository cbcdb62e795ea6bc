/* SPDX-License-Identifier: MIT */
/* decoder.h: from the latents of EnCodec back to sound (see encoder.h).
 *
 * The 24 kHz model decodes a stream of any length in bounded memory.  The
 * samples have the same bits for all pieces and all numbers of threads. */
#ifndef GB_ENCODEC_DECODER_H
#define GB_ENCODEC_DECODER_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* Receives COUNT samples, in order. */
typedef gb_status gb_samples_fn(void *context, const float *samples, size_t count, gb_err *err);

typedef struct gb_decoder gb_decoder;

/* GB_DATA: the weights are those of the stereo model. */
GB_CHECK gb_status gb_decoder_open(gb_decoder **decoder, const gb_encodec_weights *weights,
                                   gb_samples_fn *sink, void *context, gb_pool *pool, gb_err *err);
/* LATENTS [frames, width], as gb_encodec_dequantise gives them. */
GB_CHECK gb_status gb_decoder_put(gb_decoder *decoder, const float *latents, size_t frames, gb_err *err);
GB_CHECK gb_status gb_decoder_finish(gb_decoder *decoder, gb_err *err);
void gb_decoder_close(gb_decoder *decoder); /* accepts NULL */

/* One chunk of the 48 kHz model: LATENTS [frames, width] give OUT [frames·hop, channels]. */
GB_CHECK gb_status gb_encodec_decode_chunk(const gb_encodec_weights *weights, const float *latents,
                                           size_t frames, float *out, gb_err *err);

GB_END_DECLS
#endif
