/* SPDX-License-Identifier: MIT */
/* identification.h: how well a row, or a segment of 30 s, is recognised from its prediction. */
#ifndef GB_STATS_IDENTIFICATION_H
#define GB_STATS_IDENTIFICATION_H

#include "base/pool.h"
#include "stats/scored_rows.h"

GB_BEGIN_DECLS

typedef struct gb_identification {
	double percentile;      /* mean percentile rank of the true row, 0 … 1, chance 0.5; ties count half;
	                         * candidates within 20 s of the true row are left out */
	size_t shifts;          /* of the null of circular shifts; 0 (too few rows): no p */
	double null_mean, null_sd, p;
	size_t segments;        /* of 30 s, compared by their time courses; 0 or 1: none */
	double top1, top5;      /* share of segments among the best 1 and 5; chance 1/segments, 5/segments */
	double segment_percentile; /* mean percentile rank of the true segment, chance 0.5 */
} gb_identification;

/* P (predicted) and Y (measured) [rows, columns] are z-scored by column; similarity is their correlation
 * over columns. */
GB_CHECK gb_status gb_identification_make(gb_identification *out, const gb_scored *scored, const float *p,
                                          const float *y, size_t columns, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
