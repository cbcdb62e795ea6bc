/* SPDX-License-Identifier: MIT */
/* decoded_audio.h: decoded codes, or a decoded mel spectrum, as a sound, and how close
 * that comes to what was heard. */
#ifndef GB_EVALUATE_DECODED_AUDIO_H
#define GB_EVALUATE_DECODED_AUDIO_H

#include "evaluate/decoding.h"

GB_BEGIN_DECLS

/* The valid frames of the scored rows, one after another.  Codes go through the codec, mel through
 * Griffin-Lim. */
typedef struct gb_decoded_audio {
	int64_t rate;
	size_t samples;
	float *decoded;
	float *round_trip;  /* the set's own rows through the same: the best that decoding could reach */
	float *constant;    /* the commonest train code of each codebook; the mean train spectrum */
	float *original;    /* of the medium; NULL: not given */
	/* STOI (NaN: too little sound) and log-spectral distance (dB), against the original, without it
	 * against the round trip */
	double stoi, stoi_round_trip, stoi_constant;
	double distance, distance_round_trip, distance_constant;
} gb_decoded_audio;

enum { GB_SOUND_WINDOW = 512 };       /* of spectra, samples */
#define GB_SOUND_FLOOR (-80.0)        /* dB of full scale */

/* *SOUND NULL: FEATURE of DECODED is no sound, or codes for which there are no weights.  GB_DATA: weights or
 * medium are not those of the set's codes. */
GB_CHECK gb_status gb_decoded_audio_make(gb_decoded_audio **sound, const gb_decoded *decoded,
                                         const gb_decoding_options *options, gb_err *err);
void gb_decoded_audio_free(gb_decoded_audio *sound); /* accepts NULL */

/* FOLDER/FEATURE.wav from the brain, FEATURE.stimulus.wav through the bottleneck; FEATURE.true.wav, the
 * round trip. */
GB_CHECK gb_status gb_decoded_audio_write(const char *folder, const gb_decoded *decoded, gb_err *err);

GB_END_DECLS
#endif
