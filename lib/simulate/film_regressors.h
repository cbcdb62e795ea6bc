/* SPDX-License-Identifier: MIT */
/* film_regressors.h: low-level regressors of a film's picture and sound. */
#ifndef GB_SIMULATE_FILM_REGRESSORS_H
#define GB_SIMULATE_FILM_REGRESSORS_H

#include "base/pool.h"
#include "time/clock.h"

GB_BEGIN_DECLS

enum { GB_LOOKS = 5, GB_SOUNDS = 5 };

/* VALUE [rows, 5], means over the frames of a row: luminance (Rec. 709 luma,
 * 0 … 255), the opponent colours red − green and blue − (red + green)/2, contrast
 * (luma's deviation within a picture), motion energy (root mean square of luma's
 * change since the frame before).  Only complete rows, from START on; ROWS −1
 * means all of them, and GB_DATA is returned if the film has fewer than ROWS. */
GB_CHECK gb_status gb_regressors_look(const char *path, gb_rational step, gb_rational start, int64_t rows,
                                   float **value, int64_t *got, gb_err *err);
/* VALUE [rows, 5], means over 10 ms: loudness (mean of 20 log-mel bands), and
 * four groups of five of these bands, each less the loudness. */
GB_CHECK gb_status gb_regressors_sound(const char *path, gb_rational step, gb_rational start, int64_t rows,
                                    float **value, int64_t *got, gb_pool *pool, gb_err *err);
extern const char *const gb_look_name[GB_LOOKS], *const gb_sound_name[GB_SOUNDS];

/* Whether PATH has a video stream (*LOOK) and an audio stream (*SOUND). */
GB_CHECK gb_status gb_regressors_have(const char *path, bool *look, bool *sound, gb_err *err);

GB_END_DECLS
#endif
