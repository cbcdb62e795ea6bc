/* SPDX-License-Identifier: MIT */
/* mel_bank.h: window, spectrum and bands of one frame of mel.h, forward and inverse. */
#ifndef GB_AUDIO_MEL_BANK_H
#define GB_AUDIO_MEL_BANK_H

#include "audio/mel.h"

GB_BEGIN_DECLS

typedef struct gb_mel_bank gb_mel_bank;       /* shared, read-only */
typedef struct gb_mel_scratch gb_mel_scratch; /* one a thread */

GB_CHECK gb_status gb_mel_bank_new(gb_mel_bank **bank, const gb_mel_options *options, gb_err *err);
void gb_mel_bank_free(gb_mel_bank *bank);
int gb_mel_bank_bands(const gb_mel_bank *bank);
int64_t gb_mel_bank_window(const gb_mel_bank *bank); /* samples */
int gb_mel_bank_fft_length(const gb_mel_bank *bank);
int64_t gb_mel_bank_position(const gb_mel_bank *bank, int64_t frame);
int64_t gb_mel_bank_frames(const gb_mel_bank *bank, int64_t samples); /* that begin within them */
int64_t gb_mel_bank_whole(const gb_mel_bank *bank, int64_t samples);  /* whose hop ends within them */

/* An array of COUNT. */
GB_CHECK gb_status gb_mel_scratch_new(gb_mel_scratch ***scratch, const gb_mel_bank *bank, int count,
                                      gb_err *err);
void gb_mel_scratch_free(gb_mel_scratch **scratch, int count); /* accepts NULL */

/* WINDOW [window samples] → VALUES [bands]. */
void gb_mel_bank_analyse(const gb_mel_bank *bank, gb_mel_scratch *scratch, const float *window,
                         float *values);
/* The amplitude |FFT| at the fft_length/2 + 1 bins whose bands are close to VALUES,
 * by non-negative least squares in multiplicative steps. */
void gb_mel_bank_amplitude(const gb_mel_bank *bank, gb_mel_scratch *scratch, const float *values,
                           float *amplitude);
/* The spectrum of the windowed SIGNAL [window]: SPECTRUM [fft_length/2 + 1] of re, im.
 * The inverse is windowed again: the sum of the frames, divided by the sum of the
 * squared windows, is the sound. */
void gb_mel_bank_forward(const gb_mel_bank *bank, gb_mel_scratch *scratch, const float *signal,
                         float *spectrum);
void gb_mel_bank_backward(const gb_mel_bank *bank, gb_mel_scratch *scratch, const float *spectrum,
                          float *signal);
const double *gb_mel_bank_shape(const gb_mel_bank *bank); /* the window's values */

GB_END_DECLS
#endif
