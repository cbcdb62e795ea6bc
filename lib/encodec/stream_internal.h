/* SPDX-License-Identifier: MIT */
/* stream_internal.h: how a stream is cut into tiles and rounds.  Private to
 * encodec/ and its tests: no size changes a bit of the output. */
#ifndef GB_ENCODEC_STREAM_INTERNAL_H
#define GB_ENCODEC_STREAM_INTERNAL_H

#include "encodec/codec_network.h"
#include "encodec/decoder.h"
#include "encodec/encoder.h"

GB_BEGIN_DECLS

/* TILE: frames of a tile, at least gb_front_least; TILES: tiles of a round. */
typedef struct gb_stream_size { size_t tile, tiles; } gb_stream_size;

/* Tiles are long, so that the deepest weights are read seldom, and a round keeps all threads busy.  Each
 * thread has rows of its own: many threads get shorter tiles, to save memory. */
static inline gb_stream_size gb_stream_size_for(const gb_pool *pool)
{
	size_t threads = (size_t)gb_pool_threads(pool);

	if (threads < 4)
		return (gb_stream_size){256, 4};
	return (gb_stream_size){threads < 18 ? 1024 / threads : 56, threads};
}

/* encoder.c */
GB_CHECK gb_status gb_encoder_open_sized(gb_encoder **encoder, const gb_encodec_weights *weights,
                                         gb_latents_fn *sink, void *context, gb_pool *pool,
                                         gb_stream_size size, gb_err *err);
/* decoder.c */
GB_CHECK gb_status gb_decoder_open_sized(gb_decoder **decoder, const gb_encodec_weights *weights,
                                         gb_samples_fn *sink, void *context, gb_pool *pool,
                                         gb_stream_size size, gb_err *err);

GB_END_DECLS
#endif
