/* SPDX-License-Identifier: MIT */
#include "encodec/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* ---- residual block: x + ELU, narrow, ELU, widen; the x through a 1 × 1 convolution ---- */

static gb_status residual_open(gb_residual_state *s, const gb_residual *r, size_t rows, bool causal, gb_err *err)
{
	gb_status status = gb_conv_state_open(&s->narrow, &r->narrow, rows, causal, err);

	if (status == GB_OK)
		status = gb_conv_state_open(&s->widen, &r->widen, rows, causal, err);
	return status == GB_OK ? gb_conv_state_open(&s->shortcut, &r->shortcut, rows, causal, err) : status;
}

static void residual_close(gb_residual_state *s)
{
	gb_conv_state_close(&s->narrow);
	gb_conv_state_close(&s->widen);
	gb_conv_state_close(&s->shortcut);
}

/* X [rows, width] in place; ROOM of the same capacity. */
static void residual_run(gb_residual_state *s, float *x, float *room, size_t rows, bool first, bool last, gb_pool *pool)
{
	size_t width = (size_t)s->shortcut.conv->out, hidden = (size_t)s->narrow.conv->out;

	gb_elu(x, gb_conv_input(&s->narrow), rows * width, pool);
	gb_conv_run(&s->narrow, rows, first, last, room, pool);
	gb_elu(room, gb_conv_input(&s->widen), rows * hidden, pool);
	gb_conv_run(&s->widen, rows, first, last, room, pool);
	memcpy(gb_conv_input(&s->shortcut), x, rows * width * sizeof *x);
	gb_conv_run(&s->shortcut, rows, first, last, x, pool);
	for (size_t i = 0; i < rows * width; i++)
		x[i] += room[i];
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t conv_room(const gb_conv_state *s) { return gb_conv_out_rows(s) * (size_t)s->conv->out; }

/* ---- encoder ---- */

gb_status gb_encoder_net_open(gb_encoder_net *net, const gb_encodec_weights *w, size_t samples, gb_err *err)
{
	bool causal = !w->normed;
	size_t rows = samples, most;
	gb_status status;

	memset(net, 0, sizeof *net);
	net->w = w;
	net->samples = samples;
	status = gb_conv_state_open(&net->in, &w->encoder_in, rows, causal, err);
	most = status == GB_OK ? conv_room(&net->in) : 0;
	for (int i = 0; i < w->stages && status == GB_OK; i++) {
		size_t stride = (size_t)w->down[i].stride;
		if ((status = residual_open(&net->block[i], &w->encoder_block[i], rows, causal, err)) == GB_OK)
			status = gb_conv_state_open(&net->down[i], &w->down[i], rows, causal, err);
		if (status != GB_OK)
			break;
		most = larger(most, larger(conv_room(&net->block[i].narrow), conv_room(&net->block[i].shortcut)));
		most = larger(most, conv_room(&net->down[i]));
		rows = (rows + stride - 1) / stride;
	}
	if (status == GB_OK)
		status = gb_lstm_state_open(&net->lstm, &w->encoder_lstm, rows, err);
	if (status == GB_OK)
		status = gb_conv_state_open(&net->out, &w->encoder_out, rows, causal, err);
	if (status == GB_OK && (!(net->a = gb_array(most, sizeof(float), err)) || !(net->b = gb_array(most, sizeof(float), err))))
		status = GB_SYSTEM;
	return status;
}

void gb_encoder_net_close(gb_encoder_net *net)
{
	gb_conv_state_close(&net->in);
	gb_conv_state_close(&net->out);
	for (int i = 0; i < GB_ENCODEC_STAGES_MAX; i++) {
		residual_close(&net->block[i]);
		gb_conv_state_close(&net->down[i]);
	}
	gb_lstm_state_close(&net->lstm);
	free(net->a);
	free(net->b);
	net->a = net->b = NULL;
}

size_t gb_encoder_net_room(const gb_encoder_net *net) { return conv_room(&net->out); }

size_t gb_encoder_net_run(gb_encoder_net *net, const float *x, size_t samples, bool first, bool last, float *latents,
                          gb_pool *pool)
{
	size_t rows = samples;

	if (first)
		gb_lstm_state_reset(&net->lstm);
	memcpy(gb_conv_input(&net->in), x, samples * (size_t)net->w->channels * sizeof *x);
	gb_conv_run(&net->in, rows, first, last, net->a, pool);
	for (int i = 0; i < net->w->stages; i++) {
		residual_run(&net->block[i], net->a, net->b, rows, first, last, pool);
		gb_elu(net->a, gb_conv_input(&net->down[i]), rows * (size_t)net->w->down[i].in, pool);
		rows = gb_conv_run(&net->down[i], rows, first, last, net->a, pool);
	}
	gb_lstm_run(&net->lstm, net->a, rows, pool);
	gb_elu(net->a, gb_conv_input(&net->out), rows * (size_t)net->w->encoder_out.in, pool);
	return gb_conv_run(&net->out, rows, first, last, latents, pool);
}

/* ---- decoder ---- */

gb_status gb_decoder_net_open(gb_decoder_net *net, const gb_encodec_weights *w, size_t frames, gb_err *err)
{
	bool causal = !w->normed;
	size_t rows = frames, most;
	gb_status status;

	memset(net, 0, sizeof *net);
	net->w = w;
	status = gb_conv_state_open(&net->in, &w->decoder_in, rows, causal, err);
	most = status == GB_OK ? conv_room(&net->in) : 0;
	if (status == GB_OK)
		status = gb_lstm_state_open(&net->lstm, &w->decoder_lstm, rows, err);
	for (int i = 0; i < w->stages && status == GB_OK; i++) {
		if ((status = gb_up_state_open(&net->up[i], &w->up[i], rows, causal, err)) != GB_OK)
			break;
		rows *= (size_t)w->up[i].stride;
		if ((status = residual_open(&net->block[i], &w->decoder_block[i], rows, causal, err)) != GB_OK)
			break;
		most = larger(most, gb_up_out_rows(&net->up[i]) * (size_t)w->up[i].out);
		most = larger(most, larger(conv_room(&net->block[i].narrow), conv_room(&net->block[i].shortcut)));
	}
	if (status == GB_OK)
		status = gb_conv_state_open(&net->out, &w->decoder_out, rows, causal, err);
	if (status == GB_OK && (!(net->a = gb_array(most, sizeof(float), err)) || !(net->b = gb_array(most, sizeof(float), err))))
		status = GB_SYSTEM;
	return status;
}

void gb_decoder_net_close(gb_decoder_net *net)
{
	gb_conv_state_close(&net->in);
	gb_conv_state_close(&net->out);
	for (int i = 0; i < GB_ENCODEC_STAGES_MAX; i++) {
		residual_close(&net->block[i]);
		gb_up_state_close(&net->up[i]);
	}
	gb_lstm_state_close(&net->lstm);
	free(net->a);
	free(net->b);
	net->a = net->b = NULL;
}

size_t gb_decoder_net_room(const gb_decoder_net *net) { return conv_room(&net->out); }

size_t gb_decoder_net_run(gb_decoder_net *net, const float *latents, size_t frames, bool first, bool last, float *out,
                          gb_pool *pool)
{
	size_t rows = frames, offset;

	if (first)
		gb_lstm_state_reset(&net->lstm);
	memcpy(gb_conv_input(&net->in), latents, frames * (size_t)net->w->width * sizeof *latents);
	gb_conv_run(&net->in, rows, first, last, net->a, pool);
	gb_lstm_run(&net->lstm, net->a, rows, pool);
	for (int i = 0; i < net->w->stages; i++) {
		size_t width = (size_t)net->w->up[i].out;
		gb_elu(net->a, gb_up_input(&net->up[i]), rows * (size_t)net->w->up[i].in, pool);
		rows = gb_up_run(&net->up[i], rows, first, net->a, &offset, pool);
		if (offset)
			memmove(net->a, net->a + offset * width, rows * width * sizeof *net->a);
		residual_run(&net->block[i], net->a, net->b, rows, first, last, pool);
	}
	gb_elu(net->a, gb_conv_input(&net->out), rows * (size_t)net->w->decoder_out.in, pool);
	return gb_conv_run(&net->out, rows, first, last, out, pool);
}
