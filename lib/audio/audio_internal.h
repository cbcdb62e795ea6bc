/* SPDX-License-Identifier: MIT */
/* audio_internal.h: the interface of the two readers of sound files to audio.c.
 * A reader gives one channel at the file's own rate, in pieces with or without a
 * time. */
#ifndef GB_AUDIO_AUDIO_INTERNAL_H
#define GB_AUDIO_AUDIO_INTERNAL_H

#include "io/file.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_audio_piece {
	const float *samples; /* one channel; borrowed until the next read */
	size_t count;         /* 0: the end */
	bool timed;
	gb_rational time;     /* film time of the first sample, if TIMED */
} gb_audio_piece;

typedef struct gb_audio_source gb_audio_source;
struct gb_audio_source {
	const char *reader;
	int64_t rate;
	int channels;
	gb_status (*read)(gb_audio_source *source, gb_audio_piece *piece, gb_err *err);
	void (*close)(gb_audio_source *source);
	int side;             /* 0: the mean of the channels; 1, 2: left, right, or the only one */
};

/* audio_sndfile.c: takes INPUT if it can read the format.  Else it returns GB_OK with *SOURCE
 * NULL, and INPUT stays the caller's. */
GB_CHECK gb_status gb_audio_sndfile_open(gb_audio_source **source, gb_input *input, gb_err *err);
/* audio_libav.c: TRACK −1 is the container's default.  INPUT is always taken. */
GB_CHECK gb_status gb_audio_libav_open(gb_audio_source **source, gb_input *input, int64_t track, gb_err *err);

/* The first of the *COUNT channels that are averaged. */
static inline int gb_audio_side(const gb_audio_source *source, int channels, int *count)
{
	*count = source->side ? 1 : channels;
	return !source->side ? 0 : source->side <= channels ? source->side - 1 : channels - 1;
}

GB_END_DECLS
#endif
