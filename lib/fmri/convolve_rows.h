/* SPDX-License-Identifier: MIT */
/* convolve_rows.h: the inner loops of gb_hrf_convolve, one a processor class.
 *
 * They compute columns C0 … C1−1 of OUT from IN.  Each output is the sum over
 * input rows in ascending order; the values before row 0 enter by HELD, the weight
 * of the first row in each early output.  TAP is padded by GB_CONVOLVE_ROWS zeros
 * on both sides. */
#ifndef GB_FMRI_CONVOLVE_ROWS_H
#define GB_FMRI_CONVOLVE_ROWS_H

#include <stddef.h>

#define GB_CONVOLVE_ROWS 8

typedef struct gb_convolve_job {
	const float *in;
	float *out;
	size_t rows, columns;
	const float *tap;   /* padded: tap[0] is the first one, tap[−8 … −1] and tap[taps …] are 0 */
	int taps;
	const float *held;  /* [rows < taps]: Σ tap[k] over k > row; NULL: zero history */
	int stream;         /* whole cache lines may be written past the cache */
} gb_convolve_job;

typedef void gb_convolve_fn(const gb_convolve_job *job, size_t c0, size_t c1);

gb_convolve_fn gb_convolve_generic, gb_convolve_avx2, gb_convolve_avx512; /* convolve_rows_body.h */

#endif
