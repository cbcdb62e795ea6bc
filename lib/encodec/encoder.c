/* SPDX-License-Identifier: MIT */
/* A round is a number of tiles.  Their convolutions run in parallel, then the layers of the LSTM, whose steps
 * the threads share, then the last convolution.  Neither sizes nor threads change a bit. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/encoder.h"
#include "encodec/lstm.h"
#include "encodec/stream_internal.h"

struct gb_encoder {
	const gb_encodec_weights *w;
	gb_latents_fn *sink;
	void *context;
	gb_pool *pool;
	gb_stream_size size;
	/* one a thread, and what it makes: [frames of a tile and the lead, width of the LSTM] */
	gb_front *front;
	float **made;
	gb_lstm_state lstm[GB_ENCODEC_LSTM_MAX];
	gb_conv_state out;
	/* [frames of a round, width of the LSTM]: of the fronts; of the layer that ran last */
	float *x, *y;
	float *latents;
	size_t lead;
	float *sample;        /* [lead + a round]: up to the lead of what came before, then what is held */
	size_t before, held;
	bool last;            /* this round is the last one */
};

static gb_status open_layers(gb_encoder *e, gb_err *err)
{
	size_t frames = e->size.tile * e->size.tiles, width = (size_t)e->w->encoder_lstm.width;
	gb_status status = gb_conv_state_open(&e->out, &e->w->encoder_out, frames, true, false, err);

	for (int i = 0; i < e->w->encoder_lstm.layers && status == GB_OK; i++)
		status = gb_lstm_state_open(&e->lstm[i], &e->w->encoder_lstm, i, err);
	if (status == GB_OK &&
	    (!(e->x = gb_array(frames * width, sizeof(float), err)) ||
	     !(e->y = gb_array(frames * width, sizeof(float), err)) ||
	     !(e->latents = gb_array((e->out.in.room + 1) * (size_t)e->w->width, sizeof(float), err))))
		status = GB_SYSTEM;
	return status;
}

