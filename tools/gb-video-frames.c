/* SPDX-License-Identifier: MIT */
/* gb-video-frames: a film → its frames as small pictures, binned by TR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "video/video.h"
#include "video/video_film.h"

static gb_maybe_rational tr = {true, {3, 2}}, start = {true, {0, 1}}, fps;
static const char *size = "160x90", *fit = "stretch", *filter = "area", *run_name = "run-1", *matrix = "auto",
    *range = "auto";
static int64_t every = 1, rows, track = -1;
static bool partial, keep_going, invert;

static const char rows_group[] = "Rows and frames:", picture_group[] = "Pictures:", input_group[] = "Input:";

static const gb_option options[] =
    {{"tr", GB_OPTION_RATIONAL, &tr, "R",
      "set the repetition time (TR) to R seconds, an exact decimal or fraction (default 3/2)",
      .group = rows_group},
     {"size", GB_OPTION_STRING, &size, "WxH",
      "set width and height of the pictures in pixels (default 160x90)", .group = picture_group},
     {"fit", GB_OPTION_CHOICE, &fit, "stretch|pad|crop",
      "choose how to fit a film of another aspect ratio (default stretch)", .group = picture_group},
     {"filter", GB_OPTION_CHOICE, &filter, "area|bicubic|bilinear",
      "choose the scaling filter (default area)", .group = picture_group},
     {"fps", GB_OPTION_RATIONAL, &fps, "R",
      "sample the picture on screen R times a second (default: all frames of the film)", .group = rows_group},
     {"every", GB_OPTION_INTEGER, &every, "K", "take every K-th frame only (default 1)", .group = rows_group,
      .min = 1, .max = 1e9},
     {"start", GB_OPTION_RATIONAL, &start, "T", "let row 0 begin at movie time T, in seconds (default 0)",
      .group = rows_group},
     {"rows", GB_OPTION_INTEGER, &rows, "N",
      "write N rows; a shorter film is an error (default: all complete rows)", .group = rows_group, .min = 1,
      .max = 1e9},
     {"partial", GB_OPTION_FLAG, &partial, NULL, "also write a last row that the film does not fill",
      .group = rows_group},
     {"run", GB_OPTION_STRING, &run_name, "NAME",
      "name the fMRI run during which the film was shown (default run-1)", .group = rows_group},
     {"track", GB_OPTION_INTEGER, &track, "N",
      "read this video track, counted from 0 (default: the container's default)", .group = input_group,
      .min = 0, .max = 1e6},
     {"matrix", GB_OPTION_CHOICE, &matrix, "auto|bt601|bt709|bt2020|fcc|smpte240m|ycgco|rgb",
      "set the film's colour matrix (default auto: from its tags)", .group = input_group},
     {"range", GB_OPTION_CHOICE, &range, "auto|limited|full",
      "set the film's range of levels (default auto: from its tags)", .group = input_group},
     {"keep-going", GB_OPTION_FLAG, &keep_going, NULL,
      "repeat the previous frame in place of one that cannot be decoded", .group = input_group},
     {"invert", GB_OPTION_FLAG, &invert, NULL,
      "write the frames of a tensor file as a film (.mp4, .mov, .nut)", .group = input_group,
      .not_param = true},
     {0}};

static gb_status read_options(const gb_args *args, gb_video_options *o, gb_err *err)
{
	int end = 0;

	gb_video_defaults(o);
	if (sscanf(size, "%5dx%5d%n", &o->width, &o->height, &end) != 2 || size[end] != '\0')
		return gb_fail(err, GB_USAGE, "--size %s: WIDTHxHEIGHT is wanted, as in 160x90", size);
	if (fps.set && gb_cli_given(args, options, "every"))
		return gb_fail(err, GB_USAGE, "--fps and --every exclude each other");
	if (fps.set && fps.value.num <= 0)
		return gb_fail(err, GB_USAGE, "--fps must be above 0");
	o->step = tr.value;
	o->start = start.value;
	o->run = run_name;
	o->fit = !strcmp(fit, "pad") ? GB_FIT_PAD : !strcmp(fit, "crop") ? GB_FIT_CROP : GB_FIT_STRETCH;
	o->filter = !strcmp(filter, "bicubic")    ? GB_FILTER_BICUBIC
	            : !strcmp(filter, "bilinear") ? GB_FILTER_BILINEAR
	                                          : GB_FILTER_AREA;
	if (fps.set)
		o->fps = fps.value;
	o->every = every;
	o->rows = gb_cli_given(args, options, "rows") ? rows : -1;
	o->partial = partial;
	o->track = track;
	o->matrix = matrix;
	o->range = range;
	o->keep_going = keep_going;
	o->threads = args->threads;
	return GB_OK;
}

static gb_json *rational(gb_rational r)
{
	char text[GB_RATIONAL_TEXT];

	return gb_json_string(gb_rational_format(r, text));
}

/* What a reader of the pictures should know about how they came to be. */
static gb_json *about_pictures(const gb_video_info *info)
{
	gb_json *a = gb_json_object();

	if (a == NULL || !gb_json_set(a, "total", gb_json_integer(info->total)) ||
	    !gb_json_set(a, "kept", gb_json_integer(info->kept)) ||
	    !gb_json_set(a, "guessed_pts", gb_json_integer(info->guessed_pts)) ||
	    !gb_json_set(a, "matrix", gb_json_string(info->matrix)) ||
	    !gb_json_set(a, "matrix_guessed", gb_json_boolean(info->matrix_guessed)) ||
	    !gb_json_set(a, "range", gb_json_string(info->range)) ||
	    !gb_json_set(a, "range_guessed", gb_json_boolean(info->range_guessed)) ||
	    !gb_json_set(a, "rotation", gb_json_integer(info->rotation))) {
		gb_json_free(a);
		return NULL;
	}
	return a;
}

