/* SPDX-License-Identifier: MIT */
/* wav.h: 32-bit float samples as a WAV file, streamed. */
#ifndef GB_AUDIO_WAV_H
#define GB_AUDIO_WAV_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_wav gb_wav;

/* SAMPLES: of each channel; the header needs the length, and a pipe cannot be rewritten.  OUT: a path, or "-"
 * or NULL for standard output. */
GB_CHECK gb_status gb_wav_create(gb_wav **wav, const char *out, int64_t rate, int channels, int64_t samples,
                                 gb_err *err);
/* COUNT interleaved samples, all channels together. */
GB_CHECK gb_status gb_wav_put(gb_wav *wav, const float *samples, size_t count, gb_err *err);
GB_CHECK gb_status gb_wav_commit(gb_wav *wav, gb_err *err); /* all samples must have been put; frees WAV */
void gb_wav_free(gb_wav *wav);                             /* aborts; accepts NULL */

GB_END_DECLS
#endif
