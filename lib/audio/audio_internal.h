/* SPDX-License-Identifier: MIT */
/* audio_internal.h: what the two readers of sound give to audio.c: one channel at
 * the file's own rate, in pieces that may say when they are. */
#ifndef GB_AUDIO_AUDIO_INTERNAL_H
#define GB_AUDIO_AUDIO_INTERNAL_H

#include "io/file.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_audio_piece {
	const float *samples; /* one channel; borrowed until the next read */
	size_t count;         /* 0: the end */
	bool timed;
	gb_rational time;     /* film time of the first one, if timed */
} gb_audio_piece;

typedef struct gb_audio_source gb_audio_source;
struct gb_audio_source {
	const char *reader;
	int64_t rate;
	int channels;
	gb_status (*read)(gb_audio_source *source, gb_audio_piece *piece, gb_err *err);
	void (*close)(gb_audio_source *source);
	int side;             /* 0: the mean of the channels; 1, 2: that one, or the only one */
};

/* INPUT is taken when it fits; *SOURCE NULL and
 * GB_OK: not a file for this reader, INPUT is still the caller's. */
GB_CHECK gb_status gb_audio_sndfile_open(gb_audio_source **source, gb_input *input, gb_err *err);
/* TRACK −1: the container's default.  INPUT is always taken. */
GB_CHECK gb_status gb_audio_libav_open(gb_audio_source **source, gb_input *input, int64_t track, gb_err *err);

/* Which of CHANNELS are averaged: COUNT from the returned one on. */
static inline int gb_audio_side(const gb_audio_source *source, int channels, int *count)
{
	*count = source->side ? 1 : channels;
	return !source->side ? 0 : source->side <= channels ? source->side - 1 : channels - 1;
}

GB_END_DECLS
#endif
