/* SPDX-License-Identifier: MIT */
/* lag.h: the lag, in rows, of BOLD behind the stimulus, beyond what the clocks state.
 *
 * The score of a lag is the R² of the voxels on up to 10 leading components of the
 * convolved features, fitted jointly.  Every lag uses the same rows. */
#ifndef GB_FMRI_LAG_H
#define GB_FMRI_LAG_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

typedef struct gb_lag_options {
	const char *kernel;        /* as gb_hrf_make */
	gb_rational tau, max;      /* sample time; the longest lag in seconds */
	const char **tensor;       /* features; TENSORS 0: every float tensor with a clock */
	int tensors;
	gb_clock_options clock;    /* for a stimulus file without clocks */
	const char *bold;          /* the tensor "bold" of the other file */
	uint64_t seed;             /* of surrogates and resamples */
} gb_lag_options;

typedef struct gb_lag {
	int64_t most;              /* lags run from −most to most rows */
	double *r2;                /* [2·most + 1], mean over voxels */
	double *share;             /* of resamples in which each lag is best; NULL: too short for 10 blocks */
	double p;                  /* of the best R², against surrogates with the same spectra */
	int64_t best, low, high;   /* rows; 95 % of the resamples lie within low … high */
	bool found;                /* p ≤ 0.01, and not at the edge */
	int64_t rows;              /* compared */
	int components;
	gb_rational step;
} gb_lag;

/* GB_DATA when the clocks have no rows in common or lie between each other. */
GB_CHECK gb_status gb_lag_find(gb_lag *lag, gb_tensor_file *stimulus, gb_tensor_file *brain,
                               const gb_lag_options *options, gb_pool *pool, gb_err *err);
void gb_lag_clear(gb_lag *lag);

GB_END_DECLS
#endif
