/* SPDX-License-Identifier: MIT */
/* video_picture.h: a decoded picture to RGB of the size asked for: sample
 * aspect, rotation, fit, scaling before colour conversion.  Private to the .c
 * files of this folder (libav types). */
#ifndef GB_VIDEO_VIDEO_PICTURE_H
#define GB_VIDEO_VIDEO_PICTURE_H

#include "media/libav.h"
#include "video/video.h"
#include "video/video_colour.h"

GB_BEGIN_DECLS

typedef struct gb_picture_colour {
	gb_matrix matrix;
	bool full, matrix_guessed, range_guessed;
} gb_picture_colour;

/* What FRAME's samples mean: OPTIONS first, then its tags, then the rule for
 * untagged pictures (at least 720 lines: BT.709, else BT.601; limited range;
 * RGB formats: full).  GB_DATA for a matrix that is none of ours. */
GB_CHECK gb_status gb_picture_colour_of(const AVFrame *frame, const gb_video_options *options,
                                        gb_picture_colour *colour, gb_err *err);

typedef struct gb_picture gb_picture; /* keeps its tables as long as frames stay alike */

GB_CHECK gb_status gb_picture_new(gb_picture **picture, const gb_video_options *options, gb_err *err);
void gb_picture_free(gb_picture *picture); /* accepts NULL */

/* OUT [height, width, 3].  GB_DATA for a pixel format without a rule. */
/* FORMAT and STREAM give the rotation and sample aspect that frames do not. */
GB_CHECK gb_status gb_picture_run(gb_picture *picture, const AVFrame *frame, AVFormatContext *format,
                                  AVStream *stream, uint8_t *out, gb_err *err);

/* Quarter turns clockwise 0 … 3, plus 4 when mirrored first; −1: no multiple of 90°. */
int gb_picture_turn(const AVFrame *frame, const AVStream *stream);

GB_END_DECLS
#endif
