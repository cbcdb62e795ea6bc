/* SPDX-License-Identifier: MIT */
/* libav.h: what the files of this folder share around the FFmpeg libraries.
 * Private to the .c files of this folder: no other header names libav types.
 *
 * The file is mapped and read through memory (a pipe is spooled first), its
 * content alone decides what it is, and nothing else is ever opened (playlists
 * that point elsewhere are refused). */
#ifndef GB_MEDIA_LIBAV_H
#define GB_MEDIA_LIBAV_H

#include "io/file.h"
#include "media/media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

GB_BEGIN_DECLS

typedef struct gb_libav {
	AVFormatContext *format;
	AVIOContext *io;
	gb_input input;
	size_t at;        /* position in INPUT */
	const char *name; /* for messages: input.name */
} gb_libav;

/* gb_fail with ": " and what the library says of CODE at the end. */
gb_status gb_libav_fail(gb_err *err, gb_status status, int code, const char *format, ...) GB_PRINTF(4, 5);

/* The library never prints; opening a file sees to it too. */
void gb_libav_quiet(void);

/* GB_USAGE: cannot be opened.  GB_DATA: no film, sound or subtitles in it. */
GB_CHECK gb_status gb_libav_open(gb_libav *media, const char *path, gb_err *err);
/* The same from INPUT, which is taken (also when this fails). */
GB_CHECK gb_status gb_libav_take(gb_libav *media, gb_input *input, gb_err *err);
/* Back to the first packet, by opening the container again: seeking lands
 * where a container's index pleases.  Pointers into FORMAT become invalid. */
GB_CHECK gb_status gb_libav_rewind(gb_libav *media, gb_err *err);
void gb_libav_close(gb_libav *media); /* accepts one that was never opened (all zero) */

/* The stream that a tool means: the TRACK-th of its kind, from 0, or for −1
 * the container's default, else the first.  Attached pictures do not count.
 * GB_DATA if there is none. */
GB_CHECK gb_status gb_libav_stream(const gb_libav *media, gb_media_kind kind, int64_t track, int *stream,
                                   gb_err *err);
/* Let the demuxer drop all other streams. */
void gb_libav_only(gb_libav *media, int stream);

/* The next packet of STREAM (unref it); *GOT false at the end.  GB_DATA for
 * what cannot be read, a packet cut short by the end of the file included. */
GB_CHECK gb_status gb_libav_packet(gb_libav *media, int stream, AVPacket *packet, bool *got, gb_err *err);

/* An open decoder for STREAM.  GB_DATA: the library has none. */
GB_CHECK gb_status gb_libav_decoder(const gb_libav *media, int stream, int threads, AVCodecContext **decoder,
                                    gb_err *err);

/* VALUE · TIMEBASE in seconds; false when it does not fit. */
GB_CHECK bool gb_libav_seconds(int64_t value, AVRational timebase, gb_rational *seconds);

GB_END_DECLS
#endif
