/* SPDX-License-Identifier: MIT */
/* fft.h: complex FFT of power-of-two length in double, over libavutil's tx. */
#ifndef GB_LINALG_FFT_H
#define GB_LINALG_FFT_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_fft gb_fft;

/* LENGTH a power of two, 2 … 2^24.  One object per thread. */
GB_CHECK gb_status gb_fft_new(gb_fft **fft, size_t length, gb_err *err);
void gb_fft_free(gb_fft *fft);
/* OUT[k] = Σ IN[n] e^{∓2πi nk/N} (forward −, inverse +, unscaled); interleaved
 * re, im; IN and OUT are 64-byte aligned (gb_array) and differ. */
void gb_fft_forward(gb_fft *fft, double *out, double *in);
void gb_fft_inverse(gb_fft *fft, double *out, double *in);
/* The smallest power of two ≥ N. */
size_t gb_fft_length(size_t n);

GB_END_DECLS
#endif
