/* SPDX-License-Identifier: MIT */
/* Decoded pictures beside the true ones, as a film. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/decoded_video.h"
#include "base/size.h"
#include "video/video_writer.h"
#include "evaluate/decoded_audio.h"

typedef struct screen {
	const gb_decoded *d;
	/* [height, 2 · width, 3]: true, decoded; one black line below where the height is odd */
	uint8_t *picture;
} screen;

static void fill_half(const screen *s, const float *from, size_t left)
{
	size_t height = (size_t)s->d->shape[1], values = 3 * (size_t)s->d->shape[2];

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < values; x++)
			s->picture[2 * values * y + left + x] = (uint8_t)lrintf(
			    255 * fminf(1, fmaxf(0, from[values * y + x])));
}

static const uint8_t *both(void *context, int64_t at)
{
	const screen *s = context;
	size_t values = 3 * (size_t)(s->d->shape[1] * s->d->shape[2]);

	fill_half(s, s->d->actual + (size_t)at * values, 0);
	fill_half(s, s->d->predicted + (size_t)at * values, 3 * (size_t)s->d->shape[2]);
	return s->picture;
}

gb_status gb_decoded_video_write(const gb_decoded *d, const struct gb_decoded_audio *sound, gb_rational step,
                                 const char *folder, gb_err *err)
{
	gb_video_writer film = {.width = 2 * (int)d->shape[2],
	                        .height = (int)(d->shape[1] + d->shape[1] % 2),
	                        .count = (int64_t)d->rows * d->shape[0],
	                        .picture = both,
	                        .everywhere = true};
	screen s = {d, gb_array(3 * (size_t)film.width * (size_t)film.height, 1, err)};
	int64_t *pts = s.picture ? gb_array((size_t)film.count, sizeof *pts, err) : NULL;
	char *path = pts ? gb_format(err, "%s/%s%s.mp4", folder, d->feature, d->from_brain ? "" : ".stimulus")
	                 : NULL;
	gb_status status = path ? GB_OK : GB_SYSTEM;

	if (!status && (!gb_rational_div(step, (gb_rational){d->shape[0], 1}, &film.timebase) ||
	                film.timebase.den > INT32_MAX))
		status = gb_fail(err, GB_DATA, "%s: no film counts time in %lld parts of a row", d->feature,
		                 (long long)d->shape[0]);
	for (int64_t i = 0; !status && i < film.count; i++)
		pts[i] = i * film.timebase.num;
	film.pts = pts;
	film.context = &s;
	if (sound) {
		film.sound = sound->decoded;
		film.samples = sound->samples;
		film.rate = (int)sound->rate;
	}
	if (!status)
		status = gb_video_writer_write(&film, path, err);
	free(path);
	free(pts);
	free(s.picture);
	return status;
}
