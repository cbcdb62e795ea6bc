/* SPDX-License-Identifier: MIT */
#include "simulate/film_regressors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/audio_mel.h"
#include "media/libav.h"
#include "media/ragged.h"
#include "video/video.h"

enum {
	WIDTH = 64,
	HEIGHT = 36,
	PIXELS = WIDTH * HEIGHT,
	BANDS = 20,
	GROUP = 5
};

const char *const gb_look_name[GB_LOOKS] = {"luminance", "red-green", "blue-yellow", "contrast",
                                            "motion energy"};
const char *const gb_sound_name[GB_SOUNDS] = {"loudness", "lowest bands", "low bands", "high bands",
                                              "highest bands"};

gb_status gb_regressors_have(const char *path, bool *look, bool *sound, gb_err *err)
{
	gb_libav media;
	int stream;
	gb_status status = gb_libav_open(&media, path, err);

	if (status)
		return status;
	*look = gb_libav_stream(&media, GB_MEDIA_VIDEO, -1, &stream, NULL) == GB_OK;
	*sound = gb_libav_stream(&media, GB_MEDIA_AUDIO, -1, &stream, NULL) == GB_OK;
	gb_libav_close(&media);
	return GB_OK;
}

/* ---- picture ---- */

typedef struct screen {
	double now[PIXELS], before[PIXELS];
	bool seen;
} screen;

static void look_at(screen *s, const uint8_t *rgb, double sum[GB_LOOKS])
{
	double mean = 0, square = 0, change = 0, red = 0, green = 0, blue = 0;

	for (int i = 0; i < PIXELS; i++) {
		s->now[i] = 0.2126 * rgb[3 * i] + 0.7152 * rgb[3 * i + 1] + 0.0722 * rgb[3 * i + 2];
		mean += s->now[i] / PIXELS;
		red += (double)rgb[3 * i] / PIXELS;
		green += (double)rgb[3 * i + 1] / PIXELS;
		blue += (double)rgb[3 * i + 2] / PIXELS;
	}
	for (int i = 0; i < PIXELS; i++) {
		square += (s->now[i] - mean) * (s->now[i] - mean) / PIXELS;
		if (s->seen)
			change += (s->now[i] - s->before[i]) * (s->now[i] - s->before[i]) / PIXELS;
	}
	sum[0] += mean;
	sum[1] += red - green;
	sum[2] += blue - (red + green) / 2;
	sum[3] += sqrt(square);
	sum[4] += sqrt(change);
	memcpy(s->before, s->now, sizeof s->now);
	s->seen = true;
}

static gb_status look_rows(gb_video *video, float *value, gb_err *err)
{
	const gb_video_info *info = gb_video_about(video);
	uint8_t *picture = gb_array((size_t)info->frames, PIXELS * 3, err);
	screen *s = gb_array(1, sizeof *s, err);
	gb_status status = picture && s ? GB_OK : GB_SYSTEM;

	for (int64_t r = 0; r < info->rows && !status; r++) {
		double sum[GB_LOOKS] = {0};
		int32_t count = gb_video_count(video, r);

		status = gb_video_read(video, picture, NULL, err);
		for (int32_t f = 0; f < count && !status; f++)
			look_at(s, picture + (size_t)f * PIXELS * 3, sum);
		for (int i = 0; i < GB_LOOKS; i++)
			value[r * GB_LOOKS + i] = (float)(sum[i] / count);
	}
	free(picture);
	free(s);
	return status;
}

gb_status gb_regressors_look(const char *path, gb_rational step, gb_rational start, int64_t rows,
                             float **value, int64_t *got, gb_err *err)
{
	gb_video_options options;
	gb_video *video = NULL;
	gb_status status;

	*value = NULL;
	gb_video_defaults(&options);
	options.step = step;
	options.start = start;
	options.rows = rows;
	options.width = WIDTH;
	options.height = HEIGHT;
	status = gb_video_open(&video, path, &options, err);
	if (status)
		return status;
	*got = gb_video_about(video)->rows;
	*value = gb_array((size_t)*got * GB_LOOKS, sizeof **value, err);
	status = *value ? look_rows(video, *value, err) : GB_SYSTEM;
	gb_video_close(video);
	return status;
}

