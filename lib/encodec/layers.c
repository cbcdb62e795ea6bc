/* SPDX-License-Identifier: MIT */
#include "encodec/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "signal/linear.h"

enum { BLOCK = 128 }; /* output rows of one product */

static size_t blocks(size_t rows) { return (rows + BLOCK - 1) / BLOCK; }

/* ---- convolution ---- */

gb_status gb_conv_state_open(gb_conv_state *s, const gb_conv *conv, size_t rows, bool causal, gb_err *err)
{
	int total = conv->kernel - conv->stride;

	*s = (gb_conv_state){.conv = conv, .rows = rows};
	s->after = causal ? 0 : total / 2;
	s->before = total - s->after;
	/* The last block reads past the tile: whole blocks of output, and a kernel. */
	s->capacity = (size_t)s->before + blocks((rows + (size_t)conv->stride - 1) / (size_t)conv->stride) * BLOCK * (size_t)conv->stride +
	              (size_t)conv->kernel + (size_t)s->after;
	s->buffer = gb_array(s->capacity * (size_t)conv->in, sizeof *s->buffer, err);
	return s->buffer ? GB_OK : GB_SYSTEM;
}

void gb_conv_state_close(gb_conv_state *s)
{
	free(s->buffer);
	s->buffer = NULL;
}

size_t gb_conv_out_rows(const gb_conv_state *s)
{
	return blocks((s->rows + (size_t)s->conv->stride - 1) / (size_t)s->conv->stride) * BLOCK;
}

typedef struct conv_job {
	const gb_conv *conv;
	const float *in;
	float *out;
} conv_job;

/* One block of output rows: kernel/stride products over shifted rows, so that no column matrix is made. */
static void conv_block(void *context, size_t tile, int worker)
{
	const conv_job *job = context;
	const gb_conv *c = job->conv;
	int step = c->stride * c->in, kernel = c->kernel * c->in;
	const float *in = job->in + tile * BLOCK * (size_t)step;
	float *out = job->out + tile * BLOCK * (size_t)c->out;

	(void)worker;
	for (size_t row = 0; row < BLOCK; row++)
		memcpy(out + row * (size_t)c->out, c->bias, (size_t)c->out * sizeof *out);
	for (int at = 0; at < kernel; at += step) {
		int k = kernel - at < step ? kernel - at : step;
		gb_matrix_product_tile(false, false, BLOCK, (size_t)c->out, (size_t)k, in + at, (size_t)step,
		                       c->weight + (size_t)at * (size_t)c->out, (size_t)c->out, out, (size_t)c->out, true);
	}
}

static void reflect_row(gb_conv_state *s, ptrdiff_t to, ptrdiff_t from)
{
	size_t in = (size_t)s->conv->in;
	float *x = gb_conv_input(s);

	memcpy(x + to * (ptrdiff_t)in, x + from * (ptrdiff_t)in, in * sizeof *x);
}

/* Reflect at the true ends.  A signal that is not longer than the padding is
 * first extended with zeros to one row more than it, reflected, and the
 * extension cut off again at the right. */
static void pad(gb_conv_state *s, size_t rows, bool first, bool last, size_t right)
{
	size_t most = first && (size_t)s->before > right ? (size_t)s->before : right, length = rows;
	size_t in = (size_t)s->conv->in, end = rows + right;

	memset(gb_conv_input(s) + rows * in, 0, (s->capacity - (size_t)s->before - rows) * in * sizeof(float));
	if (first && last && rows <= most)
		length = most + 1;
	if (first)
		for (ptrdiff_t i = 1; i <= s->before; i++)
			reflect_row(s, -i, i);
	if (last)
		for (size_t i = length; i < end; i++)
			reflect_row(s, (ptrdiff_t)i, 2 * (ptrdiff_t)length - 2 - (ptrdiff_t)i);
}

size_t gb_conv_run(gb_conv_state *s, size_t rows, bool first, bool last, float *out, gb_pool *pool)
{
	size_t stride = (size_t)s->conv->stride, frames = (rows + stride - 1) / stride;
	size_t extra = frames * stride - rows, in = (size_t)s->conv->in;
	conv_job job = {s->conv, s->buffer, out};

	pad(s, rows, first, last, last ? (size_t)s->after + extra : 0);
	gb_pool_run(pool, blocks(frames), conv_block, &job);
	gb_group_norm(s->conv, out, frames);
	if (s->before)
		memmove(s->buffer, s->buffer + rows * in, (size_t)s->before * in * sizeof(float));
	return frames;
}

