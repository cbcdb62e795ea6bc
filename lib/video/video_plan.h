/* SPDX-License-Identifier: MIT */
/* video_plan.h: the frames of a film that belong to each row.  Arithmetic only. */
#ifndef GB_VIDEO_VIDEO_PLAN_H
#define GB_VIDEO_VIDEO_PLAN_H

#include "video/video.h"

GB_BEGIN_DECLS

/* The frames of a film in the order of display. */
typedef struct gb_video_times {
	int64_t *time;          /* [frames], rising, in timebase units of the container */
	int64_t frames;
	gb_rational timebase;
	gb_rational origin;     /* seconds: container time of movie time 0 */
	int64_t last_duration;  /* of the last frame, in timebase units */
} gb_video_times;

typedef struct gb_video_slot { int64_t frame, pts; } gb_video_slot;

typedef struct gb_video_plan {
	gb_clock clock;
	int64_t rows, frames;
	gb_rational timebase;   /* of pts, which counts from movie time 0 */
	int64_t origin;
	int64_t kept;
	gb_video_slot *slot;    /* in order; frame never falls */
	int64_t *begin;         /* [rows + 1] into SLOT */
	uint8_t *held;          /* [rows] */
} gb_video_plan;

/* NAME is for messages.  Clear accepts a plan that was never made (all zero). */
GB_CHECK gb_status gb_video_plan_make(gb_video_plan *plan, const gb_video_times *times,
                                      const gb_video_options *options, const char *name, gb_err *err);
void gb_video_plan_clear(gb_video_plan *plan);

GB_END_DECLS
#endif