/* ---- sound ---- */

typedef struct reel {
	float *value; /* [frames, GB_SOUNDS] */
	int64_t frames, capacity;
} reel;

static void listen(const float *bands, float *out)
{
	double group[BANDS / GROUP] = {0}, all = 0;

	for (int b = 0; b < BANDS; b++) {
		group[b / GROUP] += (double)bands[b] / GROUP;
		all += (double)bands[b] / BANDS;
	}
	out[0] = (float)all;
	for (int g = 0; g < BANDS / GROUP; g++)
		out[1 + g] = (float)(group[g] - all);
}

static gb_status listen_frames(void *context, const float *bands, size_t count, gb_err *err)
{
	reel *to = context;

	if (to->frames + (int64_t)count > to->capacity) {
		to->capacity = 2 * to->capacity + (int64_t)count;
		if (gb_grow(&to->value, (size_t)to->capacity * GB_SOUNDS, sizeof *to->value, err))
			return GB_SYSTEM;
	}
	for (size_t i = 0; i < count; i++)
		listen(bands + i * BANDS, to->value + GB_SOUNDS * to->frames++);
	return GB_OK;
}

/* Means of the frames of each row. */
static gb_status mean_rows(const reel *from, const gb_ragged *ragged, int64_t rows, float *value, gb_err *err)
{
	int64_t begin = 0, end;

	for (int64_t r = 0; r < rows; r++, begin = end) {
		if (!gb_ragged_begin(ragged, r + 1, &end))
			return gb_fail(err, GB_DATA, "times too large for exact arithmetic");
		for (int i = 0; i < GB_SOUNDS; i++) {
			double sum = 0;

			for (int64_t f = begin; f < end; f++)
				sum += (double)from->value[f * GB_SOUNDS + i];
			value[r * GB_SOUNDS + i] = end > begin ? (float)(sum / (double)(end - begin))
			                           : r         ? value[(r - 1) * GB_SOUNDS + i]
			                                       : 0;
		}
	}
	return GB_OK;
}

gb_status gb_regressors_sound(const char *path, gb_rational step, gb_rational start, int64_t rows,
                              float **value, int64_t *got, gb_pool *pool, gb_err *err)
{
	gb_audio_options options = {.track = -1, .start = start, .rate = 24000,
	                            .quality = GB_RESAMPLE_MEDIUM};
	gb_mel_options bands = {24000, BANDS, {1, 40}, {1, 100}};
	gb_audio *audio = NULL;
	gb_mel *mel = NULL;
	reel all = {0};
	gb_ragged ragged;
	gb_status status = gb_audio_open(&audio, path, &options, err);

	*value = NULL;
	if (!status)
		status = gb_mel_new(&mel, &bands, err);
	if (!status)
		status = gb_audio_mel(audio, mel, listen_frames, &all, pool, err);
	if (!status) {
		const gb_audio_facts *f = gb_audio_about(audio);

		ragged = (gb_ragged){f->first, bands.hop, start, step, f->end, all.frames};
		if (!gb_ragged_rows(&ragged, false, got))
			status = gb_fail(err, GB_DATA, "%s: times too large for exact arithmetic", path);
		else if (rows >= 0 && *got < rows)
			status = gb_fail(err, GB_DATA, "%s: its sound fills %lld rows, %lld are asked for",
			                 path, (long long)*got, (long long)rows);
		else
			*got = rows >= 0 ? rows : *got;
	}
	if (!status && !(*value = gb_array((size_t)*got * GB_SOUNDS, sizeof **value, err)))
		status = GB_SYSTEM;
	if (!status)
		status = mean_rows(&all, &ragged, *got, *value, err);
	free(all.value);
	gb_mel_free(mel);
	gb_audio_close(audio);
	return status;
}
