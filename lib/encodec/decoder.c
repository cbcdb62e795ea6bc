/* SPDX-License-Identifier: MIT */
/* Rounds as in encoder.c, the other way round: the first LSTM layer runs on the
 * round that was put last, the backs of the tiles on the oldest. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/encodec.h"
#include "encodec/stream.h"

typedef struct slot {
	float *x, *y;  /* [lead + frames, width of the LSTM]: into the LSTM; of the layer that ran last, at the end as ELU */
	size_t rows, before; /* BEFORE rows of the past stand before them in y */
	bool last;
} slot;

struct gb_decoder {
	const gb_encodec_weights *w;
	gb_samples_fn *sink;
	void *context;
	gb_pool *pool;
	gb_stream_size size;
	gb_conv_state in;
	gb_lstm_state lstm[GB_ENCODEC_LSTM_MAX];
	gb_back *back;        /* one a thread, and what it makes: samples of a tile and the lead */
	float **made;
	slot slot[GB_ENCODEC_LSTM_MAX + 1];
	size_t round, lead, spare, held;
	float *latents;       /* [a round, width] */
	float *samples;       /* of a round */
};

static gb_status open_slots(gb_decoder *d, gb_err *err)
{
	size_t rows = d->lead + d->in.in.room, width = (size_t)d->w->decoder_lstm.width;
	gb_status status = GB_OK;

	for (int i = 0; i < d->w->decoder_lstm.layers && status == GB_OK; i++)
		status = gb_lstm_state_open(&d->lstm[i], &d->w->decoder_lstm, i, err);
	for (int i = 0; i <= d->w->decoder_lstm.layers && status == GB_OK; i++) {
		slot *s = &d->slot[i];
		if (!(s->x = gb_array(rows * width, sizeof(float), err)) || !(s->y = gb_array(rows * width, sizeof(float), err)))
			status = GB_SYSTEM;
	}
	return status;
}

