/* SPDX-License-Identifier: MIT */
/* wav.h: 32-bit float samples as a WAV file, streamed. */
#ifndef GB_AUDIO_WAV_H
#define GB_AUDIO_WAV_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_wav gb_wav;

/* SAMPLES of each channel.  The length comes first, so that a pipe can be written.  OUT: a path, "-" or
 * NULL for standard output. */
GB_CHECK gb_status gb_wav_create(gb_wav **wav, const char *out, int64_t rate, int channels, int64_t samples,
                                 gb_err *err);
/* COUNT in all channels together, interleaved. */
GB_CHECK gb_status gb_wav_put(gb_wav *wav, const float *samples, size_t count, gb_err *err);
GB_CHECK gb_status gb_wav_commit(gb_wav *wav, gb_err *err); /* all samples must be there; also frees */
void gb_wav_free(gb_wav *wav);                             /* aborts; accepts NULL */

GB_END_DECLS
#endif
