/* SPDX-License-Identifier: MIT */
/* pitch.h: fundamental frequency of a sound, each 10 ms.
 *
 * Frame j covers the hop [j·10 ms, (j+1)·10 ms); its 40 ms end where the hop ends.
 * The frame is smoothed over 8 samples, then compared with itself shifted by
 * 1/500 … 1/50 s: r(τ) = Σ x(t) x(t+τ) / √(Σ x(t)² Σ x(t+τ)²) over 20 ms
 * (normalised cross-correlation, Talkin 1995, "A robust algorithm for pitch
 * tracking").  The period is the shortest shift at a peak of r that reaches
 * 0.9 of the highest peak, which keeps it off the multiples of the period, refined by a
 * parabola through three values.  A frame is voiced where that r is at least
 * 0.6 and the root mean square is at least 1e-4. */
#ifndef GB_AUDIO_PITCH_H
#define GB_AUDIO_PITCH_H

#include "base/status.h"

#include <stddef.h>

GB_BEGIN_DECLS

/* At this sample rate; samples of a hop and of a frame. */
enum { GB_PITCH_RATE = 24000, GB_PITCH_HOP = 240, GB_PITCH_FRAME = 960 };

/* log2 of the fundamental frequency in Hz of the last hop of SAMPLES [GB_PITCH_FRAME]; 0: not voiced. */
float gb_pitch_of(const float *samples);

GB_END_DECLS
#endif
