/* SPDX-License-Identifier: MIT */
/* decoded_audio_source.h: the original sound that decoded sound is compared with. */
#ifndef GB_EVALUATE_DECODED_AUDIO_SOURCE_H
#define GB_EVALUATE_DECODED_AUDIO_SOURCE_H

#include "evaluate/decoded_audio.h"

GB_BEGIN_DECLS

/* The frames of FEATURE that were decoded: COUNT of them, frame PLACE[i] of row ROW[i], HOP seconds apart, as
 * sound of RATE samples a second. */
typedef struct gb_sound_frames {
	const gb_dataset *set;
	const gb_feature *feature;
	int64_t rate;
	gb_rational hop;
	const int64_t *row, *place;
	size_t count;
} gb_sound_frames;

/* decoded_audio_source.c: what is behind codes. */
GB_CHECK gb_status gb_decoded_audio_check_input(const gb_feature *feature, const char *role, const char *path,
                                                gb_err *err);
/* SAMPLES of RATE at the time of COUNT frames of FRAME samples, each the PLACE-th of its ROW. */
GB_CHECK gb_status gb_decoded_audio_read_medium(const char *path, const gb_sound_frames *frames,
                                                float *samples, size_t length, gb_err *err);

GB_END_DECLS
#endif
