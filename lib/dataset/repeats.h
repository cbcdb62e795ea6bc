/* SPDX-License-Identifier: MIT */
/* repeats.h: test rows that repeat a train row. */
#ifndef GB_DATASET_REPEATS_H
#define GB_DATASET_REPEATS_H

#include "dataset/set.h"

GB_BEGIN_DECLS

/* REPEAT [rows]: for a test row whose stimuli all equal those of a train row, the
 * first such row; else −1.  Rows of nothing but zeros repeat nothing. */
GB_CHECK gb_status gb_set_repeats(const gb_dataset *set, int64_t *repeat, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
