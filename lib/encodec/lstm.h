/* SPDX-License-Identifier: MIT */
/* lstm.h: one layer of an LSTM on time-major rows that come in pieces of any
 * size.  Private to encodec/.
 *
 * A step needs the whole step before it and reads all recurrent weights, more than
 * a core's own cache holds.  Up to four threads share each step, so that each keeps
 * its part of the weights in its cache.  Units are independent within a step: the
 * number of threads changes no bit. */
#ifndef GB_ENCODEC_LSTM_H
#define GB_ENCODEC_LSTM_H

#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

typedef struct gb_lstm_state {
	const gb_lstm *lstm;
	int layer;
	size_t step;
	float *h[2], *c;      /* [room] */
	float *gates;         /* [rows that run at once, 4 · room] */
} gb_lstm_state;

/* Begins with zeros.  Close accepts a state that is all zero. */
GB_CHECK gb_status gb_lstm_state_open(gb_lstm_state *s, const gb_lstm *lstm, int layer, gb_err *err);
void gb_lstm_state_close(gb_lstm_state *s);
/* X, OUT [rows, width]; may be in place.  POOL may be NULL. */
void gb_lstm_run(gb_lstm_state *s, const float *x, size_t rows, float *out, gb_pool *pool);

GB_END_DECLS
#endif
