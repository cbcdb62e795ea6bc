/* SPDX-License-Identifier: MIT */
/* video_picture.h: a decoded picture to RGB of a given size.  Applies sample aspect,
 * rotation and fit, and scales before the colour conversion.  For the .c files of
 * this folder, as it names libav types. */
#ifndef GB_VIDEO_VIDEO_PICTURE_H
#define GB_VIDEO_VIDEO_PICTURE_H

#include "media/libav.h"
#include "video/video.h"
#include "video/video_colour.h"

GB_BEGIN_DECLS

typedef struct gb_picture_colour {
	gb_colour_matrix matrix;
	bool full, matrix_guessed, range_guessed;
} gb_picture_colour;

/* The matrix and range of FRAME: from OPTIONS, else from its tags, else by the rule
 * for untagged pictures: BT.709 from 720 lines on, BT.601 below, limited range; RGB
 * formats have full range.  GB_DATA: its matrix is unknown. */
GB_CHECK gb_status gb_picture_colour_of(const AVFrame *frame, const gb_video_options *options,
                                        gb_picture_colour *colour, gb_err *err);

typedef struct gb_picture gb_picture; /* keeps its tables as long as frames stay alike */

GB_CHECK gb_status gb_picture_new(gb_picture **picture, const gb_video_options *options, gb_err *err);
void gb_picture_free(gb_picture *picture); /* accepts NULL */

/* OUT [height, width, 3].  FORMAT and STREAM give the rotation and sample aspect where
 * the frame has none.  GB_DATA: the pixel format is not known. */
GB_CHECK gb_status gb_picture_run(gb_picture *picture, const AVFrame *frame, AVFormatContext *format,
                                  AVStream *stream, uint8_t *out, gb_err *err);

/* Quarter turns clockwise 0 … 3, plus 4 when mirrored first; −1: no multiple of 90°. */
int gb_picture_turn(const AVFrame *frame, const AVStream *stream);

GB_END_DECLS
#endif
