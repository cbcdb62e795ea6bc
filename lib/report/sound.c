/* SPDX-License-Identifier: MIT */
#include "report/sound.h"

#include <stdlib.h>

#include "base/size.h"
#include "media/mel_invert.h"
#include "media/wav.h"

enum { ITERATIONS = 32 };

typedef struct source {
	const gb_decoded *decoded;
	int64_t *row, *frame; /* of each valid frame: scored row and place in it */
} source;

/* VALUES [count, bands] of valid frames FIRST …; a log-mel value is not below silence. */
static gb_status read_frames(void *context, int64_t first, size_t count, float *values, gb_err *err)
{
	const source *s = context;
	size_t bands = (size_t)s->decoded->shape[0], frames = (size_t)s->decoded->shape[1];

	(void)err;
	for (size_t i = 0; i < count; i++)
		for (size_t b = 0; b < bands; b++) {
			float v = s->decoded->predicted[(size_t)s->row[(size_t)first + i] * s->decoded->elements + b * frames + (size_t)s->frame[(size_t)first + i]];

			values[i * bands + b] = v > 0 ? v : 0;
		}
	return GB_OK;
}

static gb_status put_samples(void *context, const float *samples, size_t count, gb_err *err)
{
	return gb_wav_put(context, samples, count, err);
}

static bool read_options(const gb_feature *f, gb_mel_options *options)
{
	const char *window = gb_json_text(gb_tensor_file_attribute(f->file, f->name, "window")),
	           *hop = gb_json_text(gb_tensor_file_attribute(f->file, f->name, "hop"));

	return gb_json_read_integer(gb_tensor_file_attribute(f->file, f->name, "sample_rate"), &options->rate) && window && hop &&
	       gb_rational_parse(window, &options->window, NULL) == GB_OK && gb_rational_parse(hop, &options->hop, NULL) == GB_OK;
}

gb_status gb_decoded_write_sound(const char *folder, const gb_decoded *d, const gb_dataset *set, const gb_scored *scored, gb_pool *pool,
                                 bool *made, gb_err *err)
{
	const gb_feature *f = gb_dataset_find(set, d->feature, NULL);
	gb_mel_options options = {.bands = (int)d->shape[0]};
	source s = {d, NULL, NULL};
	size_t n = 0, all = d->rows * (size_t)d->shape[1];
	gb_wav *wav = NULL;
	gb_mel *mel = NULL;
	gb_rational samples;
	char *path;
	gb_status status;

	*made = f && read_options(f, &options);
	if (!*made)
		return GB_OK;
	path = gb_format(err, "%s/%s.wav", folder, d->feature);
	s.row = path ? gb_array(2 * all, sizeof *s.row, err) : NULL;
	s.frame = s.row + all;
	status = s.row ? gb_mel_new(&mel, &options, err) : GB_SYSTEM; /* checks the options */
	for (size_t t = 0; !status && t < d->rows; t++)
		for (int64_t k = 0; k < gb_dataset_count(set, f, scored->row[t]) && k < d->shape[1]; k++) {
			s.row[n] = (int64_t)t;
			s.frame[n++] = k;
		}
	if (!status && (!gb_rational_mul((gb_rational){(int64_t)n, 1}, options.hop, &samples) ||
	                !gb_rational_mul(samples, (gb_rational){options.rate, 1}, &samples)))
		status = gb_fail(err, GB_DATA, "%s: too long a sound", d->feature);
	if (!status)
		status = gb_wav_create(&wav, path, options.rate, gb_rational_floor(samples), err);
	if (!status)
		status = gb_mel_invert(&options, (int64_t)n, ITERATIONS, read_frames, &s, put_samples, wav, pool, err);
	if (!status)
		status = gb_wav_commit(wav, err);
	else
		gb_wav_free(wav);
	gb_mel_free(mel);
	free(s.row);
	free(path);
	return status;
}
