/* SPDX-License-Identifier: MIT */
#include "audio/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/audio_internal.h"

enum { SILENCE_MAX = 86400 }; /* seconds: beyond, a timestamp is wrong */

struct gb_audio {
	gb_audio_source *source;
	gb_resampler *resampler;
	char *name;
	gb_rational start;
	gb_audio_facts facts;
	gb_audio_piece piece;     /* its samples not given yet */
	int64_t silence;          /* to give before it */
	int64_t cut;              /* to drop before any more is given */
	int64_t next;             /* index, from START's first sample, of the sample that comes next */
	gb_rational zero;         /* film time of index 0 */
	bool placed, ended;
};

void gb_audio_close(gb_audio *a)
{
	if (!a)
		return;
	gb_resampler_free(a->resampler);
	if (a->source)
		a->source->close(a->source);
	free(a->name);
	free(a);
}

static gb_status too_large(const gb_audio *a, gb_err *err)
{
	return gb_fail(err, GB_DATA, "%s: audio: a timestamp is too large for exact arithmetic", a->name);
}

/* The index of the sample at film time T.  The first sample fixes the phase of the grid. */
static gb_status place(gb_audio *a, gb_rational t, int64_t *index, gb_err *err)
{
	gb_rational x, rate = {a->source->rate, 1}, offset;

	if (!a->placed) {
		gb_rational whole;

		if (!gb_rational_sub(t, a->start, &x) || !gb_rational_mul(x, rate, &x))
			return too_large(a, err);
		*index = gb_rational_floor(x);
		whole = (gb_rational){*index, 1};
		if (!gb_rational_sub(x, whole, &offset) || !gb_rational_div(offset, rate, &offset) ||
		    !gb_rational_add(a->start, offset, &a->zero))
			return too_large(a, err);
		a->facts.first = a->zero;
		a->placed = true;
		return GB_OK;
	}
	if (!gb_rational_sub(t, a->zero, &x) || !gb_rational_mul(x, rate, &x))
		return too_large(a, err);
	*index = gb_rational_round(x);
	return GB_OK;
}

/* Place a new piece after the samples given so far: find its silence or cut. */
static gb_status line_up(gb_audio *a, gb_err *err)
{
	gb_rational t = {0, 1};
	int64_t index = 0, gap, rate = a->source->rate;
	bool first = !a->placed;

	if (a->piece.timed)
		t = a->piece.time;
	else if (a->placed)
		return GB_OK;
	if (place(a, t, &index, err))
		return GB_DATA;
	gap = index - (a->next - a->cut);
	if (gap / rate > SILENCE_MAX || gap / rate < -SILENCE_MAX)
		return gb_fail(err, GB_DATA, "%s: audio: a timestamp jumps by %lld s", a->name,
		               (long long)(gap / rate));
	if (!first && gap * 20 <= rate && gap * 20 >= -rate)
		return GB_OK;
	if (!first)
		a->facts.jumps++;
	gap = index - a->next;
	a->silence = gap > 0 ? gap : 0;
	a->cut = gap < 0 ? -gap : 0;
	return GB_OK;
}

static gb_status check_finite(const gb_audio *a, gb_err *err)
{
	for (size_t i = 0; i < a->piece.count; i++)
		if (!isfinite(a->piece.samples[i]))
			return gb_fail(err, GB_DATA,
			               "%s: audio: a sample at %.3f s is not finite (NaN or Inf)", a->name,
			               gb_rational_double(a->zero) +
			                   (double)(a->next + a->silence - a->cut + (int64_t)i) /
			                       (double)a->source->rate);
	return GB_OK;
}

static gb_status next_piece(gb_audio *a, gb_err *err)
{
	gb_status status = a->source->read(a->source, &a->piece, err);

	if (status)
		return status;
	if (!a->piece.count) {
		a->ended = true;
		return GB_OK;
	}
	status = line_up(a, err);
	if (!status)
		status = check_finite(a, err);
	return status;
}

