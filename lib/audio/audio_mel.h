/* SPDX-License-Identifier: MIT */
/* audio_mel.h: all frames of the log-mel spectrum of a sound. */
#ifndef GB_AUDIO_AUDIO_MEL_H
#define GB_AUDIO_AUDIO_MEL_H

#include "audio/audio.h"
#include "audio/mel.h"

GB_BEGIN_DECLS

/* Receives VALUES [count, bands] of the next COUNT frames, at least 1. */
typedef gb_status gb_mel_frames_fn(void *context, const float *values, size_t count, gb_err *err);

/* Read AUDIO to its end, put it into MEL, and give the frames to EACH in order. */
GB_CHECK gb_status gb_audio_mel(gb_audio *audio, gb_mel *mel, gb_mel_frames_fn *each, void *context,
                                gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
