/* SPDX-License-Identifier: MIT */
/* mel_wav.h: a sound from the tensor `mel`. */
#ifndef GB_AUDIO_MEL_WAV_H
#define GB_AUDIO_MEL_WAV_H

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* Write OUT, a WAV file of floor(frames·hop·rate) samples, where frames counts the valid ones of all rows.
 * GB_DATA: FILE has no `mel` with the attributes that the inversion needs. */
GB_CHECK gb_status gb_mel_tensor_invert(gb_tensor_file *file, const char *out, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
