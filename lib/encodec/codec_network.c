/* SPDX-License-Identifier: MIT */
#include "encodec/codec_network.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Bytes of rows between two layers: a few such blocks stay in the second cache. */
enum { CACHE = 160 << 10 };

/* Rows of WIDTH floats for layers of WEIGHTS floats: what the cache holds, but enough to be worth reading
 * the weights. */
static size_t rows_of(size_t width, size_t weights)
{
	size_t bytes = weights * sizeof(float) / 2;

	return ((bytes > CACHE ? bytes : CACHE) / sizeof(float) + width - 1) / width;
}

static size_t padding(const gb_conv *c) { return (size_t)(c->kernel - c->stride); }

/* ---- front ---- */

gb_status gb_front_open(gb_front *f, const gb_encodec_weights *w, size_t most, gb_err *err)
{
	size_t rows, there = most; /* rows that come to a stage, at most */
	gb_status status;

	*f = (gb_front){.w = w, .piece = w->normed ? most : rows_of((size_t)w->encoder_in.out, 0)};
	status = gb_conv_state_open(&f->in, &w->encoder_in, f->piece, !w->normed, false, err);
	rows = f->in.in.room;
	for (int i = 0; i < w->stages && status == GB_OK; i++) {
		const gb_conv *down = &w->down[i];
		f->batch[i] = w->normed ? 0
		                        : rows_of((size_t)down->in,
		                                  (size_t)down->panels.k * (size_t)down->panels.n);
		f->batch[i] = f->batch[i] < there ? f->batch[i] : there;
		there = there / (size_t)down->stride + 1;
		status = gb_residual_state_open(&f->block[i], &w->encoder_block[i], f->batch[i] + rows,
		                                !w->normed, err);
		if (status == GB_OK)
			status = gb_conv_state_open(&f->down[i], down, f->block[i].narrow.in.room, !w->normed,
			                            false, err);
		rows = f->down[i].in.room / (size_t)down->stride + 1;
	}
	return status;
}

void gb_front_close(gb_front *f)
{
	gb_conv_state_close(&f->in);
	for (int i = 0; i < GB_ENCODEC_STAGES_MAX; i++) {
		gb_residual_state_close(&f->block[i]);
		gb_conv_state_close(&f->down[i]);
	}
}

size_t gb_front_lead(const gb_encodec_weights *w)
{
	size_t lead = 0;

	for (int i = w->stages - 1; i >= 0; i--)
		lead = lead * (size_t)w->down[i].stride + padding(&w->down[i]) +
		       padding(&w->encoder_block[i].narrow);
	return lead + padding(&w->encoder_in);
}

size_t gb_front_least(const gb_encodec_weights *w)
{
	size_t samples = padding(&w->encoder_in) + 1, step = 1, hop = (size_t)w->hop;

	for (int i = 0; i < w->stages; i++) {
		size_t narrow = (padding(&w->encoder_block[i].narrow) + 1) * step,
		       down = (padding(&w->down[i]) + 1) * step;
		samples = narrow > samples ? narrow : samples;
		samples = down > samples ? down : samples;
		step *= (size_t)w->down[i].stride;
	}
	return (samples + hop - 1) / hop;
}

/* All stages that have enough, or all there is (FLUSH); returns frames. */
static size_t run_stages(gb_front *f, bool flush, bool last, float *out)
{
	const gb_encodec_weights *w = f->w;
	size_t frames = 0;

	for (int i = 0; i < w->stages; i++) {
		bool deepest = i == w->stages - 1;
		gb_conv_state *down = &f->down[i], *next = deepest ? NULL : &f->block[i + 1].narrow;
		if (!flush && f->block[i].narrow.in.have < f->batch[i])
			return 0;
		gb_conv_state_add(down, gb_residual_run(&f->block[i], last, gb_conv_tail(down)));
		frames = gb_conv_ready(down, last);
		gb_conv_run(down, frames,
		            deepest ? (gb_rows){out, (size_t)down->conv->out} : gb_conv_tail_beside(next),
		            deepest ? (gb_rows){NULL, 0} : gb_conv_tail(next), NULL);
		gb_conv_take(down, frames);
		if (!deepest)
			gb_conv_state_add(next, frames);
	}
	return frames;
}

size_t gb_front_run(gb_front *f, const float *x, size_t samples, bool first, bool last, float *out)
{
	const gb_encodec_weights *w = f->w;
	gb_conv_state *next = &f->block[0].narrow;
	size_t done = 0;

	gb_conv_state_start(&f->in, first);
	for (int i = 0; i < w->stages; i++) {
		gb_conv_state_start(&f->block[i].narrow, first);
		gb_conv_state_start(&f->down[i], first);
	}
	for (size_t at = 0; at < samples; at += f->piece) {
		size_t count = samples - at < f->piece ? samples - at : f->piece, ready;
		bool end = at + count == samples;
		gb_conv_fill(&f->in, x + at * (size_t)w->channels, count);
		ready = gb_conv_ready(&f->in, end && last);
		gb_conv_run(&f->in, ready, gb_conv_tail_beside(next), gb_conv_tail(next), NULL);
		gb_conv_take(&f->in, ready);
		gb_conv_state_add(next, ready);
		done += run_stages(f, end, end && last, out + done * (size_t)w->encoder_lstm.width);
	}
	return done;
}

/* ---- back ---- */

