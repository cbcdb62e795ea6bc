/* SPDX-License-Identifier: MIT */
/* layers.h: the layers of EnCodec on time-major rows [row, channel] that come
 * in pieces of any size.  Private to encodec/.
 *
 * A convolution has a queue of rows; it computes every output whose window is
 * there, and keeps what the next one needs.  Its state begins at the start of a
 * sound (padding by reflection) or within one, where the first rows put are the
 * context of the first output. */
#ifndef GB_ENCODEC_LAYERS_H
#define GB_ENCODEC_LAYERS_H

#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* Rows LD floats apart; ROW NULL: not wanted. */
typedef struct gb_rows { float *row; size_t ld; } gb_rows;

typedef struct gb_queue {
	gb_rows at;
	size_t width, have, room; /* rows */
} gb_queue;

typedef struct gb_conv_state {
	const gb_conv *conv;
	int before, after;    /* padding; after is 0 in the causal model */
	/* beside: rows that are kept in step with those of `in` (a residual block's shortcut) */
	gb_queue in, beside;
	bool begun;           /* rows before the first one are there */
} gb_conv_state;

/* Room for ROWS waiting rows, besides padding.  Close accepts a state that is all zero. */
GB_CHECK gb_status gb_conv_state_open(gb_conv_state *s, const gb_conv *conv, size_t rows, bool causal,
                                      bool beside, gb_err *err);
void gb_conv_state_close(gb_conv_state *s);
void gb_conv_state_start(gb_conv_state *s, bool at_start);
/* Where the next row is to be written.  Call gb_conv_state_add after writing COUNT rows. */
gb_rows gb_conv_tail(const gb_conv_state *s);
gb_rows gb_conv_tail_beside(const gb_conv_state *s);
void gb_conv_state_add(gb_conv_state *s, size_t count);
/* Copy COUNT rows [count, in] to the queue. */
void gb_conv_fill(gb_conv_state *s, const float *x, size_t count);
/* How many outputs can be computed.  LAST (once): the sound ends here and is padded. */
size_t gb_conv_ready(gb_conv_state *s, bool last);
/* Compute FRAMES outputs, normed if the layer has a norm, as they are (RAW) and after ELU.  The queue keeps
 * its rows.  POOL may be NULL. */
void gb_conv_run(const gb_conv_state *s, size_t frames, gb_rows raw, gb_rows elu, gb_pool *pool);
void gb_conv_take(gb_conv_state *s, size_t frames);

/* PRODUCT, then the norm of CONV if it has one. */
void gb_layer_run(const gb_conv *conv, gb_product *product, gb_rows raw, gb_rows elu, gb_pool *pool);

/* widen(ELU(narrow(ELU(x)))) + shortcut(x), where the shortcut is a 1 × 1 convolution.  Callers write ELU(x)
 * to the queue of NARROW and x beside it. */
typedef struct gb_residual_state {
	const gb_residual *block;
	gb_conv_state narrow;
	float *hidden, *shortcut;
} gb_residual_state;

GB_CHECK gb_status gb_residual_state_open(gb_residual_state *s, const gb_residual *block, size_t rows,
                                          bool causal, gb_err *err);
void gb_residual_state_close(gb_residual_state *s);
/* Compute all rows that are ready, after ELU; returns their number. */
size_t gb_residual_run(gb_residual_state *s, bool last, gb_rows elu);

/* X [count] becomes ELU(x + y). */
void gb_add_elu(float *x, const float *y, size_t count);

GB_END_DECLS
#endif
