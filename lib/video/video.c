/* SPDX-License-Identifier: MIT */
#include "video/video.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "video/video_frames.h"
#include "video/video_picture.h"
#include "video/video_scale.h"
#include "media/libav_origin.h"

struct gb_video {
	gb_libav media;
	gb_video_options options;
	gb_video_info info;
	gb_video_frames frames;
	gb_video_plan plan;
	gb_picture *picture;
	uint8_t *rgb;        /* the last frame converted */
	size_t bytes;        /* of one */
	int64_t shown;       /* its index, −1 before the first */
	int64_t row;         /* to be read next */
	bool bad;            /* the frame decoded last could not be */
};

void gb_video_defaults(gb_video_options *options)
{
	*options = (gb_video_options){.step = {3, 2},
	                              .start = {0, 1},
	                              .run = "run-1",
	                              .width = 160,
	                              .height = 90,
	                              .fps = {0, 1},
	                              .every = 1,
	                              .rows = -1,
	                              .track = -1,
	                              .matrix = "auto",
	                              .range = "auto",
	                              .threads = 1};
}

static gb_status check_options(const gb_video_options *o, gb_err *err)
{
	if (o->step.num <= 0)
		return gb_fail(err, GB_USAGE, "--tr must be above 0");
	if (o->start.num < 0)
		return gb_fail(err, GB_USAGE,
		               "--start must be 0 or more: nothing is on screen before movie time 0");
	if (o->width < 1 || o->height < 1 || o->width > GB_PLANE_MAX || o->height > GB_PLANE_MAX)
		return gb_fail(err, GB_USAGE, "--size %dx%d: 1 to %d a side", o->width, o->height,
		               GB_PLANE_MAX);
	if (o->fps.num < 0 || gb_rational_compare(o->fps, (gb_rational){1000, 1}) > 0)
		return gb_fail(err, GB_USAGE, "--fps must be above 0 and at most 1000");
	if (o->every < 1 || o->rows == 0)
		return gb_fail(err, GB_USAGE, "--every and --rows must be 1 or more");
	if (strcmp(o->matrix, "auto") != 0 && gb_colour_matrix_parse(o->matrix) == GB_MATRIX_UNKNOWN)
		return gb_fail(err, GB_USAGE, "--matrix %s: one of %s", o->matrix, GB_MATRIX_CHOICES);
	return GB_OK;
}

/* Movie time 0 is the default video track's first frame, whichever is read. */
static gb_status find_origin(gb_video *video, int stream, gb_rational *origin, gb_err *err)
{
	int standard;
	gb_status status = gb_libav_stream(&video->media, GB_MEDIA_VIDEO, -1, &standard, err);

	*origin = (gb_rational){0, 0};
	if (status != GB_OK || standard == stream)
		return status;
	return gb_libav_origin(&video->media, origin, err);
}

static gb_status describe(gb_video *video, const AVFrame *first, gb_err *err)
{
	gb_video_info *info = &video->info;
	gb_picture_colour colour;
	int turn = gb_picture_turn(first, video->media.format->streams[video->frames.stream]);
	gb_status status = gb_picture_colour_of(first, &video->options, &colour, err);

	if (status != GB_OK)
		return gb_fail_in(err, "%s", video->media.name);
	info->clock = video->plan.clock;
	info->rows = video->plan.rows;
	info->frames = video->plan.frames;
	info->width = video->options.width;
	info->height = video->options.height;
	info->timebase = video->plan.timebase;
	info->origin = video->plan.origin;
	info->total = video->frames.times.frames;
	info->kept = video->plan.kept;
	info->guessed_pts = video->frames.guessed;
	info->matrix = gb_colour_matrix_name(colour.matrix);
	info->range = colour.full ? "full" : "limited";
	info->matrix_guessed = colour.matrix_guessed;
	info->range_guessed = colour.range_guessed;
	info->damage = video->frames.damage.status == GB_OK ? NULL : video->frames.damage.text;
	info->rotation = turn < 0 ? 0 : 90 * (turn & 3);
	return GB_OK;
}

