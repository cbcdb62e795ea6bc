/* SPDX-License-Identifier: MIT */
/* stoi.h: short-time objective intelligibility of speech.
 *
 * Short-time objective intelligibility after Taal, Hendriks, Heusdens and
 * Jensen (2011, IEEE Trans. Audio Speech Lang. Process. 19:2125): frames of 256
 * samples of 10 kHz, Hann, half overlapping, zero-padded to 512; frames in
 * which the clean speech is more than 40 dB below its loudest are taken out of
 * both; 15 third-octave bands from 150 Hz; segments of 30 frames, in which the
 * other is scaled to the clean one's energy and clipped at a signal to
 * distortion of −15 dB; the mean correlation over segments and bands. */
#ifndef GB_STATS_STOI_H
#define GB_STATS_STOI_H

#include "base/status.h"

GB_BEGIN_DECLS

enum { GB_STOI_RATE = 10000 };

/* CLEAN, OTHER [count] at 10 kHz.  *STOI: −1 … 1; NaN where the clean sound has
 * fewer than 30 frames that are not silent. */
GB_CHECK gb_status gb_stoi(const float *clean, const float *other, size_t count, double *stoi, gb_err *err);

GB_END_DECLS
#endif
