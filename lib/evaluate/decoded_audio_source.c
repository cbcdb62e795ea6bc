/* SPDX-License-Identifier: MIT */
/* What a set's sound was made of: the file's own words on it, and its samples. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "io/hash.h"
#include "audio/audio.h"
#include "evaluate/decoded_audio_source.h"

/* Is PATH the file that FEATURE names as its ROLE?  A tensor without provenance cannot say no. */
gb_status gb_decoded_audio_check_input(const gb_feature *f, const char *role, const char *path, gb_err *err)
{
	const gb_json *input = gb_json_get(gb_json_get(gb_tensor_file_profile(f->file), "inputs"), role);
	const char *name = gb_json_text(gb_json_get(input, "name")),
		   *want = gb_json_text(gb_json_get(input, "xxh3"));
	char got[GB_HASH_TEXT];
	gb_hash hash;
	uint64_t bytes;
	gb_status status = want ? gb_hash_file(path, &hash, &bytes, err) : GB_OK;

	if (!status && want && strcmp(gb_hash_format(hash, got), want))
		status = gb_fail(err, GB_DATA, "%s: not the %s that %s was made with: %s, xxh3 %s, is wanted",
		                 path, role, f->name, name ? name : "a file", want);
	return status;
}

/* First sample of frame PLACE of ROW, counted from time 0. */
static bool position(const gb_dataset *set, const gb_feature *f, int64_t rate, gb_rational hop, int64_t row,
                     int64_t place, int64_t *sample)
{
	const gb_clock *clock = gb_dataset_clock(set);
	const char *text = gb_json_text(gb_tensor_file_attribute(f->file, f->name, "first"));
	int run = gb_clock_run_of(clock, row);
	gb_rational first = {0, 1}, t, k;

	if (text && gb_rational_parse(text, &first, NULL) != GB_OK)
		return false;
	/* The row's first frame is the first that begins in it. */
	if (!gb_clock_time_of(clock, run, row - gb_clock_first(clock, run), &t) ||
	    !gb_rational_sub(t, first, &k) || !gb_rational_div(k, hop, &k))
		return false;
	k = (gb_rational){(gb_rational_ceil(k) > 0 ? gb_rational_ceil(k) : 0) + place, 1};
	if (!gb_rational_mul(k, hop, &t) || !gb_rational_add(t, first, &t) ||
	    !gb_rational_mul(t, (gb_rational){rate, 1}, &t))
		return false;
	*sample = gb_rational_floor(t);
	return true;
}

/* Put COUNT samples that begin at FIRST where frames want them. */
typedef struct wanted {
	const int64_t *sample;
	size_t count, at;
	size_t frame;
	float *out;
	size_t length;
} wanted;

static void deal(wanted *w, const float *samples, int64_t first, size_t count)
{
	int64_t end = first + (int64_t)count;

	while (w->at < w->count && w->sample[w->at] < end) {
		size_t to = w->at * w->frame, length = to + w->frame < w->length ? w->frame : w->length - to;
		int64_t from = w->sample[w->at] > first ? w->sample[w->at] : first,
			until = w->sample[w->at] + (int64_t)length < end ? w->sample[w->at] + (int64_t)length
		                                                         : end;

		if (until > from)
			memcpy(w->out + to + (from - w->sample[w->at]), samples + (from - first),
			       (size_t)(until - from) * sizeof *samples);
		if (w->sample[w->at] + (int64_t)length > end)
			break;
		w->at++;
	}
}

gb_status gb_decoded_audio_read_medium(const char *path, const gb_sound_frames *frames, float *samples,
                                       size_t length, gb_err *err)
{
	enum { BLOCK = 65536 };
	const gb_feature *f = frames->feature;
	const gb_clock *clock = gb_dataset_clock(frames->set);
	size_t count = frames->count;
	gb_audio_options options = {
	    .track = -1, .start = {0, 1}, .rate = frames->rate, .quality = GB_RESAMPLE_MEDIUM};
	int64_t *sample = gb_array(count, sizeof *sample, err), at = 0;
	float *block = sample ? gb_array(BLOCK, sizeof *block, err) : NULL;
	wanted w = {sample, count, 0, length / count, samples, length};
	gb_audio *audio = NULL;
	size_t got = 1;
	bool tracked = gb_json_read_integer(gb_json_get(gb_json_get(gb_tensor_file_profile(f->file),
	                                                            "params"),
	                                                "track"),
	                                    &options.track);
	gb_status status = block ? GB_OK : GB_SYSTEM;

	options.track = tracked ? options.track : -1;
	if (!status && clock->runs > 1)
		status = gb_fail(err, GB_USAGE,
		                 "%s: the set has %d runs, and one sound cannot be all of them", path,
		                 clock->runs);
	for (size_t i = 0; !status && i < count; i++)
		if (!position(frames->set, f, frames->rate, frames->hop, frames->row[i], frames->place[i],
		              &sample[i]))
			status = gb_fail(err, GB_DATA, "%s: row %lld: its time is too large", f->name,
			                 (long long)frames->row[i]);
	if (!status)
		status = gb_audio_open(&audio, path, &options, err);
	while (!status && got && w.at < count) {
		status = gb_audio_read(audio, block, BLOCK, &got, err);
		if (!status)
			deal(&w, block, at, got);
		at += (int64_t)got;
	}
	gb_audio_close(audio);
	free(sample);
	free(block);
	return status;
}
