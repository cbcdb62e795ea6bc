/* SPDX-License-Identifier: MIT */
/* quantise.h: latent frames ⇄ codes of the residual vector quantiser. */
#ifndef GB_ENCODEC_QUANTISE_H
#define GB_ENCODEC_QUANTISE_H

#include "encodec/encodec.h"

GB_BEGIN_DECLS

/* Residual vector quantisation: CODES [frames, codebooks], nearest codeword by Euclidean distance, lowest
 * index of equals.  MARGIN (may be NULL) [frames, codebooks]: second-best distance minus best. */
GB_CHECK gb_status gb_encodec_quantise(const gb_encodec_weights *weights, const float *latents, size_t frames,
                                       int codebooks, int16_t *codes, float *margin, gb_pool *pool,
                                       gb_err *err);
/* LATENTS [frames, width]: the sum of the codewords.  GB_DATA for a code out of range. */
GB_CHECK gb_status gb_encodec_dequantise(const gb_encodec_weights *weights, const int16_t *codes,
                                         size_t frames, int codebooks, float *latents, gb_err *err);

GB_END_DECLS
#endif
