/* SPDX-License-Identifier: MIT */
/* pack_report.h: what packing tells people: coverage, split, repeats. */
#ifndef GB_DATASET_PACK_REPORT_H
#define GB_DATASET_PACK_REPORT_H

#include "dataset/set.h"
#include "dataset/split.h"

GB_BEGIN_DECLS

/* Lines that end in newlines, to be released with free(): for each input and run
 * the rows it has, those used, and those that lie outside the common clock; then
 * the split.  NULL when memory is short. */
GB_CHECK char *gb_pack_report(const gb_dataset *set, const gb_split *split, const int64_t *repeat,
                              gb_err *err);

GB_END_DECLS
#endif
