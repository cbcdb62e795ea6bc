/* SPDX-License-Identifier: MIT */
/* decoding_metrics.h: what is reported of a decoded tensor. */
#ifndef GB_EVALUATE_DECODING_METRICS_H
#define GB_EVALUATE_DECODING_METRICS_H

#include "evaluate/decoding.h"

GB_BEGIN_DECLS

/* COUNT tensors decoded, as figures in METRICS and as files for people.  Of text, FOLDER/FEATURE.tsv: for
 * each row its segment, and the five nearest with their cosine.  Of sound, FOLDER/FEATURE.wav
 * (decoded_audio.h).  Of pictures, FOLDER/FEATURE.mp4, with the first of LIST's sounds.  From the stimulus,
 * FEATURE.stimulus.tsv, .wav and .mp4. */
GB_CHECK gb_status gb_decoded_report(const gb_decoded *list, size_t count, const char *folder,
                                     const gb_dataset *set, const gb_scored *scored, gb_metrics *metrics,
                                     gb_err *err);
/* One number a direction: over its TENSORS that have a skill; NAN where none has. */
double gb_decoded_mean_skill(const gb_decoded *list, size_t count, bool from_brain, size_t *tensors);

GB_END_DECLS
#endif
