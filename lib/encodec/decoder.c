/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/encodec.h"
#include "encodec/network.h"

struct gb_decoder {
	gb_decoder_net net;
	gb_samples_fn *sink;
	void *context;
	gb_pool *pool;
	size_t width, held; /* frames of the tile being filled */
	float *latents, *sample;
	bool begun;
};

gb_status gb_decoder_open(gb_decoder **out, const gb_encodec_weights *w, gb_samples_fn *sink, void *context, gb_pool *pool,
                          gb_err *err)
{
	gb_decoder *d = gb_array(1, sizeof *d, err);
	gb_status status = GB_SYSTEM;

	*out = NULL;
	if (!d)
		return status;
	d->sink = sink;
	d->context = context;
	d->pool = pool;
	d->width = (size_t)w->width;
	if (w->normed || w->channels != 1)
		status = gb_fail(err, GB_DATA, "weights of the 48 kHz stereo model: the 24 kHz mono model is wanted for a stream");
	else
		status = gb_decoder_net_open(&d->net, w, GB_ENCODEC_TILE, err);
	if (status == GB_OK && (!(d->latents = gb_array(GB_ENCODEC_TILE * d->width, sizeof(float), err)) ||
	                        !(d->sample = gb_array(gb_decoder_net_room(&d->net), sizeof(float), err))))
		status = GB_SYSTEM;
	if (status != GB_OK)
		gb_decoder_close(d);
	else
		*out = d;
	return status;
}

static gb_status run_tile(gb_decoder *d, bool last, gb_err *err)
{
	size_t samples = gb_decoder_net_run(&d->net, d->latents, d->held, !d->begun, last, d->sample, d->pool);

	d->begun = true;
	d->held = 0;
	return d->sink(d->context, d->sample, samples, err);
}

gb_status gb_decoder_put(gb_decoder *d, const float *latents, size_t frames, gb_err *err)
{
	while (frames) {
		size_t room = GB_ENCODEC_TILE - d->held, take = frames < room ? frames : room;
		gb_status status;
		if (!room) {
			if ((status = run_tile(d, false, err)) != GB_OK)
				return status;
			continue;
		}
		memcpy(d->latents + d->held * d->width, latents, take * d->width * sizeof *latents);
		d->held += take;
		latents += take * d->width;
		frames -= take;
	}
	return GB_OK;
}

gb_status gb_decoder_finish(gb_decoder *d, gb_err *err) { return d->held ? run_tile(d, true, err) : GB_OK; }

void gb_decoder_close(gb_decoder *d)
{
	if (!d)
		return;
	gb_decoder_net_close(&d->net);
	free(d->latents);
	free(d->sample);
	free(d);
}

gb_status gb_encodec_decode_chunk(const gb_encodec_weights *w, const float *latents, size_t frames, float *out, gb_pool *pool,
                                  gb_err *err)
{
	gb_decoder_net net;
	float *room = NULL;
	gb_status status = gb_decoder_net_open(&net, w, frames, err);

	if (status == GB_OK && !(room = gb_array(gb_decoder_net_room(&net), sizeof *room, err)))
		status = GB_SYSTEM;
	if (status == GB_OK) {
		size_t samples = gb_decoder_net_run(&net, latents, frames, true, true, room, pool);
		memcpy(out, room, samples * (size_t)w->channels * sizeof *room);
	}
	free(room);
	gb_decoder_net_close(&net);
	return status;
}
