/* SPDX-License-Identifier: MIT */
/* audio.h: the sound of a file as one channel at one rate, on the film's clock.
 *
 * WAV, FLAC and AIFF are read by libsndfile, all else by the FFmpeg libraries.
 * Channels are averaged first (or one of them taken), then resampled.  Priming and padding that the
 * container marks are skipped; what it does not mark stays.  In a film, a track
 * that begins late gets leading silence and one that begins early is cut; in a
 * file without video the first sample is time 0.  A jump of more than 1/20 s in
 * a track's timestamps gets silence, or is cut; smaller ones are the
 * container's rounding.  Memory does not grow with the file. */
#ifndef GB_AUDIO_AUDIO_H
#define GB_AUDIO_AUDIO_H

#include "io/json.h"
#include "audio/resample.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef struct gb_audio gb_audio;

typedef struct gb_audio_options {
	int64_t track;               /* of the sound tracks, from 0; −1: the container's default */
	gb_rational start;           /* film time ≥ 0: what lies before is not read into anything */
	int64_t rate;                /* wanted, in Hz */
	gb_resample_quality quality;
	/* 0: all channels averaged; 1, 2: left, right of a stereo sound (a mono one: the same) */
	int side;
} gb_audio_options;

/* Exact once gb_audio_read has given its end; all in source samples. */
typedef struct gb_audio_facts {
	const char *reader;    /* "libsndfile" or "libav" */
	int64_t rate;          /* of the source */
	int channels;          /* of the source; of the first frame, where they change */
	gb_rational first;     /* film time of the first sample given: in [start, start + 1/rate) */
	int64_t samples;       /* source samples that went into the result, silence included */
	int64_t silence, cut;  /* put before a late track or into gaps; dropped before start or as overlap */
	int64_t jumps;         /* jumps in the timestamps */
	gb_rational end;       /* film time at which the sound ends: first + samples/rate */
} gb_audio_facts;

/* PATH: a file, or "-".  GB_USAGE: cannot be opened; GB_DATA: not a sound, no
 * such track. */
GB_CHECK gb_status gb_audio_open(gb_audio **audio, const char *path, const gb_audio_options *options,
                                 gb_err *err);
/* Up to CAPACITY samples; *GOT 0 is the end.  GB_DATA: cannot be decoded, not
 * finite.  A sound without any sample is GB_DATA at the end. */
GB_CHECK gb_status gb_audio_read(gb_audio *audio, float *samples, size_t capacity, size_t *got, gb_err *err);
const gb_audio_facts *gb_audio_about(gb_audio *audio);
void gb_audio_close(gb_audio *audio); /* accepts NULL */

/* FACTS as attributes of a tensor: first, source_rate, source_channels, source_silence, source_cut,
 * source_jumps. */
void gb_audio_describe(const gb_audio_facts *facts, gb_json *attributes);

GB_END_DECLS
#endif
