/* SPDX-License-Identifier: MIT */
/* stereo.h: the 48 kHz stereo model as a codec of whole sounds.
 *
 * The sound is cut into chunks of a second, one every 0.99 s.  Each chunk is
 * divided by its loudness and encoded alone.  Decoded chunks are joined by
 * triangular weights over their overlap. */
#ifndef GB_ENCODEC_STEREO_H
#define GB_ENCODEC_STEREO_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

enum { GB_STEREO_RATE = 48000, GB_STEREO_CHUNK = 48000, GB_STEREO_STEP = 47520 /* 99 % of a chunk */ };

typedef struct gb_stereo_codes {
	size_t samples, chunks;
	int codebooks;
	size_t *frames;   /* [chunks] */
	float *scale;     /* [chunks] */
	int16_t *codes;   /* [Σ frames, codebooks] */
} gb_stereo_codes;

/* X [samples, 2], finite.  GB_DATA for weights that are not such a model. */
GB_CHECK gb_status gb_stereo_encode(const gb_encodec_weights *weights, const float *x, size_t samples,
                                    int codebooks, gb_stereo_codes *codes, gb_pool *pool, gb_err *err);
/* OUT [samples, 2]. */
GB_CHECK gb_status gb_stereo_decode(const gb_encodec_weights *weights, const gb_stereo_codes *codes,
                                    float *out, gb_pool *pool, gb_err *err);
void gb_stereo_codes_clear(gb_stereo_codes *codes);

GB_END_DECLS
#endif
