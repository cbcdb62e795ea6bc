/* SPDX-License-Identifier: MIT */
#include "evaluate/decoded_audio.h"
#include "evaluate/decoded_audio_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/quantise.h"
#include "encodec/decoder.h"
#include "audio/mel_invert.h"
#include "audio/resample.h"
#include "audio/wav.h"
#include "audio/spectrogram.h"
#include "stats/stoi.h"

enum { ITERATIONS = 32, BLOCK = 64 };

/* What makes one sound: VALUES [rows, elements], or one row for all. */
typedef struct source {
	const gb_decoded *decoded;
	const float *values;
	bool same;              /* one row */
	int64_t *row, *frame;   /* of each valid frame: scored row and place in it */
	size_t frames;
} source;

/* Where samples go. */
typedef struct room { float *at; size_t left; } room;

static gb_status keep_samples(void *context, const float *samples, size_t count, gb_err *err)
{
	room *r = context;

	(void)err;
	count = count < r->left ? count : r->left;
	memcpy(r->at, samples, count * sizeof *samples);
	r->at += count;
	r->left -= count;
	return GB_OK;
}

static float value_at(const source *s, size_t frame, size_t channel)
{
	const gb_decoded *d = s->decoded;

	return s->values[(s->same ? 0 : (size_t)s->row[frame] * d->elements) + channel * (size_t)d->shape[1] +
	                 (size_t)s->frame[frame]];
}

/* Frames of the spectrum; a log-mel value is not below silence. */
static gb_status read_mel(void *context, int64_t first, size_t count, float *values, gb_err *err)
{
	const source *s = context;
	size_t bands = (size_t)s->decoded->shape[0];

	(void)err;
	for (size_t i = 0; i < count; i++)
		for (size_t b = 0; b < bands; b++)
			values[i * bands + b] = fmaxf(value_at(s, (size_t)first + i, b), 0);
	return GB_OK;
}

static gb_status from_mel(source *s, const gb_mel_options *options, float *out, size_t samples, gb_pool *pool,
                          gb_err *err)
{
	room to = {out, samples};

	return gb_mel_invert(options,
	                     &(gb_mel_inversion){.frames = (int64_t)s->frames, .iterations = ITERATIONS,
	                                         .source = read_mel, .source_context = s,
	                                         .sink = keep_samples, .sink_context = &to},
	                     pool, err);
}

static gb_status from_codes(const source *s, const gb_encodec_weights *weights, float *out, size_t samples,
                            gb_pool *pool, gb_err *err)
{
	int books = (int)s->decoded->shape[0];
	int16_t *code = gb_array((size_t)BLOCK * (size_t)books, sizeof *code, err);
	float *latent = code ? gb_array((size_t)BLOCK * (size_t)weights->width, sizeof *latent, err) : NULL;
	gb_decoder *decoder = NULL;
	room to = {out, samples};
	gb_status status = latent ? gb_decoder_open(&decoder, weights, keep_samples, &to, pool, err)
	                          : GB_SYSTEM;

	for (size_t at = 0; !status && at < s->frames; at += BLOCK) {
		size_t count = s->frames - at < BLOCK ? s->frames - at : BLOCK;

		for (size_t i = 0; i < count; i++)
			for (int b = 0; b < books; b++)
				code[i * (size_t)books + (size_t)b] = (int16_t)value_at(s, at + i, (size_t)b);
		status = gb_encodec_dequantise(weights, code, count, books, latent, err);
		if (!status)
			status = gb_decoder_put(decoder, latent, count, err);
	}
	if (!status)
		status = gb_decoder_finish(decoder, err);
	gb_decoder_close(decoder);
	free(code);
	free(latent);
	return status;
}

static bool mel_options(const gb_feature *f, gb_mel_options *options)
{
	const char *window = gb_json_text(gb_tensor_file_attribute(f->file, f->name, "window")),
	           *hop = gb_json_text(gb_tensor_file_attribute(f->file, f->name, "hop"));

	return gb_json_read_integer(gb_tensor_file_attribute(f->file, f->name, "sample_rate"),
	                            &options->rate) &&
	       window && hop && gb_rational_parse(window, &options->window, NULL) == GB_OK &&
	       gb_rational_parse(hop, &options->hop, NULL) == GB_OK;
}

/* The way from a tensor's values to sound. */
typedef struct way {
	gb_mel_options mel;
	gb_encodec_weights codec;
	gb_rational hop;  /* seconds a frame */
	int64_t rate;
} way;

