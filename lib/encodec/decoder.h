/* SPDX-License-Identifier: MIT */
/* decoder.h: latent frames or codes → sound. */
#ifndef GB_ENCODEC_DECODER_H
#define GB_ENCODEC_DECODER_H

#include "encodec/encodec.h"

GB_BEGIN_DECLS

typedef struct gb_decoder gb_decoder;

GB_CHECK gb_status gb_decoder_open(gb_decoder **decoder, const gb_encodec_weights *weights,
                                   gb_samples_fn *sink, void *context, gb_pool *pool, gb_err *err);
/* Latents as the quantiser gives them. */
GB_CHECK gb_status gb_decoder_put(gb_decoder *decoder, const float *latents, size_t frames, gb_err *err);
GB_CHECK gb_status gb_decoder_finish(gb_decoder *decoder, gb_err *err);
void gb_decoder_close(gb_decoder *decoder);
GB_CHECK gb_status gb_encodec_decode_chunk(const gb_encodec_weights *weights, const float *latents,
                                           size_t frames, float *out, gb_err *err);

GB_END_DECLS
#endif