static gb_status open_fronts(gb_encoder *e, gb_err *err)
{
	size_t threads = (size_t)gb_pool_threads(e->pool), most = e->lead + e->size.tile * (size_t)e->w->hop;
	size_t rows = most / (size_t)e->w->hop + 2;
	gb_status status = GB_OK;

	if (!(e->front = gb_array(threads, sizeof *e->front, err)) ||
	    !(e->made = gb_array(threads, sizeof *e->made, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < threads && status == GB_OK; i++) {
		status = gb_front_open(&e->front[i], e->w, most, err);
		if (status == GB_OK &&
		    !(e->made[i] = gb_array(rows * (size_t)e->w->encoder_lstm.width, sizeof(float), err)))
			status = GB_SYSTEM;
	}
	return status;
}

gb_status gb_encoder_open_sized(gb_encoder **out, const gb_encodec_weights *w, gb_latents_fn *sink,
                                void *context, gb_pool *pool, gb_stream_size size, gb_err *err)
{
	gb_encoder *e = gb_array(1, sizeof *e, err);
	gb_status status = GB_OK;

	*out = NULL;
	if (!e)
		return GB_SYSTEM;
	*e = (gb_encoder){.w = w,
	                  .sink = sink,
	                  .context = context,
	                  .pool = pool,
	                  .size = size,
	                  .lead = gb_front_lead(w)};
	if (e->size.tile < gb_front_least(w))
		e->size.tile = gb_front_least(w);
	if (w->normed || w->channels != 1)
		status =
		    gb_fail(err, GB_DATA,
		            "weights of the 48 kHz stereo model: the 24 kHz mono model is wanted for a "
		            "stream");
	if (status == GB_OK)
		status = open_fronts(e, err);
	if (status == GB_OK)
		status = open_layers(e, err);
	if (status == GB_OK &&
	    !(e->sample = gb_array(e->lead + e->size.tile * size.tiles * (size_t)w->hop, sizeof(float), err)))
		status = GB_SYSTEM;
	if (status != GB_OK) {
		gb_encoder_close(e);
		return status;
	}
	gb_conv_state_start(&e->out, true);
	*out = e;
	return GB_OK;
}

gb_status gb_encoder_open(gb_encoder **out, const gb_encodec_weights *w, gb_latents_fn *sink, void *context,
                          gb_pool *pool, gb_err *err)
{
	return gb_encoder_open_sized(out, w, sink, context, pool, gb_stream_size_for(pool), err);
}

/* A tile that has less than the lead before it begins at the start of the sound. */
static void run_front(void *context, size_t tile, int worker)
{
	gb_encoder *e = context;
	size_t hop = (size_t)e->w->hop, length = e->size.tile * hop, from = tile * length,
	       width = (size_t)e->w->encoder_lstm.width;
	size_t count = e->held - from < length ? e->held - from : length, behind = e->before + from;
	bool first = behind < e->lead, last = e->last && from + count == e->held;
	size_t lead = first ? behind : e->lead, spare = first ? behind / hop : 0;
	size_t frames = gb_front_run(&e->front[worker], e->sample + behind - lead, lead + count, first, last,
	                             e->made[worker]);

	memcpy(e->x + tile * e->size.tile * width, e->made[worker] + spare * width,
	       (frames - spare) * width * sizeof(float));
}

/* LSTM and last convolution on ROWS rows; returns the frames of latents that are ready. */
static size_t run_layers(gb_encoder *e, size_t rows)
{
	size_t frames;

	for (int i = 0; i < e->w->encoder_lstm.layers; i++)
		gb_lstm_run(&e->lstm[i], i ? e->y : e->x, rows, e->y, e->pool);
	gb_add_elu(e->y, e->x, rows * (size_t)e->w->encoder_lstm.width);
	gb_conv_fill(&e->out, e->y, rows);
	frames = gb_conv_ready(&e->out, e->last);
	gb_conv_run(&e->out, frames, (gb_rows){e->latents, (size_t)e->w->width}, (gb_rows){NULL, 0}, e->pool);
	gb_conv_take(&e->out, frames);
	return frames;
}

/* Encode the samples held as one round. */
static gb_status run_round(gb_encoder *e, bool last, gb_err *err)
{
	size_t hop = (size_t)e->w->hop, tile = e->size.tile * hop, all, keep, frames;

	e->last = last;
	gb_pool_run(e->pool, (e->held + tile - 1) / tile, run_front, e);
	frames = run_layers(e, (e->held + hop - 1) / hop);
	all = e->before + e->held;
	keep = all < e->lead ? all : e->lead;
	memmove(e->sample, e->sample + all - keep, keep * sizeof(float));
	e->before = keep;
	e->held = 0;
	return frames ? e->sink(e->context, e->latents, frames, err) : GB_OK;
}

/* A full round waits until it is known whether more follows, because the last one is padded. */
gb_status gb_encoder_put(gb_encoder *e, const float *samples, size_t count, gb_err *err)
{
	size_t most = e->size.tile * e->size.tiles * (size_t)e->w->hop;

	while (count) {
		size_t take = count < most - e->held ? count : most - e->held;
		gb_status status;
		if (!take) {
			if ((status = run_round(e, false, err)) != GB_OK)
				return status;
			continue;
		}
		memcpy(e->sample + e->before + e->held, samples, take * sizeof *samples);
		e->held += take;
		samples += take;
		count -= take;
	}
	return GB_OK;
}

gb_status gb_encoder_finish(gb_encoder *e, gb_err *err) { return e->held ? run_round(e, true, err) : GB_OK; }

void gb_encoder_close(gb_encoder *e)
{
	if (!e)
		return;
	for (int i = 0; i < gb_pool_threads(e->pool); i++) {
		if (e->front)
			gb_front_close(&e->front[i]);
		if (e->made)
			free(e->made[i]);
	}
	free(e->front);
	free(e->made);
	for (int i = 0; i < GB_ENCODEC_LSTM_MAX; i++)
		gb_lstm_state_close(&e->lstm[i]);
	free(e->x);
	free(e->y);
	free(e->latents);
	gb_conv_state_close(&e->out);
	free(e->sample);
	free(e);
}

gb_status gb_encodec_encode_chunk(const gb_encodec_weights *w, const float *x, size_t samples, float *latents,
                                  gb_err *err)
{
	size_t frames = (samples + (size_t)w->hop - 1) / (size_t)w->hop,
	       width = (size_t)w->encoder_lstm.width;
	gb_front front = {0};
	gb_lstm_state lstm = {0};
	gb_conv_state out = {0};
	float *rows = gb_array(2 * (frames + 2) * width, sizeof *rows, err), *y = rows + (frames + 2) * width;
	gb_status status = rows ? gb_front_open(&front, w, samples, err) : GB_SYSTEM;

	if (status == GB_OK &&
	    (status = gb_conv_state_open(&out, &w->encoder_out, frames, !w->normed, false, err)) == GB_OK)
		gb_front_run(&front, x, samples, true, true, rows);
	for (int i = 0; i < w->encoder_lstm.layers && status == GB_OK; i++) {
		if ((status = gb_lstm_state_open(&lstm, &w->encoder_lstm, i, err)) == GB_OK)
			gb_lstm_run(&lstm, i ? y : rows, frames, y, NULL);
		gb_lstm_state_close(&lstm);
	}
	if (status == GB_OK) {
		gb_add_elu(y, rows, frames * width);
		gb_conv_state_start(&out, true);
		gb_conv_fill(&out, y, frames);
		frames = gb_conv_ready(&out, true);
		gb_conv_run(&out, frames, (gb_rows){latents, (size_t)w->width}, (gb_rows){NULL, 0}, NULL);
	}
	free(rows);
	gb_front_close(&front);
	gb_conv_state_close(&out);
	return status;
}
