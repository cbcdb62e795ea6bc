/* SPDX-License-Identifier: MIT */
/* block_bootstrap.h: intervals by a moving-block bootstrap over time. */
#ifndef GB_STATS_BLOCK_BOOTSTRAP_H
#define GB_STATS_BLOCK_BOOTSTRAP_H

#include "base/pool.h"
#include "stats/scored_rows.h"

GB_BEGIN_DECLS

enum { GB_RESAMPLES = 1000, GB_BOOTSTRAP_MIN = 10 /* blocks; fewer give no interval */ };

typedef struct gb_bootstrap {
	size_t length;          /* rows a block: 45 s, or 1.5 × the lag at which autocorrelation is < 0.1 */
	size_t each;            /* blocks a resample */
	size_t resamples;       /* 0: fewer than GB_BOOTSTRAP_MIN blocks, no interval */
	uint32_t *start;        /* [resamples, each] first scored row of each block */
} gb_bootstrap;

/* TIME_COURSE [rows] is the measured mean over columns.  The draws depend on rows, length and SEED only,
 * so that they are the same for all models and subjects. */
GB_CHECK gb_status gb_bootstrap_make(gb_bootstrap *blocks, const gb_scored *scored, const float *time_course,
                                     uint64_t seed, gb_err *err);
void gb_bootstrap_clear(gb_bootstrap *blocks);
/* MEAN [resamples] of Pearson's r over columns of P and Y [rows, columns] in each resample. */
GB_CHECK gb_status gb_bootstrap_mean_r(const gb_bootstrap *blocks, const float *p, const float *y,
                                       size_t rows, size_t columns, double *mean, gb_pool *pool, gb_err *err);
/* The 95 % interval of VALUE [GB_RESAMPLES], which is sorted by this. */
void gb_bootstrap_interval(double *value, double *low, double *high);

/* A prediction and the measured values, float [rows, columns] both, and BASE [columns], the prediction of
 * the mean. */
typedef struct gb_prediction {
	const float *predicted, *measured, *base;
	size_t rows, columns;
} gb_prediction;

/* Share of the measured variation about the base that PART [rows, columns] of the prediction explains:
 * Σ part·(2(y − base) − (p − base)) / Σ (y − base)² over rows, mean over columns (0 where Y is always the
 * base).  PART NULL: the whole prediction, p − base; this is R² = 1 − Σ(y − p)²/Σ(y − base)².  Shares
 * of parts that add up to the whole add up to R² (the product measure).  *VALUE is of all rows, MEAN
 * [resamples] of each resample. */
GB_CHECK gb_status gb_bootstrap_mean_share(const gb_bootstrap *blocks, const gb_prediction *prediction,
                                           const float *part, double *value, double *mean, gb_pool *pool,
                                           gb_err *err);

GB_END_DECLS
#endif
