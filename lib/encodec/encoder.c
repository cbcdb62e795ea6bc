/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/encodec.h"
#include "encodec/network.h"

struct gb_encoder {
	gb_encoder_net net;
	gb_latents_fn *sink;
	void *context;
	gb_pool *pool;
	size_t tile, held;   /* samples of a tile; of the one being filled */
	float *sample, *latents;
	bool begun;
};

gb_status gb_encoder_open(gb_encoder **out, const gb_encodec_weights *w, gb_latents_fn *sink, void *context, gb_pool *pool,
                          gb_err *err)
{
	gb_encoder *e = gb_array(1, sizeof *e, err);
	gb_status status = GB_SYSTEM;

	*out = NULL;
	if (!e)
		return status;
	e->sink = sink;
	e->context = context;
	e->pool = pool;
	e->tile = GB_ENCODEC_TILE * (size_t)w->hop;
	if (w->normed || w->channels != 1)
		status = gb_fail(err, GB_DATA, "weights of the 48 kHz stereo model: the 24 kHz mono model is wanted for a stream");
	else
		status = gb_encoder_net_open(&e->net, w, e->tile, err);
	if (status == GB_OK && (!(e->sample = gb_array(e->tile, sizeof(float), err)) ||
	                        !(e->latents = gb_array(gb_encoder_net_room(&e->net), sizeof(float), err))))
		status = GB_SYSTEM;
	if (status != GB_OK)
		gb_encoder_close(e);
	else
		*out = e;
	return status;
}

/* The tile that is full, or the last one.  A full tile waits until it is known
 * whether more follows, because the last one is padded. */
static gb_status run_tile(gb_encoder *e, bool last, gb_err *err)
{
	size_t frames = gb_encoder_net_run(&e->net, e->sample, e->held, !e->begun, last, e->latents, e->pool);

	e->begun = true;
	e->held = 0;
	return e->sink(e->context, e->latents, frames, err);
}

gb_status gb_encoder_put(gb_encoder *e, const float *samples, size_t count, gb_err *err)
{
	while (count) {
		size_t room = e->tile - e->held, take = count < room ? count : room;
		gb_status status;
		if (!room) {
			if ((status = run_tile(e, false, err)) != GB_OK)
				return status;
			continue;
		}
		memcpy(e->sample + e->held, samples, take * sizeof *samples);
		e->held += take;
		samples += take;
		count -= take;
	}
	return GB_OK;
}

gb_status gb_encoder_finish(gb_encoder *e, gb_err *err) { return e->held ? run_tile(e, true, err) : GB_OK; }

void gb_encoder_close(gb_encoder *e)
{
	if (!e)
		return;
	gb_encoder_net_close(&e->net);
	free(e->sample);
	free(e->latents);
	free(e);
}

gb_status gb_encodec_encode_chunk(const gb_encodec_weights *w, const float *x, size_t samples, float *latents, gb_pool *pool,
                                  gb_err *err)
{
	gb_encoder_net net;
	float *room = NULL;
	gb_status status = gb_encoder_net_open(&net, w, samples, err);

	if (status == GB_OK && !(room = gb_array(gb_encoder_net_room(&net), sizeof *room, err)))
		status = GB_SYSTEM;
	if (status == GB_OK) {
		size_t frames = gb_encoder_net_run(&net, x, samples, true, true, room, pool);
		memcpy(latents, room, frames * (size_t)w->width * sizeof *room);
	}
	free(room);
	gb_encoder_net_close(&net);
	return status;
}
