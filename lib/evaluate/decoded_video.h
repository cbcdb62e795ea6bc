/* SPDX-License-Identifier: MIT */
/* decoded_video.h: decoded pictures as a film. */
#ifndef GB_EVALUATE_DECODED_VIDEO_H
#define GB_EVALUATE_DECODED_VIDEO_H

#include "evaluate/decoding.h"

GB_BEGIN_DECLS

/* decoded_video.c: of pictures, FOLDER/FEATURE.mp4 (FEATURE.stimulus.mp4): the true ones on the left, the
 * decoded ones on the right, row after row of STEP seconds, with SOUND as it was decoded (NULL: silent). */
GB_CHECK gb_status gb_decoded_video_write(const gb_decoded *decoded, const struct gb_decoded_audio *sound,
                                          gb_rational step, const char *folder, gb_err *err);

GB_END_DECLS
#endif
