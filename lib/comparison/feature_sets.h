/* SPDX-License-Identifier: MIT */
/* feature_sets.h: what groups of stimulus tensors add to the prediction of the brain: all comparisons of
 * ridge models that one report is asked for. */
#ifndef GB_COMPARISON_FEATURE_SETS_H
#define GB_COMPARISON_FEATURE_SETS_H

#include "comparison/nested_models.h"
#include "comparison/variance_partition.h"

GB_BEGIN_DECLS

typedef struct gb_feature_sets {
	gb_groups steps, parts, nuisance; /* count 0: not asked for */
	gb_nested_models nested;
	gb_variance_partition partition;
} gb_feature_sets;

/* NESTED, PARTITION, NUISANCE: texts of these options, or NULL.  GB_USAGE. */
GB_CHECK gb_status gb_feature_sets_parse(gb_feature_sets *sets, const char *nested, const char *partition,
                                         const char *nuisance, const gb_dataset *set, gb_err *err);
/* Fits and scores what is asked for, and adds its figures to METRICS.  The nuisance of OPTIONS is not
 * read. */
GB_CHECK gb_status gb_feature_sets_make(gb_feature_sets *sets, const gb_refit_options *options,
                                        gb_metrics *metrics, gb_err *err);
void gb_feature_sets_clear(gb_feature_sets *sets); /* accepts a cleared one */

GB_END_DECLS
#endif