/* Mono samples at the source's rate, on the film's clock, from START on. */
static gb_status pull(void *context, float *samples, size_t capacity, size_t *got, gb_err *err)
{
	gb_audio *a = context;
	size_t n = 0;

	while (!n && !a->ended) {
		if (a->silence) {
			n = (size_t)a->silence < capacity ? (size_t)a->silence : capacity;
			memset(samples, 0, n * sizeof *samples);
			a->silence -= (int64_t)n;
			a->facts.silence += (int64_t)n;
			a->next += (int64_t)n;
		} else if (a->cut && a->piece.count) {
			size_t drop = (size_t)a->cut < a->piece.count ? (size_t)a->cut : a->piece.count;

			a->piece.samples += drop;
			a->piece.count -= drop;
			a->cut -= (int64_t)drop;
			a->facts.cut += (int64_t)drop;
		} else if (a->piece.count) {
			n = a->piece.count < capacity ? a->piece.count : capacity;
			memcpy(samples, a->piece.samples, n * sizeof *samples);
			a->piece.samples += n;
			a->piece.count -= n;
			a->next += (int64_t)n;
		} else {
			gb_status status = next_piece(a, err);

			if (status)
				return status;
		}
	}
	*got = n;
	return GB_OK;
}

static gb_status open_source(gb_audio *a, const char *path, int64_t track, gb_err *err)
{
	gb_input input = {0};
	gb_status status = gb_input_open(&input, path, err);

	if (status)
		return status;
	a->name = gb_string(input.name, err);
	status = a->name ? gb_audio_sndfile_open(&a->source, &input, err) : GB_SYSTEM;
	if (!status && !a->source)
		return gb_audio_libav_open(&a->source, &input, track, err);
	if (!status && track > 0)
		status = gb_fail(err, GB_DATA, "%s: no sound track %lld, it has 1, counted from 0", a->name,
		                 (long long)track);
	gb_input_close(&input);
	return status;
}

gb_status gb_audio_open(gb_audio **audio, const char *path, const gb_audio_options *options, gb_err *err)
{
	gb_audio *a = gb_array(1, sizeof *a, err);
	gb_status status;

	*audio = NULL;
	if (!a)
		return GB_SYSTEM;
	a->start = options->start;
	status = open_source(a, path, options->track, err);
	if (status)
		goto fail;
	a->source->side = options->side;
	a->facts.reader = a->source->reader;
	a->facts.rate = a->source->rate;
	a->facts.channels = a->source->channels;
	a->facts.first = a->facts.end = a->zero = a->start;
	status = gb_resampler_new(&a->resampler, a->source->rate, options->rate, options->quality, pull, a,
	                          err);
	if (status) {
		status = gb_fail_in(err, "%s", a->name);
		goto fail;
	}
	*audio = a;
	return GB_OK;
fail:
	gb_audio_close(a);
	return status;
}

gb_status gb_audio_read(gb_audio *a, float *samples, size_t capacity, size_t *got, gb_err *err)
{
	gb_status status = gb_resampler_read(a->resampler, samples, capacity, got, err);
	gb_rational length;

	if (status || *got)
		return status;
	a->facts.samples = gb_resampler_taken(a->resampler);
	if (!a->placed)
		return gb_fail(err, GB_DATA, "%s: the sound has no samples", a->name);
	if (!a->facts.samples)
		return gb_fail(err, GB_DATA, "%s: the sound ends before %g s, where reading starts", a->name,
		               gb_rational_double(a->start));
	if (!gb_rational_make(a->facts.samples, a->source->rate, &length) ||
	    !gb_rational_add(a->zero, length, &a->facts.end))
		return too_large(a, err);
	return GB_OK;
}

const gb_audio_facts *gb_audio_about(gb_audio *a) { return &a->facts; }

void gb_audio_describe(const gb_audio_facts *facts, gb_json *attributes)
{
	char text[GB_RATIONAL_TEXT];

	gb_json_set(attributes, "first", gb_json_string(gb_rational_format(facts->first, text)));
	gb_json_set(attributes, "source_rate", gb_json_integer(facts->rate));
	gb_json_set(attributes, "source_channels", gb_json_integer(facts->channels));
	gb_json_set(attributes, "source_silence", gb_json_integer(facts->silence));
	gb_json_set(attributes, "source_cut", gb_json_integer(facts->cut));
	gb_json_set(attributes, "source_jumps", gb_json_integer(facts->jumps));
}
