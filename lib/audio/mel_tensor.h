/* SPDX-License-Identifier: MIT */
/* mel_tensor.h: the tensor `mel` from a sound. */
#ifndef GB_AUDIO_MEL_TENSOR_H
#define GB_AUDIO_MEL_TENSOR_H

#include "audio/audio.h"
#include "audio/mel.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

typedef struct gb_mel_job {
	const char *path, *out;
	const char *tool, *run;
	const gb_json *params;
	gb_audio_options audio;
	gb_mel_options mel;
	gb_rational step;      /* seconds a row */
	int64_t rows;          /* −1: all; GB_DATA if there are fewer */
	bool partial;
	gb_pool *pool;
	void (*progress)(int64_t rows); /* may be NULL */
} gb_mel_job;

typedef struct gb_mel_result {
	gb_audio_facts facts;
	int64_t rows, total, kept; /* frames: in the sound, in the rows */
} gb_mel_result;

/* `mel` F32 [rows, bands, frames], padded with 0, and `mel.count` I32 [rows].
 * Frames are spooled to a temporary file first: their number is known last. */
GB_CHECK gb_status gb_mel_tensor_write(const gb_mel_job *job, gb_mel_result *result, gb_err *err);

GB_END_DECLS
#endif