static gb_json *about_times(const gb_video_info *info)
{
	gb_json *a = gb_json_object();

	if (a == NULL || !gb_json_set(a, "timebase", rational(info->timebase)) ||
	    !gb_json_set(a, "origin", gb_json_integer(info->origin))) {
		gb_json_free(a);
		return NULL;
	}
	return a;
}

static gb_status declare(gb_tensor_writer *writer, const gb_video_info *info, gb_err *err)
{
	const gb_clock *clock = &info->clock;
	gb_tensor_spec spec[] = {
	    {"video.pts",
	     GB_I64,
	     2,
	     {info->rows, info->frames},
	     "time,frame",
	     clock,
	     "timebase",
	     "start of each frame, counted from movie time 0; padding repeats the last"},
	    {"video.count",
	     GB_I32,
	     1,
	     {info->rows},
	     "time",
	     clock,
	     "frames",
	     "frames of each row that are no padding"},
	    {"video",
	     GB_U8,
	     5,
	     {info->rows, info->frames, info->height, info->width, 3},
	     "time,frame,y,x,rgb",
	     clock,
	     "level",
	     "frames that begin in each row, RGB of full range; padding repeats the last"},
	    {"video.held",
	     GB_U8,
	     1,
	     {info->rows},
	     "time",
	     clock,
	     NULL,
	     "1 where no frame begins in the row and it holds the one on screen"},
	    {"video.repeated",
	     GB_U8,
	     1,
	     {info->rows},
	     "time",
	     clock,
	     "frames",
	     "frames (255: or more) that could not be decoded and are the one before again"},
	};
	gb_status status = GB_OK;

	spec[0].attributes = about_times(info);
	spec[2].attributes = about_pictures(info);
	if (spec[0].attributes == NULL || spec[2].attributes == NULL)
		return gb_fail(err, GB_SYSTEM, "out of memory");
	for (int i = 0; status == GB_OK && i < (keep_going ? 5 : 4); i++)
		status = gb_tensor_writer_add(writer, &spec[i], err);
	return status;
}

/* Times and counts are known before the first frame is decoded. */
static gb_status put_times(gb_tensor_writer *writer, const gb_video *video, gb_err *err)
{
	const gb_video_info *info = gb_video_about(video);
	int64_t *pts = gb_array((size_t)info->frames, sizeof *pts, err);
	gb_status status = pts ? GB_OK : GB_SYSTEM;

	for (int64_t row = 0; status == GB_OK && row < info->rows; row++) {
		gb_video_pts(video, row, pts);
		status = gb_tensor_writer_put(writer, "video.pts", pts, (size_t)info->frames * sizeof *pts,
		                              err);
	}
	for (int64_t row = 0; status == GB_OK && row < info->rows; row++) {
		int32_t count = gb_video_count(video, row);
		status = gb_tensor_writer_put(writer, "video.count", &count, sizeof count, err);
	}
	free(pts);
	return status;
}

