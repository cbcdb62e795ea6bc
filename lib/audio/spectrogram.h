/* SPDX-License-Identifier: MIT */
/* spectrogram.h: the power of a sound over time and frequency, in dB. */
#ifndef GB_AUDIO_SPECTROGRAM_H
#define GB_AUDIO_SPECTROGRAM_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Frames of WINDOW samples (a power of two; periodic Hann) every WINDOW/4, those that fit whole. */
size_t gb_spectrogram_frames(size_t count, size_t window);
/* OUT [frames, WINDOW/2 + 1]: 10 log10 of the power, 0 dB for a full-scale sine on a bin; nothing below
 * FLOOR. */
GB_CHECK gb_status gb_spectrogram(const float *samples, size_t count, size_t window, double floor, float *out,
                                  gb_err *err);

/* Log-spectral distance in dB: the mean over frames of the root mean square difference over bins. */
double gb_log_spectral_distance(const float *a, const float *b, size_t frames, size_t bins);

GB_END_DECLS
#endif