/* *FOUND is false where this tensor cannot be made sound. */
static gb_status find_way(way *w, const gb_decoded *d, const gb_feature *f, const char *weights, bool *found,
                          gb_err *err)
{
	gb_mel *mel = NULL;
	gb_status status;

	*w = (way){.mel = {.bands = (int)d->shape[0]}};
	*found = d->kind == GB_DECODED_MEL ? mel_options(f, &w->mel) : d->kind == GB_DECODED_CODES && weights;
	if (!*found)
		return GB_OK;
	if (d->kind == GB_DECODED_MEL) {
		w->hop = w->mel.hop;
		w->rate = w->mel.rate;
		status = gb_mel_new(&mel, &w->mel, err); /* checks the options */
		gb_mel_free(mel);
		return status;
	}
	w->rate = 24000;
	status = gb_decoded_audio_check_input(f, "weights", weights, err);
	if (!status)
		status = gb_encodec_weights_open(&w->codec, weights, err);
	if (!status && (w->codec.channels != 1 || w->codec.codebooks < d->shape[0] ||
	                !gb_rational_make(w->codec.hop, w->rate, &w->hop)))
		status =
		    gb_fail(err, GB_DATA,
		            "%s: the set's codes have %lld codebooks of the 24 kHz model, these weights have "
		            "%d",
		            weights, (long long)d->shape[0], w->codec.codebooks);
	return status;
}

static gb_status list_frames(source *s, const gb_dataset *set, const gb_feature *f, const gb_scored *scored,
                             gb_err *err)
{
	const gb_decoded *d = s->decoded;
	size_t all = d->rows * (size_t)d->shape[1];

	s->row = gb_array(2 * all, sizeof *s->row, err);
	s->frame = s->row + all;
	if (!s->row)
		return GB_SYSTEM;
	for (size_t t = 0; t < d->rows; t++)
		for (int64_t k = 0; k < gb_dataset_count(set, f, scored->row[t]) && k < d->shape[1]; k++) {
			s->row[s->frames] = (int64_t)t;
			s->frame[s->frames++] = k;
		}
	return GB_OK;
}

/* ---- figures ---- */

typedef struct reader { const float *at; size_t left; } reader;

static gb_status pull(void *context, float *samples, size_t capacity, size_t *got, gb_err *err)
{
	reader *r = context;

	(void)err;
	*got = capacity < r->left ? capacity : r->left;
	memcpy(samples, r->at, *got * sizeof *samples);
	r->at += *got;
	r->left -= *got;
	return GB_OK;
}

/* As 10 kHz, *COUNT samples; NULL: it failed. */
static float *for_stoi(const float *samples, size_t count, int64_t rate, size_t *out_count, gb_err *err)
{
	reader from = {samples, count};
	gb_resampler *r = NULL;
	size_t got = 1, capacity = count * GB_STOI_RATE / (size_t)rate + 2;
	float *out = gb_array(capacity, sizeof *out, err);
	gb_status status = out ? gb_resampler_new(&r, rate, GB_STOI_RATE, GB_RESAMPLE_BEST, pull, &from, err)
	                       : GB_SYSTEM;

	for (*out_count = 0; !status && got && *out_count < capacity; *out_count += got)
		status = gb_resampler_read(r, out + *out_count, capacity - *out_count, &got, err);
	gb_resampler_free(r);
	if (status) {
		free(out);
		out = NULL;
	}
	return out;
}

static gb_status compare(const gb_decoded_audio *s, const float *other, double *stoi, double *distance,
                         gb_err *err)
{
	const float *reference = s->original ? s->original : s->round_trip;
	size_t frames = gb_spectrogram_frames(s->samples, GB_SOUND_WINDOW), bins = GB_SOUND_WINDOW / 2 + 1,
	       n = 0, m = 0;
	float *x = for_stoi(reference, s->samples, s->rate, &n, err),
	      *y = x ? for_stoi(other, s->samples, s->rate, &m, err) : NULL,
	      *a = y ? gb_array(2 * frames * bins, sizeof *a, err) : NULL, *b = a + frames * bins;
	gb_status status = a ? gb_stoi(x, y, n < m ? n : m, stoi, err) : GB_SYSTEM;

	if (!status)
		status = gb_spectrogram(reference, s->samples, GB_SOUND_WINDOW, GB_SOUND_FLOOR, a, err);
	if (!status)
		status = gb_spectrogram(other, s->samples, GB_SOUND_WINDOW, GB_SOUND_FLOOR, b, err);
	*distance = status ? 0 : gb_log_spectral_distance(a, b, frames, bins);
	free(x);
	free(y);
	free(a);
	return status;
}

/* Figures and sounds that have nothing to do with what was decoded are LIKE's, where that is there. */
static gb_status figures(gb_decoded_audio *s, const gb_decoded_audio *like, gb_err *err)
{
	gb_status status = compare(s, s->decoded, &s->stoi, &s->distance, err);

	if (like) {
		s->stoi_round_trip = like->stoi_round_trip;
		s->stoi_constant = like->stoi_constant;
		s->distance_round_trip = like->distance_round_trip;
		s->distance_constant = like->distance_constant;
		return status;
	}
	if (!status)
		status = compare(s, s->round_trip, &s->stoi_round_trip, &s->distance_round_trip, err);
	return status ? status : compare(s, s->constant, &s->stoi_constant, &s->distance_constant, err);
}