static gb_status put_pictures(gb_tensor_writer *writer, gb_video *video, gb_err *err)
{
	const gb_video_info *info = gb_video_about(video);
	size_t bytes = (size_t)info->frames * 3 * (size_t)info->width * (size_t)info->height;
	uint8_t *row_data = gb_array(bytes, 1, err), *lost = gb_array((size_t)info->rows, 1, err);
	gb_status status = row_data && lost ? GB_OK : GB_SYSTEM;
	int64_t repeated_total = 0;

	for (int64_t row = 0; status == GB_OK && row < info->rows; row++) {
		int32_t repeated;
		status = gb_video_read(video, row_data, &repeated, err);
		if (status == GB_OK)
			status = gb_tensor_writer_put(writer, "video", row_data, bytes, err);
		lost[row] = (uint8_t)(repeated < 255 ? repeated : 255);
		repeated_total += repeated;
		gb_cli_progress("rows", (uint64_t)row + 1, (uint64_t)info->rows);
	}
	for (int64_t row = 0; status == GB_OK && row < info->rows; row++) {
		uint8_t held = gb_video_held(video, row);
		status = gb_tensor_writer_put(writer, "video.held", &held, 1, err);
	}
	if (status == GB_OK && keep_going)
		status = gb_tensor_writer_put(writer, "video.repeated", lost, (size_t)info->rows, err);
	if (status == GB_OK && repeated_total > 0)
		gb_cli_warn("%s: %lld frames could not be decoded and repeat the one before",
		            gb_video_input(video)->name, (long long)repeated_total);
	free(row_data);
	free(lost);
	return status;
}

static void log_film(const gb_video *video)
{
	const gb_video_info *info = gb_video_about(video);
	const char *name = gb_video_input(video)->name;

	gb_cli_log("%s: %lld frames, %lld of them in %lld rows of at most %lld; %s%s, %s range%s", name,
	           (long long)info->total, (long long)info->kept, (long long)info->rows,
	           (long long)info->frames, info->matrix, info->matrix_guessed ? " (guessed)" : "",
	           info->range, info->range_guessed ? " (guessed)" : "");
	if (info->damage != NULL)
		gb_cli_warn("%s; went on with what there is", info->damage);
	if (info->guessed_pts > 0)
		gb_cli_log("%s: %lld frames have no presentation time; decoding times stand in", name,
		            (long long)info->guessed_pts);
}

static gb_status add_input(gb_tensor_writer *writer, const gb_input *input, gb_err *err)
{
	if (input->from_pipe)
		return gb_tensor_writer_input_path(writer, "movie", "-", err);
	return gb_tensor_writer_input_hash(writer, "movie", gb_base_name(input->name), input->size,
	                                   gb_hash_of(input->data, input->size), err);
}

static gb_status run(const gb_args *args, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_video *video = NULL;
	gb_video_options o;
	gb_status status;

	if (invert)
		return gb_video_film(args->operand[0], args->out, tr.value, err);
	status = read_options(args, &o, err);
	if (status == GB_OK)
		status = gb_video_open(&video, args->operand[0], &o, err);
	if (status == GB_OK)
		status = gb_tensor_writer_new(&writer, args->tool, args->params, err);
	if (status == GB_OK)
		status = add_input(writer, gb_video_input(video), err);
	if (status == GB_OK)
		status = declare(writer, gb_video_about(video), err);
	if (status == GB_OK)
		status = gb_tensor_writer_begin(writer, args->out, err);
	if (status == GB_OK) {
		log_film(video);
		status = put_times(writer, video, err);
	}
	if (status == GB_OK)
		status = put_pictures(writer, video, err);
	if (status == GB_OK)
		status = gb_tensor_writer_commit(writer, args->pool, err);
	gb_tensor_writer_free(writer);
	gb_video_close(video);
	return status;
}

static const gb_command commands[] =
    {{NULL,
      "[--tr R] [--size WxH] [--fit stretch|pad|crop] [--filter area|bicubic|bilinear] [--fps R | --every K] "
      "[--start T] [--rows N] [--partial] [--run NAME] [--track N] [--matrix NAME] [--range NAME] "
      "[--keep-going] [-o OUT] [MOVIE] | --invert [--tr R] [-o OUT] [FILE]",
      "Decode a film into small pictures, binned by TR.", options, 0, 1, true, run},
     {0}};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-video-frames", "video frames binned by TR", commands, argc, argv);
}
