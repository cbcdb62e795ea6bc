/* SPDX-License-Identifier: MIT */
/* scored_rows.h: the rows on which a prediction is scored, in order, run by run. */
#ifndef GB_STATS_SCORED_ROWS_H
#define GB_STATS_SCORED_ROWS_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_scored {
	size_t rows;
	const int64_t *row;  /* [rows] of the set's clock */
	const int32_t *run;  /* [rows] */
	double step;         /* seconds a row */
} gb_scored;

int64_t gb_scored_rows_in(const gb_scored *scored, double seconds); /* rounded up */

GB_END_DECLS
#endif
