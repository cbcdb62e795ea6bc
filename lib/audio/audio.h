/* SPDX-License-Identifier: MIT */
/* audio.h: the sound of a file as one channel at one rate, on the film's clock.
 *
 * libsndfile reads WAV, FLAC and AIFF; the FFmpeg libraries read all else.
 * Channels are averaged, or one is taken, before resampling.  Priming and padding
 * are skipped where the container marks them.
 *
 * In a film, a track that begins late is preceded by silence, and one that begins
 * early is cut.  In a file without video the first sample is time 0.  A jump of
 * more than 1/20 s in a track's timestamps is filled with silence or cut; smaller
 * jumps are taken as the container's rounding.  Memory does not grow with the
 * file. */
#ifndef GB_AUDIO_AUDIO_H
#define GB_AUDIO_AUDIO_H

#include "io/json.h"
#include "audio/resample.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_audio gb_audio;

typedef struct gb_audio_options {
	int64_t track;               /* sound track, from 0; −1: the container's default */
	gb_rational start;           /* film time ≥ 0; earlier samples are dropped */
	int64_t rate;                /* of the output, Hz */
	gb_resample_quality quality;
	/* 0: the mean of all channels; 1, 2: left, right, or the only channel */
	int side;
} gb_audio_options;

/* Counts are in source samples, and final once gb_audio_read has reached the end. */
typedef struct gb_audio_facts {
	const char *reader;    /* "libsndfile" or "libav" */
	int64_t rate;          /* of the source */
	int channels;          /* of the source; of the first frame, where they change */
	gb_rational first;     /* film time of the first sample given: in [start, start + 1/rate) */
	int64_t samples;       /* source samples in the output, silence included */
	int64_t silence, cut;  /* before a late track and in gaps; dropped before START or as overlap */
	int64_t jumps;         /* jumps in the timestamps */
	gb_rational end;       /* film time at which the sound ends: first + samples/rate */
} gb_audio_facts;

/* PATH: a file, or "-".  GB_USAGE: it cannot be opened.  GB_DATA: it is not a sound or
 * has no such track. */
GB_CHECK gb_status gb_audio_open(gb_audio **audio, const char *path, const gb_audio_options *options,
                                 gb_err *err);
/* Read up to CAPACITY samples; *GOT is 0 at the end.  GB_DATA: a sample cannot be
 * decoded or is not finite, or the sound has none. */
GB_CHECK gb_status gb_audio_read(gb_audio *audio, float *samples, size_t capacity, size_t *got, gb_err *err);
const gb_audio_facts *gb_audio_about(gb_audio *audio);
void gb_audio_close(gb_audio *audio); /* accepts NULL */

/* Add FACTS to the attributes of a tensor: first, source_rate, source_channels, source_silence, source_cut
 * and source_jumps. */
void gb_audio_describe(const gb_audio_facts *facts, gb_json *attributes);

GB_END_DECLS
#endif
