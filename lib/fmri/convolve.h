/* SPDX-License-Identifier: MIT */
/* convolve.h: causal convolution of rows with a haemodynamic kernel. */
#ifndef GB_FMRI_CONVOLVE_H
#define GB_FMRI_CONVOLVE_H

#include "base/pool.h"
#include "time/clock.h"

GB_BEGIN_DECLS

/* The values before a run's first row: that row's, held, or 0. */
typedef enum gb_history { GB_HISTORY_HOLD, GB_HISTORY_ZERO } gb_history;

typedef struct gb_convolve_filter {
	const double *tap; /* [taps] */
	int taps;
	gb_history history;
} gb_convolve_filter;

/* OUT[r] = Σ_k tap[k] · IN[r−k], both [ROWS, COLUMNS] row-major and apart; one run a call.  The bits
 * depend on the processor class only.  IN must be finite: rows after a NaN within a tile of rows may be
 * NaN too. */
GB_CHECK gb_status gb_hrf_convolve(const float *in, float *out, size_t rows, size_t columns,
                                   const gb_convolve_filter *filter, gb_pool *pool, gb_err *err);
/* The same for all runs of CLOCK. */
GB_CHECK gb_status gb_hrf_convolve_clock(const float *in, float *out, const gb_clock *clock, size_t columns,
                                         const gb_convolve_filter *filter, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
