/* SPDX-License-Identifier: MIT */
/* zscore_rows.h: the inner loops of a z-score over rows, one set a processor
 * class; all give the same bits. */
#ifndef GB_FMRI_ZSCORE_ROWS_H
#define GB_FMRI_ZSCORE_ROWS_H

#include <stddef.h>

typedef struct gb_zscore_rows {
	/* SUM, SQUARE [n] += e, e², e = ROW − BASE. */
	void (*add)(const float *row, const double *base, double *sum, double *square, size_t n);
	/* ROW = (ROW − MEAN) · SCALE, rounded once. */
	void (*scale)(float *row, const double *mean, const double *scale, size_t n);
} gb_zscore_rows;

extern const gb_zscore_rows gb_zscore_rows_generic, gb_zscore_rows_avx2, gb_zscore_rows_avx512;

const gb_zscore_rows *gb_zscore_rows_here(void);

#endif
