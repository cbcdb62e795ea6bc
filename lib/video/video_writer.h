/* SPDX-License-Identifier: MIT */
/* video_writer.h: pictures and an optional sound to a film. */
#ifndef GB_VIDEO_VIDEO_WRITER_H
#define GB_VIDEO_VIDEO_WRITER_H

#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_video_writer {
	int width, height;
	int64_t count;        /* of pictures, at least 1 */
	const int64_t *pts;   /* [count], rising, in units of 1/timebase.den seconds; that below 2^31 */
	gb_rational timebase;
	/* Picture AT [height, width, 3], RGB of full range.  Called in order; valid until the next call. */
	const uint8_t *(*picture)(void *context, int64_t at);
	void *context;
	/* half chroma, which every player shows and needs even sizes; else full chroma */
	bool everywhere;
	const float *sound;   /* [samples], of one channel; NULL: none */
	size_t samples;
	int rate;
} gb_video_writer;

/* Write to OUT: .mp4, .mov or .nut; NULL or "-" is an .mp4 on standard output.  Number and times of the
 * pictures are exact.  Video is H.264 where the library has it, else MPEG-4; sound is AAC.  The same input
 * gives the same bytes.  GB_USAGE: OUT has another suffix. */
GB_CHECK gb_status gb_video_writer_write(const gb_video_writer *film, const char *out, gb_err *err);

GB_END_DECLS
#endif
