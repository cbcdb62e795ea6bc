/* SPDX-License-Identifier: MIT */
/* quantise.h: residual vector quantisation: from latents to codes and back.
 * Latents [frames, width] and codes [frames, codebooks] are time-major. */
#ifndef GB_ENCODEC_QUANTISE_H
#define GB_ENCODEC_QUANTISE_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* Each code is the nearest codeword by Euclidean distance, the lowest index of equals.  MARGIN (may be NULL)
 * [frames, codebooks]: the distance of the second-best codeword minus that of the best.  GB_USAGE: the
 * weights have fewer CODEBOOKS. */
GB_CHECK gb_status gb_encodec_quantise(const gb_encodec_weights *weights, const float *latents, size_t frames,
                                       int codebooks, int16_t *codes, float *margin, gb_pool *pool,
                                       gb_err *err);
/* Each latent is the sum of its codewords.  GB_DATA: a code is out of range. */
GB_CHECK gb_status gb_encodec_dequantise(const gb_encodec_weights *weights, const int16_t *codes,
                                         size_t frames, int codebooks, float *latents, gb_err *err);

GB_END_DECLS
#endif
