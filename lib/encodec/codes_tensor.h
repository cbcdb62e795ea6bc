/* SPDX-License-Identifier: MIT */
/* codes_tensor.h: the tensor `codes` from a sound, the sound from the tensor, and a sound encoded and decoded
 * at once. */
#ifndef GB_ENCODEC_CODES_TENSOR_H
#define GB_ENCODEC_CODES_TENSOR_H

#include "encodec/codec_weights.h"
#include "audio/audio.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

typedef struct gb_codes_job {
	const char *path, *out;
	const char *weights;   /* path of the weights: provenance, and messages */
	const char *tool, *run;
	const gb_json *params;
	gb_audio_options audio; /* rate 24000 */
	int codebooks;         /* 1 … those of the weights */
	gb_rational step;      /* seconds a row */
	int64_t rows;          /* −1: all */
	bool partial;
	gb_pool *pool;
	void (*progress)(int64_t rows); /* may be NULL */
} gb_codes_job;

typedef struct gb_codes_result {
	gb_audio_facts facts;
	int64_t rows, total, kept; /* frames: of the sound, in the rows */
	int64_t samples;           /* at 24 kHz, that the rows hold */
} gb_codes_result;

/* `codes` I16 [rows, codebooks, frames], padded with −1, and `codes.count` I32 [rows]. */
GB_CHECK gb_status gb_codes_tensor_write(const gb_codes_job *job, const gb_encodec_weights *weights,
                                         gb_codes_result *result, gb_err *err);

/* The sound of JOB's path (rows do not matter) to codes and back: a WAV file as long as the sound at 24
 * kHz, *SAMPLES. */
GB_CHECK gb_status gb_codes_round_trip(const gb_codes_job *job, const gb_encodec_weights *weights,
                                       int64_t *samples, gb_err *err);

/* A WAV file of exactly the samples that the rows hold. */
GB_CHECK gb_status gb_codes_tensor_invert(gb_tensor_file *file, const gb_encodec_weights *weights,
                                          const char *out, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
