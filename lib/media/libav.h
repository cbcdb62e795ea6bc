/* SPDX-License-Identifier: MIT */
/* libav.h: a film or sound, opened and demuxed by the FFmpeg libraries.
 * For the .c files of media, video and audio: libav types go no further.
 *
 * The file is mapped and read through memory; a pipe is spooled first.  Its
 * content alone decides its format.  No other file is ever opened: playlists
 * that point elsewhere are refused. */
#ifndef GB_MEDIA_LIBAV_H
#define GB_MEDIA_LIBAV_H

#include "io/file.h"
#include "time/rational.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

GB_BEGIN_DECLS

typedef enum gb_media_kind { GB_MEDIA_VIDEO, GB_MEDIA_AUDIO, GB_MEDIA_SUBTITLE } gb_media_kind;

typedef struct gb_libav {
	AVFormatContext *format;
	AVIOContext *io;
	gb_input input;
	size_t at;        /* position in INPUT */
	const char *name; /* for messages: input.name */
} gb_libav;

/* gb_fail with ": " and the library's message for CODE at the end. */
gb_status gb_libav_fail(gb_err *err, gb_status status, int code, const char *format, ...) GB_PRINTF(4, 5);

/* Silence the libraries' log.  gb_libav_open does it too. */
void gb_libav_quiet(void);

/* GB_USAGE: cannot be opened.  GB_DATA: no film, sound or subtitles in it. */
GB_CHECK gb_status gb_libav_open(gb_libav *media, const char *path, gb_err *err);
/* The same from INPUT, which is taken, even on failure. */
GB_CHECK gb_status gb_libav_take(gb_libav *media, gb_input *input, gb_err *err);
/* Return to the first packet by opening the container again, because seeking
 * lands where the container's index says.  Pointers into FORMAT become invalid. */
GB_CHECK gb_status gb_libav_rewind(gb_libav *media, gb_err *err);
void gb_libav_close(gb_libav *media); /* accepts one that was never opened (all zero) */

/* The TRACK-th stream of KIND, from 0.  For −1, the container's default one, else
 * the first.  Attached pictures do not count.  GB_DATA: there is none. */
GB_CHECK gb_status gb_libav_stream(const gb_libav *media, gb_media_kind kind, int64_t track, int *stream,
                                   gb_err *err);
/* Make the demuxer drop all streams but STREAM. */
void gb_libav_only(gb_libav *media, int stream);

/* The next packet of STREAM, which the caller unrefs; *GOT is false at the end.
 * GB_DATA: it cannot be read, or the end of the file cuts it short. */
GB_CHECK gb_status gb_libav_packet(gb_libav *media, int stream, AVPacket *packet, bool *got, gb_err *err);

/* An open decoder for STREAM.  GB_DATA: the library has none. */
GB_CHECK gb_status gb_libav_decoder(const gb_libav *media, int stream, int threads, AVCodecContext **decoder,
                                    gb_err *err);

/* VALUE · TIMEBASE in seconds; false when it does not fit. */
GB_CHECK bool gb_libav_seconds(int64_t value, AVRational timebase, gb_rational *seconds);

GB_END_DECLS
#endif
