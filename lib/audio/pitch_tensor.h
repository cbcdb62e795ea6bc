/* SPDX-License-Identifier: MIT */
/* pitch_tensor.h: the tensor `pitch` from a sound. */
#ifndef GB_AUDIO_PITCH_TENSOR_H
#define GB_AUDIO_PITCH_TENSOR_H

#include "audio/audio.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

enum { GB_PITCH_COLUMNS = 3 };

typedef struct gb_pitch_job {
	const char *path, *out;
	const char *tool, *run;
	const gb_json *params;
	gb_audio_options audio; /* at GB_PITCH_RATE */
	gb_rational step;       /* seconds a row */
	int64_t rows;           /* −1: all; GB_DATA if there are fewer */
	bool partial;
	gb_pool *pool;
	void (*progress)(int64_t rows); /* may be NULL */
} gb_pitch_job;

typedef struct gb_pitch_result { int64_t rows, total, voiced; } gb_pitch_result; /* frames: all, voiced */

/* `pitch` F32 [rows, 3]: mean and SD of log2 F0 (octaves above 1 Hz) over the row's voiced frames, and the
 * share of its frames that is voiced.  The mean of a row without voiced frames lies on the line between its
 * neighbours that have some; before the first and after the last it is theirs, and of a sound
 * without any it is 0.  The SD is then 0. */
GB_CHECK gb_status gb_pitch_tensor_write(const gb_pitch_job *job, gb_pitch_result *result, gb_err *err);

GB_END_DECLS
#endif
