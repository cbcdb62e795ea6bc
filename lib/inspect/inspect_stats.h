/* SPDX-License-Identifier: MIT */
/* inspect_stats.h: minimum, maximum, mean, SD and counts of a tensor's values. */
#ifndef GB_INSPECT_INSPECT_STATS_H
#define GB_INSPECT_INSPECT_STATS_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

typedef struct gb_tensor_stats {
	size_t count, nan, inf, zeros;
	double min, max;          /* of all but NaN */
	double mean, std;         /* of the finite; population SD; NaN if there are none */
	/* elements of one row; how many of them never change along axis 0 (0 and 0 if rank < 2) */
	int64_t columns, constant;
} gb_tensor_stats;

/* In tiles of fixed size, merged in order: the same bits for any pool. */
GB_CHECK gb_status gb_tensor_stats_of(const gb_tensor *tensor, gb_pool *pool, gb_tensor_stats *stats,
                                      gb_err *err);
GB_CHECK gb_status gb_inspect_stats(FILE *out, gb_tensor_file *file, const char *tensor, gb_pool *pool,
                                    gb_err *err);

GB_END_DECLS
#endif
