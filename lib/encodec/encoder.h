/* SPDX-License-Identifier: MIT */
/* encoder.h: sound → latent frames. */
#ifndef GB_ENCODEC_ENCODER_H
#define GB_ENCODEC_ENCODER_H

#include "encodec/encodec.h"

GB_BEGIN_DECLS

typedef struct gb_encoder gb_encoder;

GB_CHECK gb_status gb_encoder_open(gb_encoder **encoder, const gb_encodec_weights *weights,
                                   gb_latents_fn *sink, void *context, gb_pool *pool, gb_err *err);
GB_CHECK gb_status gb_encoder_put(gb_encoder *encoder, const float *samples, size_t count, gb_err *err);
/* The end of the sound: the last frames. */
GB_CHECK gb_status gb_encoder_finish(gb_encoder *encoder, gb_err *err);
void gb_encoder_close(gb_encoder *encoder);
/* One chunk of the 48 kHz model as a whole: X [samples, channels] (already divided by its scale) to LATENTS
 * [ceil(samples/hop), width] and back to OUT [frames·hop, channels]. */
GB_CHECK gb_status gb_encodec_encode_chunk(const gb_encodec_weights *weights, const float *x, size_t samples,
                                           float *latents, gb_err *err);

GB_END_DECLS
#endif
