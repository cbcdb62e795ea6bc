/* SPDX-License-Identifier: MIT */
/* Rounds as in encoder.c, in reverse: the first convolution, the LSTM, then the upsampling of the tiles in
 * parallel. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/decoder.h"
#include "encodec/lstm.h"
#include "encodec/stream_internal.h"

struct gb_decoder {
	const gb_encodec_weights *w;
	gb_samples_fn *sink;
	void *context;
	gb_pool *pool;
	gb_stream_size size;
	gb_conv_state in;
	gb_lstm_state lstm[GB_ENCODEC_LSTM_MAX];
	gb_decoder_network *back;        /* one a thread, and what it makes: samples of a tile and the lead */
	float **made;
	float *x, *y; /* [lead + rows of a round, width of the LSTM]: into the LSTM; of the layer that ran
	               * last, at the end as ELU, behind `before` rows of the past that end at row `lead` */
	size_t lead, spare, before, rows, held;
	bool last;            /* this round is the last one */
	float *latents;       /* [a round, width] */
	float *samples;       /* of a round */
};

static gb_status open_layers(gb_decoder *d, gb_err *err)
{
	size_t width = (size_t)d->w->decoder_lstm.width, rows;
	gb_status status = gb_conv_state_open(&d->in, &d->w->decoder_in, d->size.tile * d->size.tiles, true,
	                                      false, err);

	for (int i = 0; i < d->w->decoder_lstm.layers && status == GB_OK; i++)
		status = gb_lstm_state_open(&d->lstm[i], &d->w->decoder_lstm, i, err);
	rows = d->lead + d->in.in.room;
	if (status == GB_OK && (!(d->x = gb_array(rows * width, sizeof(float), err)) ||
	                        !(d->y = gb_array(rows * width, sizeof(float), err))))
		status = GB_SYSTEM;
	return status;
}

