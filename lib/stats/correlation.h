/* SPDX-License-Identifier: MIT */
/* correlation.h: Pearson's r by column, and its summaries.
 *
 * P (predicted) and Y (measured) are float [rows, columns]: voxels, or elements of a feature.  Sums run in
 * a fixed order; no result depends on POOL. */
#ifndef GB_STATS_CORRELATION_H
#define GB_STATS_CORRELATION_H

#include "base/pool.h"

GB_BEGIN_DECLS

/* R [columns]: Pearson's r over rows; 0 where one of the two is constant. */
GB_CHECK gb_status gb_score_r(const float *p, const float *y, size_t rows, size_t columns, double *r,
                              gb_pool *pool, gb_err *err);

typedef struct gb_score {
	double mean, median, p95;  /* of r over columns */
	double region;             /* r of the two mean time courses */
	double rest;               /* mean r after regressing P and Y on their own mean time courses */
} gb_score;

GB_CHECK gb_status gb_score_summary(gb_score *score, const float *p, const float *y, size_t rows,
                                    size_t columns, const double *r, gb_pool *pool, gb_err *err);
double gb_score_mean(const double *value, size_t count);
/* Linear between order statistics; NaN when memory is short. */
double gb_score_quantile(const double *value, size_t count, double q, gb_err *err);

GB_END_DECLS
#endif
