/* SPDX-License-Identifier: MIT */
/* shift_null.h: the null distribution of a correlation under circular shifts.
 *
 * P (predicted) and Y (measured) are float [rows, columns] at the scored rows. */
#ifndef GB_STATS_SHIFT_NULL_H
#define GB_STATS_SHIFT_NULL_H

#include "base/pool.h"
#include "stats/scored_rows.h"

GB_BEGIN_DECLS

#define GB_SHIFT_SECONDS 45.0 /* the shortest shift, forward or back */
#define GB_SHIFT_ROWS_MIN 300 /* fewer scored rows: no p */

typedef struct gb_shift_null {
	size_t shifts;          /* number of shifts of GB_SHIFT_SECONDS or more in every run; 0: no null */
	double *r;              /* [shifts] mean over columns */
	double *highest;        /* [shifts] maximum over columns */
	double observed;        /* mean r on the rows used */
	size_t rows_used;       /* runs too short to be shifted are left out of null and observed alike */
	double mean, sd, p;     /* of the null; p = (1 + #{null ≥ observed})/(1 + shifts) */
	double *column_p;       /* [columns] */
	double *column_q;       /* [columns] Benjamini-Hochberg */
	double *column_fwe;     /* [columns] against the maximum over columns */
	bool pooled;            /* column_p is from the tail pooled over columns, in units of null SDs */
} gb_shift_null;

/* Shift P against Y within runs, by FFT.  GB_DATA with fewer than GB_SHIFT_ROWS_MIN rows. */
GB_CHECK gb_status gb_shift_null_make(gb_shift_null *null, const gb_scored *scored, const float *p,
                                      const float *y, size_t columns, gb_pool *pool, gb_err *err);
void gb_shift_null_clear(gb_shift_null *null);

/* The shifts allowed: *SHIFT [*COUNT], in rows, is released with free(). */
GB_CHECK gb_status gb_shifts_allowed(const gb_scored *scored, size_t **shift, size_t *count, gb_err *err);
/* Q [count], false discovery rates of P [count] by Benjamini and Hochberg (1995). */
GB_CHECK gb_status gb_fdr(const double *p, size_t count, double *q, gb_err *err);

GB_END_DECLS
#endif