static gb_status open_backs(gb_decoder *d, gb_err *err)
{
	size_t threads = (size_t)gb_pool_threads(d->pool), most = d->lead + d->size.tile;
	gb_status status = GB_OK;

	if (!(d->back = gb_array(threads, sizeof *d->back, err)) ||
	    !(d->made = gb_array(threads, sizeof *d->made, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < threads && status == GB_OK; i++) {
		status = gb_decoder_network_open(&d->back[i], d->w, most, err);
		if (status == GB_OK &&
		    !(d->made[i] = gb_array((most + 1) * (size_t)d->w->hop, sizeof(float), err)))
			status = GB_SYSTEM;
	}
	return status;
}

gb_status gb_decoder_open_sized(gb_decoder **out, const gb_encodec_weights *w, gb_samples_fn *sink,
                                void *context, gb_pool *pool, gb_stream_size size, gb_err *err)
{
	gb_decoder *d = gb_array(1, sizeof *d, err);
	size_t frames = size.tile * size.tiles;
	gb_status status;

	*out = NULL;
	if (!d)
		return GB_SYSTEM;
	*d = (gb_decoder){.w = w, .sink = sink, .context = context, .pool = pool, .size = size};
	d->lead = gb_decoder_network_lead(w, &d->spare);
	if (w->normed || w->channels != 1)
		status =
		    gb_fail(err, GB_DATA,
		            "weights of the 48 kHz stereo model: the 24 kHz mono model is wanted for a "
		            "stream");
	else
		status = open_layers(d, err);
	if (status == GB_OK)
		status = open_backs(d, err);
	if (status == GB_OK && (!(d->latents = gb_array(frames * (size_t)w->width, sizeof(float), err)) ||
	                        !(d->samples = gb_array(d->in.in.room * (size_t)w->hop, sizeof(float), err))))
		status = GB_SYSTEM;
	if (status != GB_OK) {
		gb_decoder_close(d);
		return status;
	}
	gb_conv_state_start(&d->in, true);
	*out = d;
	return GB_OK;
}

gb_status gb_decoder_open(gb_decoder **out, const gb_encodec_weights *w, gb_samples_fn *sink, void *context,
                          gb_pool *pool, gb_err *err)
{
	return gb_decoder_open_sized(out, w, sink, context, pool, gb_stream_size_for(pool), err);
}

/* First convolution and LSTM on what is held; the end of the round before stays in front of it. */
static void run_layers(gb_decoder *d)
{
	size_t width = (size_t)d->w->decoder_lstm.width, all = d->before + d->rows,
	       keep = all < d->lead ? all : d->lead;
	float *y = d->y + d->lead * width;

	memmove(y - keep * width, y + d->rows * width - keep * width, keep * width * sizeof *y);
	d->before = keep;
	gb_conv_fill(&d->in, d->latents, d->held);
	d->rows = gb_conv_ready(&d->in, d->last);
	gb_conv_run(&d->in, d->rows, (gb_rows){d->x, width}, (gb_rows){NULL, 0}, d->pool);
	gb_conv_take(&d->in, d->rows);
	for (int i = 0; i < d->w->decoder_lstm.layers; i++)
		gb_lstm_run(&d->lstm[i], i ? y : d->x, d->rows, y, d->pool);
	gb_add_elu(y, d->x, d->rows * width);
}

/* A tile that has less than the lead before it begins at the start of the sound. */
static void run_back(void *context, size_t tile, int worker)
{
	gb_decoder *d = context;
	size_t hop = (size_t)d->w->hop, from = tile * d->size.tile, width = (size_t)d->w->decoder_lstm.width,
	       behind = d->before + from;
	size_t count = d->rows - from < d->size.tile ? d->rows - from : d->size.tile;
	bool first = behind < d->lead;
	size_t lead = first ? behind : d->lead, spare = first ? behind * hop : d->spare;

	gb_decoder_network_run(&d->back[worker], d->y + (d->lead + from - lead) * width, lead + count, first,
	                       d->last && from + count == d->rows, d->made[worker]);
	memcpy(d->samples + from * hop, d->made[worker] + spare, count * hop * sizeof(float));
}

static gb_status run_round(gb_decoder *d, bool last, gb_err *err)
{
	d->last = last;
	run_layers(d);
	d->held = 0;
	gb_pool_run(d->pool, (d->rows + d->size.tile - 1) / d->size.tile, run_back, d);
	return d->rows ? d->sink(d->context, d->samples, d->rows * (size_t)d->w->hop, err) : GB_OK;
}

gb_status gb_decoder_put(gb_decoder *d, const float *latents, size_t frames, gb_err *err)
{
	size_t most = d->size.tile * d->size.tiles, width = (size_t)d->w->width;

	while (frames) {
		size_t take = frames < most - d->held ? frames : most - d->held;
		gb_status status;
		if (!take) {
			if ((status = run_round(d, false, err)) != GB_OK)
				return status;
			continue;
		}
		memcpy(d->latents + d->held * width, latents, take * width * sizeof *latents);
		d->held += take;
		latents += take * width;
		frames -= take;
	}
	return GB_OK;
}

gb_status gb_decoder_finish(gb_decoder *d, gb_err *err) { return d->held ? run_round(d, true, err) : GB_OK; }

void gb_decoder_close(gb_decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < gb_pool_threads(d->pool); i++) {
		if (d->back)
			gb_decoder_network_close(&d->back[i]);
		if (d->made)
			free(d->made[i]);
	}
	free(d->back);
	free(d->made);
	for (int i = 0; i < GB_ENCODEC_LSTM_MAX; i++)
		gb_lstm_state_close(&d->lstm[i]);
	free(d->x);
	free(d->y);
	gb_conv_state_close(&d->in);
	free(d->latents);
	free(d->samples);
	free(d);
}

gb_status gb_encodec_decode_chunk(const gb_encodec_weights *w, const float *latents, size_t frames,
                                  float *out, gb_err *err)
{
	size_t width = (size_t)w->decoder_lstm.width;
	gb_decoder_network back = {0};
	gb_lstm_state lstm = {0};
	gb_conv_state in = {0};
	float *rows = gb_array(2 * (frames + 1) * width, sizeof *rows, err), *y = rows + (frames + 1) * width;
	gb_status status = rows ? gb_decoder_network_open(&back, w, frames, err) : GB_SYSTEM;

	if (status == GB_OK &&
	    (status = gb_conv_state_open(&in, &w->decoder_in, frames, !w->normed, false, err)) == GB_OK) {
		gb_conv_state_start(&in, true);
		gb_conv_fill(&in, latents, frames);
		gb_conv_run(&in, gb_conv_ready(&in, true), (gb_rows){rows, width}, (gb_rows){NULL, 0}, NULL);
	}
	for (int i = 0; i < w->decoder_lstm.layers && status == GB_OK; i++) {
		if ((status = gb_lstm_state_open(&lstm, &w->decoder_lstm, i, err)) == GB_OK)
			gb_lstm_run(&lstm, i ? y : rows, frames, y, NULL);
		gb_lstm_state_close(&lstm);
	}
	if (status == GB_OK) {
		gb_add_elu(y, rows, frames * width);
		gb_decoder_network_run(&back, y, frames, true, true, out);
	}
	free(rows);
	gb_decoder_network_close(&back);
	gb_conv_state_close(&in);
	return status;
}
