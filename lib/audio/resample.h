/* SPDX-License-Identifier: MIT */
/* resample.h: one channel from one sample rate to another, streaming, over
 * libsamplerate (which appears in resample.c alone).
 *
 * The filter's delay is taken out and its end flushed: output sample k lies at
 * the time of input sample k·FROM/TO, and N samples in give round(N·TO/FROM)
 * out (halves up).  The bits do not depend on the sizes of the pieces in which input is
 * given and output taken.  Equal rates pass through untouched. */
#ifndef GB_AUDIO_RESAMPLE_H
#define GB_AUDIO_RESAMPLE_H

#include "base/status.h"

GB_BEGIN_DECLS

/* From 44.1 to 24 kHz, MEDIUM is flat (0.01 dB) to 10 kHz and BEST to 11 kHz.
 * Frequencies above 12 kHz are attenuated by at least 100 dB. */
typedef enum gb_resample_quality { GB_RESAMPLE_MEDIUM, GB_RESAMPLE_BEST } gb_resample_quality;

/* Give up to CAPACITY samples; *GOT is 0 at the end. */
typedef gb_status gb_sample_fn(void *context, float *samples, size_t capacity, size_t *got, gb_err *err);

typedef struct gb_resampler gb_resampler;

/* Reads from PULL.  GB_DATA when the rates differ by more than a factor 256. */
GB_CHECK gb_status gb_resampler_new(gb_resampler **resampler, int64_t from, int64_t to,
                                    gb_resample_quality quality, gb_sample_fn *pull, void *context,
                                    gb_err *err);
GB_CHECK gb_status gb_resampler_read(gb_resampler *resampler, float *samples, size_t capacity, size_t *got,
                                     gb_err *err);
int64_t gb_resampler_taken(const gb_resampler *resampler); /* input samples so far */
void gb_resampler_free(gb_resampler *resampler);           /* accepts NULL */

GB_END_DECLS
#endif
