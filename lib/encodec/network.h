/* SPDX-License-Identifier: MIT */
/* network.h: the encoder and the decoder, a tile at a time.  Private to encodec/. */
#ifndef GB_ENCODEC_NETWORK_H
#define GB_ENCODEC_NETWORK_H

#include "encodec/layers.h"

GB_BEGIN_DECLS

#define GB_ENCODEC_TILE 64 /* frames of a tile: more than any layer's context, and a whole block everywhere */

typedef struct gb_residual_state { gb_conv_state narrow, widen, shortcut; } gb_residual_state;

typedef struct gb_encoder_net {
	const gb_encodec_weights *w;
	size_t samples;       /* of a full tile */
	gb_conv_state in, out, down[GB_ENCODEC_STAGES_MAX];
	gb_residual_state block[GB_ENCODEC_STAGES_MAX];
	gb_lstm_state lstm;
	float *a, *b;         /* activations of the widest layer */
} gb_encoder_net;

GB_CHECK gb_status gb_encoder_net_open(gb_encoder_net *net, const gb_encodec_weights *w, size_t samples, gb_err *err);
void gb_encoder_net_close(gb_encoder_net *net);
/* Floats that LATENTS must have room for. */
size_t gb_encoder_net_room(const gb_encoder_net *net);
/* X [samples, channels]; returns frames. */
size_t gb_encoder_net_run(gb_encoder_net *net, const float *x, size_t samples, bool first, bool last, float *latents,
                          gb_pool *pool);

typedef struct gb_decoder_net {
	const gb_encodec_weights *w;
	gb_conv_state in, out;
	gb_up_state up[GB_ENCODEC_STAGES_MAX];
	gb_residual_state block[GB_ENCODEC_STAGES_MAX];
	gb_lstm_state lstm;
	float *a, *b;
} gb_decoder_net;

GB_CHECK gb_status gb_decoder_net_open(gb_decoder_net *net, const gb_encodec_weights *w, size_t frames, gb_err *err);
void gb_decoder_net_close(gb_decoder_net *net);
size_t gb_decoder_net_room(const gb_decoder_net *net);
/* Returns samples; OUT [samples, channels]. */
size_t gb_decoder_net_run(gb_decoder_net *net, const float *latents, size_t frames, bool first, bool last, float *out,
                          gb_pool *pool);

GB_END_DECLS
#endif