gb_status gb_decoder_network_open(gb_decoder_network *b, const gb_encodec_weights *w, size_t most,
                                  gb_err *err)
{
	size_t rows = most, whole = 1;
	gb_status status = GB_OK;

	*b = (gb_decoder_network){.w = w};
	for (int i = 0; i < w->stages && status == GB_OK; i++) {
		const gb_conv *up = &w->up[i];
		size_t stride = (size_t)up->stride;
		b->batch[i] = w->normed ? most * (size_t)w->hop + 1
		                        : rows_of(stride * (size_t)up->out,
		                                  (size_t)up->panels.k * (size_t)up->panels.n);
		b->up[i] = (gb_queue){.width = (size_t)up->in, .room = rows + 3, .at.ld = (size_t)up->in};
		if (!(b->up[i].at.row = gb_array((rows + 3) * (size_t)up->in, sizeof(float), err)))
			return GB_SYSTEM;
		rows = (b->batch[i] < rows + 3 ? b->batch[i] : rows + 3) * stride;
		whole = rows * (size_t)up->out > whole ? rows * (size_t)up->out : whole;
		status = gb_residual_state_open(&b->block[i], &w->decoder_block[i], rows, !w->normed, err);
		rows = b->block[i].narrow.in.room;
	}
	if (status == GB_OK)
		status = gb_conv_state_open(&b->out, &w->decoder_out, rows, !w->normed, false, err);
	if (status == GB_OK && w->normed && !(b->whole = gb_array(whole, sizeof(float), err)))
		status = GB_SYSTEM;
	return status;
}

void gb_decoder_network_close(gb_decoder_network *b)
{
	for (int i = 0; i < GB_ENCODEC_STAGES_MAX; i++) {
		free(b->up[i].at.row);
		gb_residual_state_close(&b->block[i]);
	}
	gb_conv_state_close(&b->out);
	free(b->whole);
	*b = (gb_decoder_network){0};
}

size_t gb_decoder_network_lead(const gb_encodec_weights *w, size_t *spare)
{
	size_t lost = 0, hop = (size_t)w->hop, lead;

	for (int i = 0; i < w->stages; i++)
		lost = (lost + 1) * (size_t)w->up[i].stride + padding(&w->decoder_block[i].narrow);
	lost += padding(&w->decoder_out);
	lead = (lost + hop - 1) / hop;
	*spare = lead * hop - lost;
	return lead;
}

/* COUNT outputs' worth of rows of stage I into its residual block. */
static void run_up(gb_decoder_network *b, int i, size_t count)
{
	const gb_conv *up = &b->w->up[i];
	gb_conv_state *next = &b->block[i].narrow;
	gb_queue *q = &b->up[i];
	size_t width = (size_t)up->out, stride = (size_t)up->stride, rows = count * stride;
	gb_product p = {.w = &up->panels,
	                .span = {{q->at.row, q->at.ld, 0, 1, up->panels.k}},
	                .spans = 1,
	                .rows = count};
	gb_rows raw = gb_conv_tail_beside(next), elu = gb_conv_tail(next);

	if (!b->w->normed) {
		gb_layer_run(up, &p, raw, elu, NULL);
	} else { /* norm comes before the trimming of the padding, of which the left gets the larger half */
		rows -= stride;
		gb_layer_run(up, &p, (gb_rows){b->whole, width}, (gb_rows){NULL, 0}, NULL);
		memcpy(raw.row, b->whole + (stride - stride / 2) * width, rows * width * sizeof *raw.row);
		gb_encodec_kernel_of_class()->elu(raw.row, elu.row, rows * width);
	}
	gb_conv_state_add(next, rows);
	q->have -= count;
	memmove(q->at.row, q->at.row + count * q->at.ld, q->have * q->at.ld * sizeof(float));
}

static size_t run_out(gb_decoder_network *b, bool last, float *out)
{
	size_t ready = gb_conv_ready(&b->out, last);

	gb_conv_run(&b->out, ready, (gb_rows){out, (size_t)b->w->channels}, (gb_rows){NULL, 0}, NULL);
	gb_conv_take(&b->out, ready);
	return ready;
}

/* All rows that wait before stage I, in pieces, each through to the end; returns samples. */
static size_t run_from(gb_decoder_network *b, int i, bool last, float *out)
{
	const gb_encodec_weights *w = b->w;
	gb_queue *q = &b->up[i];
	size_t done = 0;

	if (w->normed) { /* one row more, cut at both ends after the norm */
		memset(q->at.row + q->have * q->at.ld, 0, q->width * sizeof(float));
		q->have++;
	}
	while (q->have > 1) {
		size_t count = q->have - 1 < b->batch[i] ? q->have - 1 : b->batch[i];
		bool end = last && count == q->have - 1;
		float *to = out + done * (size_t)w->channels;
		run_up(b, i, count);
		if (i == w->stages - 1) {
			gb_conv_state_add(&b->out, gb_residual_run(&b->block[i], end, gb_conv_tail(&b->out)));
			done += run_out(b, end, to);
		} else {
			gb_queue *next = &b->up[i + 1];
			next->have += gb_residual_run(&b->block[i], end,
			                              (gb_rows){next->at.row + next->have * next->at.ld,
			                                        next->at.ld});
			done += run_from(b, i + 1, end, to);
		}
	}
	return done;
}

size_t gb_decoder_network_run(gb_decoder_network *b, const float *x, size_t frames, bool first, bool last,
                              float *out)
{
	for (int i = 0; i < b->w->stages; i++) {
		gb_conv_state_start(&b->block[i].narrow, first);
		b->up[i].have = first; /* the row before the first is zero */
		memset(b->up[i].at.row, 0, b->up[i].width * sizeof(float));
	}
	gb_conv_state_start(&b->out, first);
	memcpy(b->up[0].at.row + b->up[0].have * b->up[0].width, x, frames * b->up[0].width * sizeof *x);
	b->up[0].have += frames;
	return run_from(b, 0, last, out);
}