/* ---- all of it ---- */

static gb_status fill(gb_decoded_audio *s, way *w, source *from, const gb_decoded_audio *like, gb_pool *pool,
                      gb_err *err)
{
	const gb_decoded *d = from->decoded;
	const float *values[] = {d->predicted, d->actual, d->mean},
		    *made[] = {NULL, like ? like->round_trip : NULL, like ? like->constant : NULL};
	float **out[] = {&s->decoded, &s->round_trip, &s->constant};
	gb_rational length;
	gb_status status = GB_OK;

	if (!gb_rational_mul((gb_rational){(int64_t)from->frames, 1}, w->hop, &length) ||
	    !gb_rational_mul(length, (gb_rational){w->rate, 1}, &length))
		return gb_fail(err, GB_DATA, "%s: too long a sound", d->feature);
	s->rate = w->rate;
	s->samples = (size_t)gb_rational_floor(length);
	for (int k = 0; !status && k < 3; k++) {
		from->values = values[k];
		from->same = k == 2;
		*out[k] = gb_array(s->samples + 1, sizeof(float), err);
		if (!*out[k])
			return GB_SYSTEM;
		if (made[k])
			memcpy(*out[k], made[k], s->samples * sizeof(float));
		else
			status = d->kind == GB_DECODED_MEL
			             ? from_mel(from, &w->mel, *out[k], s->samples, pool, err)
			             : from_codes(from, &w->codec, *out[k], s->samples, pool, err);
	}
	return status;
}

static gb_status hear(gb_decoded_audio *s, const way *w, source *from, const gb_feature *f,
                      const gb_decoding_options *o, gb_err *err)
{
	gb_status status = gb_decoded_audio_check_input(f, "sound", o->medium, err);

	for (size_t i = 0; i < from->frames; i++)
		from->row[i] = o->scored->row[from->row[i]];
	s->original = gb_array(s->samples + 1, sizeof(float), err);
	if (!s->original)
		return GB_SYSTEM;
	return status ? status
	              : gb_decoded_audio_read_medium(o->medium,
	                                             &(gb_sound_frames){.set = o->set,
	                                                                .feature = f,
	                                                                .rate = s->rate,
	                                                                .hop = w->hop,
	                                                                .row = from->row,
	                                                                .place = from->frame,
	                                                                .count = from->frames},
	                                             s->original, s->samples, err);
}

gb_status gb_decoded_audio_make(gb_decoded_audio **out, const gb_decoded *d, const gb_decoding_options *o,
                                gb_err *err)
{
	const gb_feature *f = gb_dataset_find(o->set, d->feature, NULL);
	source from = {.decoded = d};
	way w;
	bool found;
	gb_decoded_audio *s = NULL;
	gb_status status = find_way(&w, d, f, o->weights, &found, err);

	*out = NULL;
	if (!status && found)
		status = list_frames(&from, o->set, f, o->scored, err);
	if (!status && from.frames) {
		s = gb_array(1, sizeof *s, err);
		status = s ? fill(s, &w, &from, o->like, o->pool, err) : GB_SYSTEM;
		if (!status && o->medium)
			status = hear(s, &w, &from, f, o, err);
		if (!status)
			status = figures(s, o->like, err);
	}
	gb_encodec_weights_close(&w.codec);
	free(from.row);
	if (status) {
		gb_decoded_audio_free(s);
		s = NULL;
	}
	*out = s;
	return status;
}

void gb_decoded_audio_free(gb_decoded_audio *s)
{
	if (!s)
		return;
	free(s->decoded);
	free(s->round_trip);
	free(s->constant);
	free(s->original);
	free(s);
}

static gb_status write_one(const char *folder, const char *name, const char *kind, const gb_decoded_audio *s,
                           const float *samples, gb_err *err)
{
	char *path = gb_format(err, "%s/%s%s.wav", folder, name, kind);
	gb_wav *wav = NULL;
	gb_status status = path ? gb_wav_create(&wav, path, s->rate, 1, (int64_t)s->samples, err) : GB_SYSTEM;

	if (!status)
		status = gb_wav_put(wav, samples, s->samples, err);
	if (!status) {
		status = gb_wav_commit(wav, err);
		wav = NULL;
	}
	gb_wav_free(wav);
	free(path);
	return status;
}

gb_status gb_decoded_audio_write(const char *folder, const gb_decoded *d, gb_err *err)
{
	gb_status status = d->sound ? write_one(folder, d->feature, d->from_brain ? "" : ".stimulus",
	                                        d->sound, d->sound->decoded, err)
	                            : GB_OK;

	return status || !d->sound
	           ? status
	           : write_one(folder, d->feature, ".true", d->sound, d->sound->round_trip, err);
}
