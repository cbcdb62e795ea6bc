/* SPDX-License-Identifier: MIT */
/* layers.h: the layers of EnCodec on tiles of time-major rows [row, channel].
 *
 * A stream is cut into tiles of a fixed number of latent frames; a layer keeps
 * what it needs of the tile before.  A product's shape depends on the layer
 * only (blocks of rows, the last one padded), so the bits do not depend on how
 * the samples arrive, nor on the pool. */
#ifndef GB_ENCODEC_LAYERS_H
#define GB_ENCODEC_LAYERS_H

#include "base/pool.h"
#include "encodec/weights.h"

GB_BEGIN_DECLS

/* Input side of a convolution: `before` rows of context, then the tile. */
typedef struct gb_conv_state {
	const gb_conv *conv;
	int before, after;    /* padding; after is 0 in the causal model */
	size_t rows;          /* of a full tile */
	float *buffer;        /* [before + rows + slack, in] */
	size_t capacity;      /* rows of the buffer */
} gb_conv_state;

GB_CHECK gb_status gb_conv_state_open(gb_conv_state *state, const gb_conv *conv, size_t rows, bool causal, gb_err *err);
void gb_conv_state_close(gb_conv_state *state);
/* Where the tile's rows are to be written before gb_conv_run. */
static inline float *gb_conv_input(gb_conv_state *state) { return state->buffer + (size_t)state->before * state->conv->in; }
/* ROWS rows stand there (a full tile unless LAST): OUT gets ceil(rows/stride) rows, and may be written up
 * to gb_conv_out_rows.  Padding by reflection at the true ends; then the layer's norm, if it has one. */
size_t gb_conv_run(gb_conv_state *state, size_t rows, bool first, bool last, float *out, gb_pool *pool);
/* Rows that OUT must have room for. */
size_t gb_conv_out_rows(const gb_conv_state *state);

/* Transposed: the same with one row of context before, none reflected. */
typedef struct gb_up_state {
	const gb_conv *conv;
	bool causal;
	size_t rows;
	float *buffer;        /* [1 + rows + slack, in] */
} gb_up_state;

GB_CHECK gb_status gb_up_state_open(gb_up_state *state, const gb_conv *conv, size_t rows, bool causal, gb_err *err);
void gb_up_state_close(gb_up_state *state);
static inline float *gb_up_input(gb_up_state *state) { return state->buffer + state->conv->in; }
/* OUT has room for gb_up_out_rows rows; returns rows·stride; *OFFSET: the row of OUT where they begin. */
size_t gb_up_run(gb_up_state *state, size_t rows, bool first, float *out, size_t *offset, gb_pool *pool);
size_t gb_up_out_rows(const gb_up_state *state);

/* Two layers; X [rows, width] ← lstm(X) + X. */
typedef struct gb_lstm_state {
	const gb_lstm *lstm;
	size_t rows;
	float *h[2], *c[2];   /* [width] */
	float *gates;         /* [rows, 4·width] */
	float *y;             /* [rows, width] */
} gb_lstm_state;

GB_CHECK gb_status gb_lstm_state_open(gb_lstm_state *state, const gb_lstm *lstm, size_t rows, gb_err *err);
void gb_lstm_state_close(gb_lstm_state *state);
void gb_lstm_state_reset(gb_lstm_state *state);
void gb_lstm_run(gb_lstm_state *state, float *x, size_t rows, gb_pool *pool);

/* OUT = x where x > 0, else e^x − 1.  May be in place. */
void gb_elu(const float *x, float *out, size_t count, gb_pool *pool);
/* One group over all rows and channels of X, epsilon 1e-5, in place; no-op for a convolution without one. */
void gb_group_norm(const gb_conv *conv, float *x, size_t rows);

GB_END_DECLS
#endif
