/* SPDX-License-Identifier: MIT */
/* video.h: the frames of a film, row by row of a clock, as small RGB pictures.
 *
 * Opening reads the container once and decodes only the first pictures.  The
 * frames of every row and their exact times are known from then on.  Reading
 * decodes once, in order.  Memory: 24 bytes a frame of the film, and a few decoded
 * pictures.
 *
 * A frame belongs to the row in which it starts.  A row in which no frame starts
 * holds the picture that is on screen when the row starts: count 1, held 1. */
#ifndef GB_VIDEO_VIDEO_H
#define GB_VIDEO_VIDEO_H

#include "io/file.h"
#include "time/clock.h"

GB_BEGIN_DECLS

typedef enum gb_video_fit { GB_FIT_STRETCH, GB_FIT_PAD, GB_FIT_CROP } gb_video_fit;
typedef enum gb_video_filter { GB_FILTER_AREA, GB_FILTER_BICUBIC, GB_FILTER_BILINEAR } gb_video_filter;

typedef struct gb_video_options {
	gb_rational step, start; /* seconds a row; movie time of row 0 (≥ 0) */
	const char *run;
	int width, height;
	gb_video_fit fit;
	gb_video_filter filter;
	gb_rational fps;         /* 0/1: the film's own frames; else the picture on screen at this rate */
	int64_t every;           /* each K-th frame */
	int64_t rows;            /* −1: all complete ones */
	bool partial;            /* the last, incomplete row too */
	int64_t track;           /* −1: the default */
	const char *matrix;      /* "auto", or a name that gb_colour_matrix knows */
	const char *range;       /* "auto", "limited", "full" */
	bool keep_going;         /* repeat the frame before one that cannot be decoded */
	int threads;
} gb_video_options;

/* The defaults: 3/2 s, 160 × 90, area. */
void gb_video_defaults(gb_video_options *options);

typedef struct gb_video_info {
	gb_clock clock;
	int64_t rows, frames;    /* frames: of the fullest row, at least 1 */
	int width, height;
	gb_rational timebase;    /* seconds a unit of pts; pts counts from movie time 0 */
	int64_t origin;          /* what a player adds to pts: the container's time of movie time 0 */
	int64_t total, kept;     /* frames that the film has; that lie in the rows (held ones not counted) */
	int64_t guessed_pts;     /* frames whose container gives no presentation time */
	const char *matrix, *range;
	bool matrix_guessed, range_guessed;
	int rotation;            /* degrees clockwise, applied */
	const char *damage;      /* what keep_going passed over in the container first; NULL: nothing */
} gb_video_info;

typedef struct gb_video gb_video;

/* GB_USAGE: PATH cannot be opened, or an option is out of range.  GB_DATA: it is not a
 * film, is damaged (unless keep_going), or has fewer rows than wanted. */
GB_CHECK gb_status gb_video_open(gb_video **video, const char *path, const gb_video_options *options,
                                 gb_err *err);
void gb_video_close(gb_video *video); /* accepts NULL */

const gb_video_info *gb_video_about(const gb_video *video);
const gb_input *gb_video_input(const gb_video *video);

int32_t gb_video_count(const gb_video *video, int64_t row);
bool gb_video_held(const gb_video *video, int64_t row);
/* PTS [frames] of a row; padding repeats the last. */
void gb_video_pts(const gb_video *video, int64_t row, int64_t *pts);

/* Read the next row: OUT [frames, height, width, 3] RGB, full range; padding repeats
 * the last frame.  REPEATED (may be NULL): how many of its frames could not be
 * decoded.  Without keep_going the first such frame is GB_DATA, and is named. */
GB_CHECK gb_status gb_video_read(gb_video *video, uint8_t *out, int32_t *repeated, gb_err *err);

GB_END_DECLS
#endif
