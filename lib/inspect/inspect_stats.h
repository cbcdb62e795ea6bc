/* SPDX-License-Identifier: MIT */
/* inspect_stats.h: range, mean and SD of tensors. */
#ifndef GB_INSPECT_INSPECT_STATS_H
#define GB_INSPECT_INSPECT_STATS_H

#include <stdio.h>

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

typedef struct gb_tensor_stats {
	size_t count, nan, inf, zeros;
	double min, max;   /* over all values but NaN */
	double mean, std;  /* over the finite values; population SD; NaN if there are none */
	int64_t columns;   /* elements of one row; 0 if rank < 2 */
	int64_t constant;  /* how many of them never change along axis 0 */
} gb_tensor_stats;

/* Computed in tiles of fixed size, merged in order: the same bits for any POOL.  GB_DATA: a foreign type. */
GB_CHECK gb_status gb_tensor_stats_of(const gb_tensor *tensor, gb_pool *pool, gb_tensor_stats *stats,
                                      gb_err *err);
/* Read *TENSOR of FILE in full, which verifies it, and compute its STATS.  *TENSOR has its data then. */
GB_CHECK gb_status gb_inspect_read_stats(gb_tensor_file *file, const gb_tensor **tensor, gb_pool *pool,
                                         gb_tensor_stats *stats, gb_err *err);
/* A table of TENSOR, or of all tensors for NULL. */
GB_CHECK gb_status gb_inspect_stats(FILE *out, gb_tensor_file *file, const char *tensor, gb_pool *pool,
                                    gb_err *err);

GB_END_DECLS
#endif
