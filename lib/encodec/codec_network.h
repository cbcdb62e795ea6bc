/* SPDX-License-Identifier: MIT */
/* codec_network.h: what lies outside the LSTM, on either side: the front makes a row
 * a frame from samples, the back makes samples from rows.  Private to encodec/.
 *
 * Neither looks far: a tile of a sound can be computed by itself from its own
 * input and a little before it (the lead).  Layers with many samples and few
 * channels run in short pieces, so that what they hand on stays in the cache. */
#ifndef GB_ENCODEC_CODEC_NETWORK_H
#define GB_ENCODEC_CODEC_NETWORK_H

#include "encodec/layers.h"

GB_BEGIN_DECLS

typedef struct gb_front {
	const gb_encodec_weights *w;
	size_t piece;            /* samples that the first layer is given at once */
	gb_conv_state in, down[GB_ENCODEC_STAGES_MAX];
	gb_residual_state block[GB_ENCODEC_STAGES_MAX];
	size_t batch[GB_ENCODEC_STAGES_MAX]; /* rows that a stage waits for */
} gb_front;

/* MOST samples in one run; with norm they are one chunk, whole. */
GB_CHECK gb_status gb_front_open(gb_front *front, const gb_encodec_weights *w, size_t most, gb_err *err);
void gb_front_close(gb_front *front);
/* Samples before a tile that its first frame looks at. */
size_t gb_front_lead(const gb_encodec_weights *w);
/* Frames that the first run must have: the start of a sound is padded with what follows it. */
size_t gb_front_least(const gb_encodec_weights *w);
/* X [samples, channels], from the start of a sound (FIRST) or the lead before a frame, to its end (LAST) or
 * the end of a frame: OUT [frames, width of the LSTM]; returns frames. */
size_t gb_front_run(gb_front *front, const float *x, size_t samples, bool first, bool last, float *out);

typedef struct gb_decoder_network {
	const gb_encodec_weights *w;
	gb_queue up[GB_ENCODEC_STAGES_MAX]; /* one row of context */
	gb_residual_state block[GB_ENCODEC_STAGES_MAX];
	gb_conv_state out;
	size_t batch[GB_ENCODEC_STAGES_MAX];
	float *whole;            /* with norm: a transposed convolution before it is trimmed */
} gb_decoder_network;

/* MOST rows in one run. */
GB_CHECK gb_status gb_decoder_network_open(gb_decoder_network *back, const gb_encodec_weights *w, size_t most,
                                           gb_err *err);
void gb_decoder_network_close(gb_decoder_network *back);
/* Rows before a tile that its first sample looks at; *SPARE: samples that they give before the tile's
 * first. */
size_t gb_decoder_network_lead(const gb_encodec_weights *w, size_t *spare);
/* X [frames, width of the LSTM], as ELU; OUT [samples, channels]; returns samples. */
size_t gb_decoder_network_run(gb_decoder_network *back, const float *x, size_t frames, bool first, bool last,
                              float *out);

GB_END_DECLS
#endif