static gb_status open_backs(gb_decoder *d, gb_err *err)
{
	size_t threads = (size_t)gb_pool_threads(d->pool), most = d->lead + d->size.tile;
	gb_status status = GB_OK;

	if (!(d->back = gb_array(threads, sizeof *d->back, err)) || !(d->made = gb_array(threads, sizeof *d->made, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < threads && status == GB_OK; i++) {
		status = gb_back_open(&d->back[i], d->w, most, err);
		if (status == GB_OK && !(d->made[i] = gb_array((most + 1) * (size_t)d->w->hop, sizeof(float), err)))
			status = GB_SYSTEM;
	}
	return status;
}

gb_status gb_decoder_open_sized(gb_decoder **out, const gb_encodec_weights *w, gb_samples_fn *sink, void *context, gb_pool *pool,
                                gb_stream_size size, gb_err *err)
{
	gb_decoder *d = gb_array(1, sizeof *d, err);
	size_t frames = size.tile * size.tiles;
	gb_status status;

	*out = NULL;
	if (!d)
		return GB_SYSTEM;
	*d = (gb_decoder){.w = w, .sink = sink, .context = context, .pool = pool, .size = size};
	d->lead = gb_back_lead(w, &d->spare);
	if (w->normed || w->channels != 1)
		status = gb_fail(err, GB_DATA, "weights of the 48 kHz stereo model: the 24 kHz mono model is wanted for a stream");
	else
		status = gb_conv_state_open(&d->in, &w->decoder_in, frames, true, false, err);
	if (status == GB_OK)
		status = open_backs(d, err);
	if (status == GB_OK)
		status = open_slots(d, err);
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

gb_status gb_decoder_open(gb_decoder **out, const gb_encodec_weights *w, gb_samples_fn *sink, void *context, gb_pool *pool, gb_err *err)
{
	return gb_decoder_open_sized(out, w, sink, context, pool, gb_stream_size_for(pool), err);
}

/* The slot of the round BACK rounds ago; NULL before the first. */
static slot *slot_of(gb_decoder *d, size_t back)
{
	return back > d->round ? NULL : &d->slot[(d->round - back) % ((size_t)d->w->decoder_lstm.layers + 1)];
}

static void run_layer(gb_decoder *d, int layer)
{
	slot *s = slot_of(d, (size_t)layer), *old = slot_of(d, (size_t)layer + 1);
	size_t width = (size_t)d->w->decoder_lstm.width;
	float *y;

	if (!s || !s->rows)
		return;
	y = s->y + d->lead * width;
	if (!layer) {
		gb_conv_fill(&d->in, d->latents, s->rows);
		s->rows = gb_conv_ready(&d->in, s->last);
		gb_conv_run(&d->in, s->rows, (gb_rows){s->x, width}, (gb_rows){NULL, 0});
		gb_conv_take(&d->in, s->rows);
	}
	gb_lstm_run(&d->lstm[layer], layer ? y : s->x, s->rows, y);
	if (layer < d->w->decoder_lstm.layers - 1)
		return;
	gb_add_elu(y, s->x, s->rows * width);
	s->before = 0;
	if (old) { /* the end of the round before, which may have been short */
		size_t all = old->before + old->rows;
		s->before = all < d->lead ? all : d->lead;
		memcpy(y - s->before * width, old->y + (d->lead + old->rows - s->before) * width, s->before * width * sizeof *y);
	}
}

/* A tile that has less than the lead before it begins at the start of the sound. */
static void run_back(gb_decoder *d, size_t tile, int worker)
{
	slot *s = slot_of(d, (size_t)d->w->decoder_lstm.layers);
	size_t hop = (size_t)d->w->hop, from = tile * d->size.tile, width = (size_t)d->w->decoder_lstm.width, behind = s->before + from;
	size_t count = s->rows - from < d->size.tile ? s->rows - from : d->size.tile;
	bool first = behind < d->lead;
	size_t lead = first ? behind : d->lead, spare = first ? behind * hop : d->spare;

	gb_back_run(&d->back[worker], s->y + (d->lead + from - lead) * width, lead + count, first, s->last && from + count == s->rows,
	            d->made[worker]);
	memcpy(d->samples + from * hop, d->made[worker] + spare, count * hop * sizeof(float));
}

static void run_task(void *context, size_t task, int worker)
{
	gb_decoder *d = context;
	size_t layers = (size_t)d->w->decoder_lstm.layers;

	if (task < layers)
		run_layer(d, (int)task);
	else
		run_back(d, task - layers, worker);
}

static gb_status run_round(gb_decoder *d, bool last, gb_err *err)
{
	size_t layers = (size_t)d->w->decoder_lstm.layers;
	slot *now = slot_of(d, 0), *done = slot_of(d, layers);

	now->rows = d->held;
	now->last = last;
	gb_pool_run(d->pool, layers + (done ? (done->rows + d->size.tile - 1) / d->size.tile : 0), run_task, d);
	d->held = 0;
	d->round++;
	return done && done->rows ? d->sink(d->context, d->samples, done->rows * (size_t)d->w->hop, err) : GB_OK;
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

gb_status gb_decoder_finish(gb_decoder *d, gb_err *err)
{
	gb_status status = GB_OK;

	if (!d->held)
		return GB_OK;
	for (int i = 0; i <= d->w->decoder_lstm.layers && status == GB_OK; i++)
		status = run_round(d, !i, err);
	return status;
}

void gb_decoder_close(gb_decoder *d)
{
	if (!d)
		return;
	for (int i = 0; i < gb_pool_threads(d->pool); i++) {
		if (d->back)
			gb_back_close(&d->back[i]);
		if (d->made)
			free(d->made[i]);
	}
	free(d->back);
	free(d->made);
	for (int i = 0; i < GB_ENCODEC_LSTM_MAX; i++)
		gb_lstm_state_close(&d->lstm[i]);
	for (int i = 0; i <= GB_ENCODEC_LSTM_MAX; i++) {
		free(d->slot[i].x);
		free(d->slot[i].y);
	}
	gb_conv_state_close(&d->in);
	free(d->latents);
	free(d->samples);
	free(d);
}

gb_status gb_encodec_decode_chunk(const gb_encodec_weights *w, const float *latents, size_t frames, float *out, gb_err *err)
{
	size_t width = (size_t)w->decoder_lstm.width;
	gb_back back = {0};
	gb_lstm_state lstm = {0};
	gb_conv_state in = {0};
	float *rows = gb_array(2 * (frames + 1) * width, sizeof *rows, err), *y = rows + (frames + 1) * width;
	gb_status status = rows ? gb_back_open(&back, w, frames, err) : GB_SYSTEM;

	if (status == GB_OK && (status = gb_conv_state_open(&in, &w->decoder_in, frames, !w->normed, false, err)) == GB_OK) {
		gb_conv_state_start(&in, true);
		gb_conv_fill(&in, latents, frames);
		gb_conv_run(&in, gb_conv_ready(&in, true), (gb_rows){rows, width}, (gb_rows){NULL, 0});
	}
	for (int i = 0; i < w->decoder_lstm.layers && status == GB_OK; i++) {
		if ((status = gb_lstm_state_open(&lstm, &w->decoder_lstm, i, err)) == GB_OK)
			gb_lstm_run(&lstm, i ? y : rows, frames, y);
		gb_lstm_state_close(&lstm);
	}
	if (status == GB_OK) {
		gb_add_elu(y, rows, frames * width);
		gb_back_run(&back, y, frames, true, true, out);
	}
	free(rows);
	gb_back_close(&back);
	gb_conv_state_close(&in);
	return status;
}