/* ---- transposed convolution ---- */

gb_status gb_up_state_open(gb_up_state *s, const gb_conv *conv, size_t rows, bool causal, gb_err *err)
{
	*s = (gb_up_state){.conv = conv, .rows = rows, .causal = causal};
	s->buffer = gb_array((1 + (blocks(rows + 1) + 1) * BLOCK) * (size_t)conv->in, sizeof *s->buffer, err);
	return s->buffer ? GB_OK : GB_SYSTEM;
}

void gb_up_state_close(gb_up_state *s)
{
	free(s->buffer);
	s->buffer = NULL;
}

size_t gb_up_out_rows(const gb_up_state *s) { return blocks(s->rows + 1) * BLOCK * (size_t)s->conv->stride; }

typedef struct up_job {
	const gb_conv *conv;
	const float *in;
	float *out;
} up_job;

/* Frame t from IN[t−1] and IN[t]: two products, as their rows overlap. */
static void up_block(void *context, size_t tile, int worker)
{
	const up_job *job = context;
	const gb_conv *c = job->conv;
	int wide = c->stride * c->out;
	const float *in = job->in + tile * BLOCK * (size_t)c->in;
	float *out = job->out + tile * BLOCK * (size_t)wide;

	(void)worker;
	for (size_t row = 0; row < BLOCK * (size_t)c->stride; row++)
		memcpy(out + row * (size_t)c->out, c->bias, (size_t)c->out * sizeof *out);
	for (int now = 0; now < 2; now++)
		gb_matrix_product_tile(false, false, BLOCK, (size_t)wide, (size_t)c->in, in + (size_t)now * (size_t)c->in, (size_t)c->in,
		                       c->weight + (size_t)now * (size_t)c->in * (size_t)wide, (size_t)wide, out, (size_t)wide, true);
}

size_t gb_up_run(gb_up_state *s, size_t rows, bool first, float *out, size_t *offset, gb_pool *pool)
{
	size_t in = (size_t)s->conv->in, frames = s->causal ? rows : rows + 1;
	up_job job = {s->conv, s->buffer, out};

	if (first)
		memset(s->buffer, 0, in * sizeof(float));
	memset(gb_up_input(s) + rows * in, 0, (blocks(frames) * BLOCK - rows) * in * sizeof(float));
	gb_pool_run(pool, blocks(frames), up_block, &job);
	/* Norm comes before the trimming of the padding (left gets the larger half). */
	gb_group_norm(s->conv, out, frames * (size_t)s->conv->stride);
	*offset = s->causal ? 0 : (size_t)(s->conv->stride - s->conv->stride / 2);
	memmove(s->buffer, s->buffer + rows * in, in * sizeof(float));
	return rows * (size_t)s->conv->stride;
}

/* ---- LSTM ---- */

gb_status gb_lstm_state_open(gb_lstm_state *s, const gb_lstm *lstm, size_t rows, gb_err *err)
{
	size_t width = (size_t)lstm->width, room = blocks(rows) * BLOCK;

	memset(s, 0, sizeof *s);
	s->lstm = lstm;
	s->rows = rows;
	for (int i = 0; i < 2; i++)
		if (!(s->h[i] = gb_array(width, sizeof(float), err)) || !(s->c[i] = gb_array(width, sizeof(float), err)))
			return GB_SYSTEM;
	if (!(s->gates = gb_array(room * 4 * width, sizeof(float), err)) || !(s->y = gb_array(room * width, sizeof(float), err)))
		return GB_SYSTEM;
	return GB_OK;
}

void gb_lstm_state_close(gb_lstm_state *s)
{
	for (int i = 0; i < 2; i++) {
		free(s->h[i]);
		free(s->c[i]);
	}
	free(s->gates);
	free(s->y);
	memset(s, 0, sizeof *s);
}

