/* SPDX-License-Identifier: MIT */
/* interval.h: a figure with its 95 % interval by moving blocks. */
#ifndef GB_COMPARISON_INTERVAL_H
#define GB_COMPARISON_INTERVAL_H

#include "evaluate/encoding.h"
#include "evaluate/metrics.h"

GB_BEGIN_DECLS

/* Under 10 blocks LOW and HIGH are NaN. */
typedef struct gb_interval { double value, low, high; } gb_interval;

/* The interval of VALUE from its RESAMPLE [GB_RESAMPLES], which is sorted. */
gb_interval gb_interval_of(const gb_bootstrap *blocks, double value, double *resample);
/* Another prediction of the scored rows, PREDICTED [rows, voxels]: *R, its mean over voxels, and RESAMPLE
 * [GB_RESAMPLES], the same of each resample, where E has any. */
GB_CHECK gb_status gb_interval_mean_r(const gb_encoding *e, const float *predicted, double *r,
                                      double *resample, gb_pool *pool, gb_err *err);
/* X as a figure of stimulus to brain whose chance is 0. */
gb_metric gb_interval_metric(const char *target, const char *key, const char *figure, gb_interval x,
                             const char *control);

GB_END_DECLS
#endif
