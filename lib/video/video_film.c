/* SPDX-License-Identifier: MIT */
#include "video/video_film.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "video/video_writer.h"

/* The pictures of the film and their times. */
typedef struct reel {
	const uint8_t **picture; /* [count], borrowed */
	int64_t *pts;            /* [count], rising, in units of 1/timebase.den, the container's clock */
	int64_t count;
	int width, height;
	gb_rational timebase;
} reel;

/* ---- the tensors ---- */

typedef struct source {
	const gb_tensor *video, *count, *pts, *held;
	gb_rational timebase, step;
	int64_t origin;
} source;

static bool has_shape(const gb_tensor *t, gb_dtype dtype, int rank, const int64_t *shape)
{
	return t->dtype == dtype && t->rank == rank &&
	       memcmp(t->shape, shape, (size_t)rank * sizeof *shape) == 0;
}

static gb_status read_source(gb_tensor_file *file, gb_rational tr, source *s, gb_err *err)
{
	const char *name = gb_tensor_file_name(file), *timebase;
	gb_clock clock;
	gb_status status = gb_tensor_file_need(file, "video", GB_U8, 5, &s->video, err);

	if (status != GB_OK)
		return status;
	if (s->video->shape[4] != 3)
		return gb_fail(err, GB_DATA, "%s: tensor video: %lld values a pixel, 3 are wanted", name,
		               (long long)s->video->shape[4]);
	for (int i = 0; i < 5; i++) {
		if (s->video->shape[i] < 1 || (i > 1 && s->video->shape[i] > 16384))
			return gb_fail(err, GB_DATA, "%s: tensor video: axis %d is %lld long", name, i,
			               (long long)s->video->shape[i]);
	}
	s->step = tr;
	s->count = gb_tensor_file_find(file, "video.count");
	s->pts = gb_tensor_file_find(file, "video.pts");
	s->held = gb_tensor_file_find(file, "video.held");
	if ((s->count && !has_shape(s->count, GB_I32, 1, s->video->shape)) ||
	    (s->pts && !has_shape(s->pts, GB_I64, 2, s->video->shape)) ||
	    (s->held && !has_shape(s->held, GB_U8, 1, s->video->shape)))
		return gb_fail(err, GB_DATA,
		               "%s: video.count, video.pts or video.held do not fit tensor video", name);
	for (int i = 0; i < 3; i++) {
		const gb_tensor **t = i == 0 ? &s->count : i == 1 ? &s->pts : &s->held;
		if (*t && (status = gb_tensor_file_need(file, (*t)->name, (*t)->dtype, (*t)->rank, t, err)) !=
		              GB_OK)
			return status;
	}
	if (s->pts == NULL) {
		if (gb_tensor_file_has_clock(file, "video")) {
			status = gb_tensor_file_clock(file, "video", &clock, err);
			s->step = clock.step;
		}
		return status;
	}
	timebase = gb_json_text(gb_tensor_file_attribute(file, "video.pts", "timebase"));
	if (timebase == NULL || gb_rational_parse(timebase, &s->timebase, NULL) != GB_OK ||
	    s->timebase.num <= 0)
		return gb_fail(err, GB_DATA, "%s: tensor video.pts says no timebase", name);
	(void)gb_json_read_integer(gb_tensor_file_attribute(file, "video.pts", "origin"), &s->origin);
	return GB_OK;
}

/* Frame SLOT of ROW on the container's clock, in units of 1/den. */
static bool time_of(const source *s, const reel *r, int64_t row, int64_t slot, int64_t *t)
{
	int64_t frames = s->video->shape[1];

	if (s->pts == NULL)
		*t = row * frames + slot;
	else if (__builtin_add_overflow(((const int64_t *)s->pts->data)[row * frames + slot], s->origin, t))
		return false;
	return !__builtin_mul_overflow(*t, r->timebase.num, t);
}

static gb_status collect(const source *s, const char *name, reel *r, gb_err *err)
{
	int64_t rows = s->video->shape[0], frames = s->video->shape[1];
	size_t bytes = (size_t)(s->video->shape[2] * s->video->shape[3] * 3);

	r->height = (int)s->video->shape[2];
	r->width = (int)s->video->shape[3];
	r->timebase = s->timebase;
	if (s->pts == NULL && !gb_rational_div(s->step, (gb_rational){frames, 1}, &r->timebase))
		return gb_fail(err, GB_DATA, "%s: --tr over %lld frames is out of range", name,
		               (long long)frames);
	if (r->timebase.den > INT32_MAX)
		return gb_fail(err, GB_DATA, "%s: no container counts time in units of 1/%lld s", name,
		               (long long)r->timebase.den);
	r->picture = gb_array((size_t)(rows * frames), sizeof *r->picture, err);
	r->pts = gb_array((size_t)(rows * frames), sizeof *r->pts, err);
	if (r->picture == NULL || r->pts == NULL)
		return GB_SYSTEM;
	for (int64_t row = 0; row < rows; row++) {
		int64_t count = s->count ? ((const int32_t *)s->count->data)[row] : frames;
		if (count < 0 || count > frames)
			return gb_fail(err, GB_DATA, "%s: video.count: row %lld: %lld of %lld frames", name,
			               (long long)row, (long long)count, (long long)frames);
		if (s->held && ((const uint8_t *)s->held->data)[row])
			count = 0;
		for (int64_t slot = 0; slot < count; slot++) {
			int64_t at = r->count++;
			r->picture[at] = (const uint8_t *)s->video->data +
			                 (size_t)(row * frames + slot) * bytes;
			if (!time_of(s, r, row, slot, &r->pts[at]) ||
			    (at > 0 && r->pts[at] <= r->pts[at - 1]))
				return gb_fail(err, GB_DATA,
				               "%s: video.pts: row %lld, frame %lld: times must rise", name,
				               (long long)row, (long long)slot);
		}
	}
	return r->count ? GB_OK : gb_fail(err, GB_DATA, "%s: no frames but held ones", name);
}

static const uint8_t *picture_of(void *context, int64_t at) { return ((const reel *)context)->picture[at]; }

gb_status gb_video_film(const char *file, const char *out, gb_rational tr, gb_err *err)
{
	gb_tensor_file *tensors = NULL;
	source s = {0};
	reel r = {0};
	gb_video_writer film = {.picture = picture_of, .context = &r};
	gb_status status = gb_tensor_file_open(&tensors, file, err);

	if (status == GB_OK)
		status = read_source(tensors, tr, &s, err);
	if (status == GB_OK)
		status = collect(&s, gb_tensor_file_name(tensors), &r, err);
	film.width = r.width;
	film.height = r.height;
	film.count = r.count;
	film.pts = r.pts;
	film.timebase = r.timebase;
	if (status == GB_OK)
		status = gb_video_writer_write(&film, out, err);
	free(r.picture);
	free(r.pts);
	gb_tensor_file_close(tensors);
	return status;
}