void gb_lstm_state_reset(gb_lstm_state *s)
{
	for (int i = 0; i < 2; i++) {
		memset(s->h[i], 0, (size_t)s->lstm->width * sizeof(float));
		memset(s->c[i], 0, (size_t)s->lstm->width * sizeof(float));
	}
}

typedef struct gate_job {
	const gb_lstm *lstm;
	int layer;
	const float *x;
	float *gates;
} gate_job;

static void gate_block(void *context, size_t tile, int worker)
{
	const gate_job *job = context;
	size_t width = (size_t)job->lstm->width, wide = 4 * width;
	float *gates = job->gates + tile * BLOCK * wide;

	(void)worker;
	for (size_t row = 0; row < BLOCK; row++)
		memcpy(gates + row * wide, job->lstm->bias[job->layer], wide * sizeof *gates);
	gb_matrix_product_tile(false, false, BLOCK, wide, width, job->x + tile * BLOCK * width, width, job->lstm->input[job->layer], wide, gates,
	                       wide, true);
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

/* The recurrent half of one layer; H and C carry over.  OUT [rows, width]. */
static void recur(gb_lstm_state *s, int layer, size_t rows, float *out)
{
	size_t width = (size_t)s->lstm->width, wide = 4 * width;
	float *h = s->h[layer], *c = s->c[layer];

	for (size_t row = 0; row < rows; row++) {
		float *g = s->gates + row * wide;
		for (size_t k = 0; k < width; k++) {
			const float *w = s->lstm->recurrent[layer] + k * wide;
			float x = h[k];
			for (size_t j = 0; j < wide; j++)
				g[j] += x * w[j];
		}
		for (size_t j = 0; j < width; j++) {
			c[j] = sigmoid(g[width + j]) * c[j] + sigmoid(g[j]) * tanhf(g[2 * width + j]);
			h[j] = sigmoid(g[3 * width + j]) * tanhf(c[j]);
		}
		memcpy(out + row * width, h, width * sizeof *h);
	}
}

void gb_lstm_run(gb_lstm_state *s, float *x, size_t rows, gb_pool *pool)
{
	size_t width = (size_t)s->lstm->width, room = blocks(rows) * BLOCK;

	memset(s->y, 0, room * width * sizeof(float));
	memcpy(s->y, x, rows * width * sizeof(float));
	for (int layer = 0; layer < 2; layer++) {
		gate_job job = {s->lstm, layer, s->y, s->gates};
		gb_pool_run(pool, blocks(rows), gate_block, &job);
		recur(s, layer, rows, s->y);
	}
	for (size_t i = 0; i < rows * width; i++)
		x[i] += s->y[i];
}

/* ---- elementwise ---- */

enum { PIECE = 1 << 14 };

typedef struct elu_job {
	const float *x;
	float *out;
	size_t count;
} elu_job;

static void elu_piece(void *context, size_t tile, int worker)
{
	const elu_job *job = context;
	size_t end = (tile + 1) * PIECE < job->count ? (tile + 1) * PIECE : job->count;

	(void)worker;
	for (size_t i = tile * PIECE; i < end; i++)
		job->out[i] = job->x[i] > 0 ? job->x[i] : expm1f(job->x[i]);
}

void gb_elu(const float *x, float *out, size_t count, gb_pool *pool)
{
	elu_job job = {x, out, count};

	gb_pool_run(pool, (count + PIECE - 1) / PIECE, elu_piece, &job);
}

void gb_group_norm(const gb_conv *conv, float *x, size_t rows)
{
	size_t channels = (size_t)conv->out, count = rows * channels;
	double sum = 0, square = 0, mean, scale;

	if (!conv->norm_weight || !count)
		return;
	for (size_t i = 0; i < count; i++)
		sum += x[i];
	mean = sum / (double)count;
	for (size_t i = 0; i < count; i++)
		square += (x[i] - mean) * (x[i] - mean);
	scale = 1 / sqrt(square / (double)count + 1e-5);
	for (size_t row = 0; row < rows; row++)
		for (size_t c = 0; c < channels; c++)
			x[row * channels + c] = (float)((x[row * channels + c] - mean) * scale) * conv->norm_weight[c] + conv->norm_bias[c];
}
