/* SPDX-License-Identifier: MIT */
#include "audio/mel_wav.h"

#include <math.h>
#include <stdlib.h>

#include "audio/mel_invert.h"
#include "audio/wav.h"
#include "media/frame_rows.h"

enum { ITERATIONS = 32 };

/* The frames of a `mel` tensor, one after the other. */
typedef struct reel {
	const char *name;
	const float *mel;
	int64_t rows, bands, longest, frames;
	int64_t *begin; /* [rows + 1]: index of each row's first frame */
	int64_t row;    /* where the last search ended */
} reel;

static gb_status read_frames(void *context, int64_t first, size_t count, float *values, gb_err *err)
{
	reel *r = context;

	for (size_t i = 0; i < count; i++) {
		int64_t frame = first + (int64_t)i;

		while (frame < r->begin[r->row])
			r->row--;
		while (frame >= r->begin[r->row + 1])
			r->row++;
		for (int64_t b = 0; b < r->bands; b++) {
			float v = r->mel[(r->row * r->bands + b) * r->longest + frame - r->begin[r->row]];

			if (!isfinite(v) || v > 200)
				return gb_fail(err, GB_DATA,
				               "%s: mel: row %lld, band %lld: %g is no log-mel value",
				               r->name, (long long)r->row, (long long)b, (double)v);
			values[i * (size_t)r->bands + (size_t)b] = v;
		}
	}
	return GB_OK;
}

static gb_status write_samples(void *context, const float *samples, size_t count, gb_err *err)
{
	return gb_wav_put(context, samples, count, err);
}

static bool rational_of(const gb_tensor_file *file, const char *key, gb_rational *out)
{
	const char *text = gb_json_text(gb_tensor_file_attribute(file, "mel", key));

	return text && gb_rational_parse(text, out, NULL) == GB_OK;
}

static gb_status open_reel(gb_tensor_file *file, reel *r, gb_mel_options *options, gb_err *err)
{
	const gb_tensor *mel;
	gb_status status = gb_tensor_file_need(file, "mel", GB_F32, 3, &mel, err);

	r->name = gb_tensor_file_name(file);
	if (status)
		return status;
	r->mel = mel->data;
	r->rows = mel->shape[0];
	r->bands = mel->shape[1];
	r->longest = mel->shape[2];
	if (r->bands > 1024)
		return gb_fail(err, GB_DATA, "%s: mel: %lld bands, at most 1024 are wanted", r->name,
		               (long long)r->bands);
	if (!gb_json_read_integer(gb_tensor_file_attribute(file, "mel", "sample_rate"), &options->rate) ||
	    !rational_of(file, "hop", &options->hop) || !rational_of(file, "window", &options->window))
		return gb_fail(err, GB_DATA,
		               "%s: mel lacks sample_rate, window or hop in its description; was it made by "
		               "--mel?",
		               r->name);
	options->bands = (int)r->bands;
	if ((status = gb_frame_begins(file, "mel.count", r->rows, r->longest, &r->begin, err)) != GB_OK)
		return status;
	r->frames = r->begin[r->rows];
	return r->frames ? GB_OK : gb_fail(err, GB_DATA, "%s: mel holds no frames", r->name);
}

gb_status gb_mel_tensor_invert(gb_tensor_file *file, const char *out, gb_pool *pool, gb_err *err)
{
	gb_mel_options options = {0};
	gb_wav *wav = NULL;
	gb_mel *mel = NULL;
	reel r = {0};
	gb_status status = open_reel(file, &r, &options, err);

	if (!status && gb_mel_new(&mel, &options, err)) /* what a file says is data, not a command line */
		status = gb_fail(err, GB_DATA, "%s: mel: window, hop or rate out of range", r.name);
	if (!status)
		status = gb_wav_create(&wav, out, options.rate, 1, gb_mel_position(mel, r.frames), err);
	if (!status) {
		gb_mel_inversion inversion = {.frames = r.frames, .iterations = ITERATIONS,
		                              .source = read_frames, .source_context = &r,
		                              .sink = write_samples, .sink_context = wav};

		status = gb_mel_invert(&options, &inversion, pool, err);
	}
	if (!status) {
		status = gb_wav_commit(wav, err);
		wav = NULL;
	}
	gb_wav_free(wav);
	gb_mel_free(mel);
	free(r.begin);
	return status;
}
