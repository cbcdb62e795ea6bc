/* SPDX-License-Identifier: MIT */
/* stereo_file.h: a sound file through the 48 kHz stereo model and back. */
#ifndef GB_ENCODEC_STEREO_FILE_H
#define GB_ENCODEC_STEREO_FILE_H

#include "audio/audio.h"
#include "base/pool.h"
#include "encodec/codec_weights.h"

GB_BEGIN_DECLS

/* Encode the sound of PATH at 48 kHz, decode it, and write OUT, a WAV file.  A mono sound becomes two equal
 * channels.  *SAMPLES: the length of OUT, per channel.  OPTIONS give track, start and quality; rate and side
 * are not used.  The whole sound is held in memory, about 1.4 MB a second. */
GB_CHECK gb_status gb_stereo_round_trip(const char *path, const gb_audio_options *options, const char *out,
                                        int codebooks, const gb_encodec_weights *weights, int64_t *samples,
                                        gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
