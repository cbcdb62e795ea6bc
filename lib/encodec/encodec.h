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

typedef struct gb_encoder gb_encoder;

GB_CHECK gb_status gb_encoder_open(gb_encoder **encoder, const gb_encodec_weights *weights,
                                   gb_latents_fn *sink, void *context, gb_pool *pool, gb_err *err);
GB_CHECK gb_status gb_encoder_put(gb_encoder *encoder, const float *samples, size_t count, gb_err *err);
/* The end of the sound: the last frames. */
GB_CHECK gb_status gb_encoder_finish(gb_encoder *encoder, gb_err *err);
void gb_encoder_close(gb_encoder *encoder);

typedef struct gb_decoder gb_decoder;

GB_CHECK gb_status gb_decoder_open(gb_decoder **decoder, const gb_encodec_weights *weights,
                                   gb_samples_fn *sink, void *context, gb_pool *pool, gb_err *err);
/* Latents as the quantiser gives them. */
GB_CHECK gb_status gb_decoder_put(gb_decoder *decoder, const float *latents, size_t frames, gb_err *err);
GB_CHECK gb_status gb_decoder_finish(gb_decoder *decoder, gb_err *err);
void gb_decoder_close(gb_decoder *decoder);

/* One chunk of the 48 kHz model as a whole: X [samples, channels] (already divided by its scale) to LATENTS
 * [ceil(samples/hop), width] and back to OUT [frames·hop, channels]. */
GB_CHECK gb_status gb_encodec_encode_chunk(const gb_encodec_weights *weights, const float *x, size_t samples,
                                           float *latents, gb_err *err);
GB_CHECK gb_status gb_encodec_decode_chunk(const gb_encodec_weights *weights, const float *latents,
                                           size_t frames, float *out, gb_err *err);

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
