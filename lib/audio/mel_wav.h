/* SPDX-License-Identifier: MIT */
/* mel_wav.h: log-mel rows → a sound file. */
#ifndef GB_AUDIO_MEL_WAV_H
#define GB_AUDIO_MEL_WAV_H

#include "audio/mel_tensor.h"

GB_BEGIN_DECLS

/* A WAV file of floor(frames·hop·rate) samples, FRAMES the valid ones of all
 * rows.  GB_DATA: no `mel` with what it needs to be inverted. */
GB_CHECK gb_status gb_mel_tensor_invert(gb_tensor_file *file, const char *out, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