static gb_status open_frames(gb_video *video, gb_err *err)
{
	const gb_video_options *o = &video->options;
	gb_video_times *times = &video->frames.times;
	AVFrame *first = av_frame_alloc();
	gb_rational origin;
	int stream;
	gb_status status = gb_libav_stream(&video->media, GB_MEDIA_VIDEO, o->track, &stream, err);

	if (first == NULL)
		status = gb_fail(err, GB_SYSTEM, "out of memory");
	if (status == GB_OK)
		status = find_origin(video, stream, &origin, err);
	if (status == GB_OK)
		status = gb_video_frames_open(&video->frames, &video->media, stream, o->keep_going,
		                              o->threads, first, err);
	if (status != GB_OK)
		goto done;
	if (origin.den == 0 && !gb_rational_mul((gb_rational){times->time[0], 1}, times->timebase, &origin)) {
		status = gb_fail(err, GB_DATA, "%s: the first frame's time is out of range",
		                 video->media.name);
		goto done;
	}
	times->origin = origin;
	status = gb_video_plan_make(&video->plan, times, o, video->media.name, err);
	if (status == GB_OK)
		status = describe(video, first, err);
	if (status == GB_OK)
		status = gb_libav_rewind(&video->media, err);
	if (status != GB_OK)
		goto done;
	gb_libav_only(&video->media, stream);
	status = gb_video_frames_start(&video->frames, o->threads, err);
done:
	av_frame_free(&first);
	return status;
}

gb_status gb_video_open(gb_video **video, const char *path, const gb_video_options *options, gb_err *err)
{
	gb_video *v;
	gb_status status = check_options(options, err);

	*video = NULL;
	if (status != GB_OK)
		return status;
	v = gb_array(1, sizeof *v, err);
	if (v == NULL)
		return GB_SYSTEM;
	v->options = *options;
	if (options->keep_going)
		v->options.threads = 1; /* what decoders make of damage depends on how they are threaded */
	v->shown = -1;
	v->bytes = 3 * (size_t)options->width * (size_t)options->height;
	status = gb_libav_open(&v->media, path, err);
	if (status == GB_OK)
		status = open_frames(v, err);
	if (status == GB_OK)
		status = gb_picture_new(&v->picture, options, err);
	if (status == GB_OK) {
		v->rgb = gb_array(v->bytes, 1, err);
		if (v->rgb == NULL)
			status = GB_SYSTEM;
	}
	if (status != GB_OK)
		gb_video_close(v);
	else
		*video = v;
	return status;
}

void gb_video_close(gb_video *video)
{
	if (video == NULL)
		return;
	gb_picture_free(video->picture);
	gb_video_plan_clear(&video->plan);
	gb_video_frames_close(&video->frames);
	gb_libav_close(&video->media);
	free(video->rgb);
	free(video);
}

const gb_video_info *gb_video_about(const gb_video *video)
{
	return &video->info;
}

const gb_input *gb_video_input(const gb_video *video)
{
	return &video->media.input;
}

int32_t gb_video_count(const gb_video *video, int64_t row)
{
	return (int32_t)(video->plan.begin[row + 1] - video->plan.begin[row]);
}

bool gb_video_held(const gb_video *video, int64_t row)
{
	return video->plan.held[row];
}

void gb_video_pts(const gb_video *video, int64_t row, int64_t *pts)
{
	const gb_video_plan *plan = &video->plan;
	int64_t count = plan->begin[row + 1] - plan->begin[row];

	for (int64_t i = 0; i < plan->frames; i++)
		pts[i] = plan->slot[plan->begin[row] + (i < count ? i : count - 1)].pts;
}

/* Decode up to FRAME and convert it. */
static gb_status show(gb_video *video, int64_t frame, gb_err *err)
{
	AVFormatContext *format = video->media.format;
	gb_status status = GB_OK;

	if (frame == video->shown)
		return GB_OK;
	while (status == GB_OK && video->frames.next <= frame)
		status = gb_video_frames_next(&video->frames, &video->bad, err);
	if (status != GB_OK)
		return status;
	if (video->frames.frame->buf[0] == NULL)
		return gb_fail(err, GB_DATA, "%s: the first frame cannot be decoded", video->media.name);
	video->shown = frame;
	status = gb_picture_run(video->picture, video->frames.frame, format,
	                        format->streams[video->frames.stream], video->rgb, err);
	return status == GB_OK ? GB_OK
	                       : gb_fail_in(err, "%s: frame %lld", video->media.name, (long long)frame);
}

gb_status gb_video_read(gb_video *video, uint8_t *out, int32_t *repeated, gb_err *err)
{
	const gb_video_plan *plan = &video->plan;
	int64_t slot = plan->begin[video->row], end = plan->begin[video->row + 1];

	if (repeated != NULL)
		*repeated = 0;
	for (int64_t i = 0; i < plan->frames; i++, out += video->bytes) {
		if (slot < end) {
			gb_status status = show(video, plan->slot[slot++].frame, err);
			if (status != GB_OK)
				return status;
			if (repeated != NULL)
				*repeated += video->bad;
		}
		memcpy(out, video->rgb, video->bytes);
	}
	video->row++;
	return GB_OK;
}
