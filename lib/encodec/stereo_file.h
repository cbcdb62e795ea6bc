/* SPDX-License-Identifier: MIT */
/* stereo_file.h: a sound file through the 48 kHz codec and back. */
#ifndef GB_ENCODEC_STEREO_FILE_H
#define GB_ENCODEC_STEREO_FILE_H

#include "encodec/stereo.h"

GB_BEGIN_DECLS

/* The sound of PATH at 48 kHz, two channels (a mono one twice), to codes and back: OUT, a WAV file as long,
 * *SAMPLES of each channel.  The whole sound is held, about 1.4 MB a second.  OPTIONS: its rate and side do
 * not matter. */
GB_CHECK gb_status gb_stereo_round_trip(const char *path, const gb_audio_options *options, const char *out,
                                        int codebooks, const gb_encodec_weights *weights, int64_t *samples,
                                        gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
