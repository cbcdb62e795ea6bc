/* SPDX-License-Identifier: MIT */
/* hrf.h: haemodynamic response functions, as taps of a clock's rows.
 *
 * With g(t; p, d) the gamma density of shape p/d and scale d:
 *   glover  h(t) = g(t; 6, 0.9) − 0.48 g(t; 12, 0.9)   (Glover 1999)
 *   spm     h(t) = g(t; 6, 1) − g(t; 16, 1)/6
 * for 0 ≤ t < 32 s.  A stimulus row is a mean over its interval, a BOLD row of
 * the same clock a sample at τ of its own, so tap k is the integral of h over
 * ((k−1+τ)Δ, (k+τ)Δ], k ≥ 0; the taps then sum to 1.
 *
 * glover3 adds the derivatives of the same kernel by time and by the peak's
 * dispersion, each orthogonal to the ones before it and of the first one's norm. */
#ifndef GB_FMRI_HRF_H
#define GB_FMRI_HRF_H

#include "base/pool.h"
#include "time/clock.h"

GB_BEGIN_DECLS

#define GB_HRF_FUNCTIONS 3

typedef struct gb_hrf {
	int functions;                  /* 1, or 3: kernel, time derivative, dispersion derivative */
	int taps;
	double *tap[GB_HRF_FUNCTIONS];  /* [taps] each */
	int64_t length;                 /* rows in 32 s, one kernel length; a run's first ones lack history */
} gb_hrf;

/* KERNEL: "glover", "glover3", "spm", or a table FILE.tsv with columns
 * `seconds` and `value` (a curve, straight between its points, integrated like
 * the others) or `row` and `weight` (the taps themselves, taken as they are).
 * STEP > 0; 0 ≤ TAU ≤ 1. */
GB_CHECK gb_status gb_hrf_make(gb_hrf *hrf, const char *kernel, gb_rational step, gb_rational tau,
                               gb_err *err);
void gb_hrf_clear(gb_hrf *hrf);
const char *gb_hrf_function_name(int function); /* "kernel", "derivative", "dispersion" */

/* h(T) of "glover" or "spm" per second, not normalised; 0 outside 0 ≤ t < 32. */
double gb_hrf_at(const char *kernel, double t);

GB_END_DECLS
#endif
