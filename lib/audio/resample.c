/* SPDX-License-Identifier: MIT */
#include "audio/resample.h"

#include <samplerate.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* libsamplerate is called with whole blocks of this size only, so that its
 * rounding cannot depend on how the input arrives. */
enum { BLOCK = 4096 };

struct gb_resampler {
	int64_t from, to;
	gb_sample_fn *pull;
	void *context;
	SRC_STATE *state; /* NULL: equal rates */
	float *in, *out;
	size_t in_first, in_count; /* not yet converted */
	size_t out_first, out_count, out_capacity;
	int64_t taken, given; /* given: put into out so far, padding included */
	bool ended, drained;
};

gb_status gb_resampler_new(gb_resampler **resampler, int64_t from, int64_t to, gb_resample_quality quality,
                           gb_sample_fn *pull, void *context, gb_err *err)
{
	gb_resampler *r;
	int code = 0;

	*resampler = NULL;
	if (from <= 0 || to <= 0 || from / 256 >= to || to / 256 >= from)
		return gb_fail(err, GB_DATA,
		               "cannot resample from %lld to %lld Hz: a factor below 256 is wanted",
		               (long long)from, (long long)to);
	r = gb_array(1, sizeof *r, err);
	if (!r)
		return GB_SYSTEM;
	r->from = from;
	r->to = to;
	r->pull = pull;
	r->context = context;
	r->out_capacity = 2 * BLOCK;
	r->in = gb_array(BLOCK, sizeof *r->in, err);
	r->out = gb_array(r->out_capacity, sizeof *r->out, err);
	if (!r->in || !r->out) {
		gb_resampler_free(r);
		return GB_SYSTEM;
	}
	if (from != to) {
		r->state = src_new(quality == GB_RESAMPLE_BEST ? SRC_SINC_BEST_QUALITY
		                                               : SRC_SINC_MEDIUM_QUALITY,
		                   1, &code);
		if (!r->state) {
			gb_resampler_free(r);
			return gb_fail(err, GB_SYSTEM, "resampler: %s", src_strerror(code));
		}
	}
	*resampler = r;
	return GB_OK;
}

void gb_resampler_free(gb_resampler *r)
{
	if (!r)
		return;
	if (r->state)
		src_delete(r->state);
	free(r->in);
	free(r->out);
	free(r);
}

int64_t gb_resampler_taken(const gb_resampler *r) { return r->taken; }

/* A whole block, or what is left before the end. */
static gb_status fill(gb_resampler *r, gb_err *err)
{
	r->in_first = r->in_count = 0;
	while (r->in_count < BLOCK && !r->ended) {
		size_t got = 0;
		gb_status status = r->pull(r->context, r->in + r->in_count, BLOCK - r->in_count, &got, err);

		if (status)
			return status;
		r->ended = got == 0;
		r->in_count += got;
		r->taken += (int64_t)got;
	}
	return GB_OK;
}

static int64_t wanted(const gb_resampler *r)
{
	return (int64_t)(((__int128)r->taken * r->to * 2 + r->from) / ((__int128)r->from * 2));
}

/* The converter may end a sample or two off the exact length. */
static void settle(gb_resampler *r)
{
	int64_t excess = r->given + (int64_t)r->out_count - wanted(r);

	if (excess > 0) {
		r->out_count -= excess < (int64_t)r->out_count ? (size_t)excess : r->out_count;
	} else if (excess < 0) {
		size_t missing = (size_t)-excess, room = r->out_capacity - r->out_count;

		missing = missing < room ? missing : room;
		memset(r->out + r->out_count, 0, missing * sizeof *r->out);
		r->out_count += missing;
	}
	if (!r->out_count)
		r->drained = true;
}

static gb_status convert(gb_resampler *r, gb_err *err)
{
	while (!r->out_count && !r->drained) {
		SRC_DATA data = {0};
		int code;

		if (!r->in_count && !r->ended) {
			gb_status status = fill(r, err);

			if (status)
				return status;
		}
		data.data_in = r->in + r->in_first;
		data.input_frames = (long)r->in_count;
		data.data_out = r->out;
		data.output_frames = (long)r->out_capacity;
		data.end_of_input = r->ended;
		data.src_ratio = (double)r->to / (double)r->from;
		code = src_process(r->state, &data);
		if (code)
			return gb_fail(err, GB_SYSTEM, "resampler: %s", src_strerror(code));
		r->in_first += (size_t)data.input_frames_used;
		r->in_count -= (size_t)data.input_frames_used;
		r->out_first = 0;
		r->out_count = (size_t)data.output_frames_gen;
		if (r->ended && !r->in_count && r->out_count < r->out_capacity)
			settle(r);
		r->given += (int64_t)r->out_count;
	}
	return GB_OK;
}

gb_status gb_resampler_read(gb_resampler *r, float *samples, size_t capacity, size_t *got, gb_err *err)
{
	gb_status status;

	*got = 0;
	if (!r->state) {
		status = r->pull(r->context, samples, capacity, got, err);
		r->taken += (int64_t)*got;
		return status;
	}
	status = convert(r, err);
	if (status)
		return status;
	*got = r->out_count < capacity ? r->out_count : capacity;
	memcpy(samples, r->out + r->out_first, *got * sizeof *samples);
	r->out_first += *got;
	r->out_count -= *got;
	return GB_OK;
}
