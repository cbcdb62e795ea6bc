/* SPDX-License-Identifier: MIT */
/* zscore_rows_body.h: the loops of zscore_rows.h, compiled once for each processor class. */
#include "base/class_body.h"
#include "fmri/zscore_rows.h"

static void add(const float *restrict row, const double *restrict base, double *restrict sum,
                double *restrict square, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double e = (double)row[i] - base[i];

		sum[i] += e;
		square[i] += e * e;
	}
}

static void scale(float *restrict row, const double *restrict mean, const double *restrict factor, size_t n)
{
	for (size_t i = 0; i < n; i++)
		row[i] = (float)(((double)row[i] - mean[i]) * factor[i]);
}

const gb_zscore_rows GB_CLASS_NAME(gb_zscore_rows) = {add, scale};
