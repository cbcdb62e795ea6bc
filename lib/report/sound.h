/* SPDX-License-Identifier: MIT */
/* sound.h: a decoded mel spectrum as a sound. */
#ifndef GB_REPORT_SOUND_H
#define GB_REPORT_SOUND_H

#include "report/decoding.h"

GB_BEGIN_DECLS

/* FOLDER/FEATURE.wav: the valid frames of the scored rows, one after another, through Griffin-Lim; *MADE
 * false where the tensor does not say its sample rate, window and hop. */
GB_CHECK gb_status gb_decoded_write_sound(const char *folder, const gb_decoded *decoded, const gb_dataset *set,
                                          const gb_scored *scored, gb_pool *pool, bool *made, gb_err *err);

GB_END_DECLS
#endif
