/* SPDX-License-Identifier: MIT */
/* video_writer.h: pictures, and a sound where there is one, to a film. */
#ifndef GB_VIDEO_VIDEO_WRITER_H
#define GB_VIDEO_VIDEO_WRITER_H

#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_video_writer {
	int width, height;
	int64_t count;        /* of pictures, at least 1 */
	const int64_t *pts;   /* [count], rising, in units of 1/timebase.den seconds; that below 2^31 */
	gb_rational timebase;
	/* Picture AT, [height, width, 3], RGB of full range; asked for in order; stays until the next one. */
	const uint8_t *(*picture)(void *context, int64_t at);
	void *context;
	/* half chroma, which every player shows (even sizes); else all that the pictures have */
	bool everywhere;
	const float *sound;   /* [samples], of one channel; NULL: none */
	size_t samples;
	int rate;
} gb_video_writer;

/* To OUT (.mp4, .mov or .nut; NULL or "-": an .mp4 on standard output), number and times of the pictures
 * exactly: H.264 where the library has it, else MPEG-4; sound as AAC.  The same bytes again.  GB_USAGE:
 * another kind of OUT. */
GB_CHECK gb_status gb_video_writer_write(const gb_video_writer *film, const char *out, gb_err *err);

GB_END_DECLS
#endif
