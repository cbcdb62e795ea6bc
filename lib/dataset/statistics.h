/* SPDX-License-Identifier: MIT */
/* statistics.h: mean and SD of the features of a set. */
#ifndef GB_DATASET_STATISTICS_H
#define GB_DATASET_STATISTICS_H

#include "dataset/set.h"

GB_BEGIN_DECLS

/* Mean and SD of every feature over its valid train rows, tiles of elements on POOL.
 * STATS [features]: mean then SD [2 · elements], NULL for tokens; released with free() each.
 * GB_DATA: NaN or Inf in a valid row. */
GB_CHECK gb_status gb_set_statistics(const gb_dataset *set, float **stats, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
