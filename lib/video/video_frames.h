/* SPDX-License-Identifier: MIT */
/* video_frames.h: the frames of one video stream: first their times, without
 * decoding, then their pictures, in order.  For the .c files of this folder, as it
 * names libav types. */
#ifndef GB_VIDEO_VIDEO_FRAMES_H
#define GB_VIDEO_VIDEO_FRAMES_H

#include "media/libav.h"
#include "video/video_plan.h"

GB_BEGIN_DECLS

typedef struct gb_video_frames {
	gb_libav *media;          /* borrowed */
	int stream;
	bool keep_going;
	gb_video_times times;
	int64_t guessed;          /* frames without a presentation time */
	gb_err damage;            /* the first damage that keep_going passed over; status GB_OK: none */
	AVCodecContext *decoder;
	AVPacket *packet;
	AVFrame *frame, *ahead;   /* the frame asked for last; one decoded too early */
	int64_t next;             /* index of the next frame to hand out */
	bool draining, has_ahead, ahead_bad;
} gb_video_frames;

/* Read the stream once and find the times, in the order of display, of the frames
 * that a player shows.  FIRST gets the first picture, for its properties.  Where
 * packets are not frames (fields in packets of their own), all is decoded.  GB_DATA:
 * no frames, no timestamps, or damage without KEEP_GOING. */
GB_CHECK gb_status gb_video_frames_open(gb_video_frames *frames, gb_libav *media, int stream, bool keep_going,
                                        int threads, AVFrame *first, gb_err *err);
/* Begin decoding, after MEDIA was rewound. */
GB_CHECK gb_status gb_video_frames_start(gb_video_frames *frames, int threads, gb_err *err);
/* Decode the next frame into FRAME.  *BAD: it cannot be decoded, and FRAME keeps the
 * one before.  Without keep_going a bad frame is GB_DATA. */
GB_CHECK gb_status gb_video_frames_next(gb_video_frames *frames, bool *bad, gb_err *err);
void gb_video_frames_close(gb_video_frames *frames); /* accepts all zero */

GB_END_DECLS
#endif
