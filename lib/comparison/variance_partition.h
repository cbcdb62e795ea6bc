/* SPDX-License-Identifier: MIT */
/* variance_partition.h: which part of the variance that groups of stimulus tensors explain is unique to a
 * group, and which is shared, from ridge models of every set of groups. */
#ifndef GB_COMPARISON_VARIANCE_PARTITION_H
#define GB_COMPARISON_VARIANCE_PARTITION_H

#include "comparison/interval.h"
#include "comparison/refit.h"

GB_BEGIN_DECLS

enum { GB_VARIANCE_PARTITION_MAX = 4 /* groups: 15 models */ };

/* R² = 1 − squared error / squared distance from the train mean, mean over voxels. */
typedef struct gb_variance_partition {
	size_t groups;
	bool has_nuisance;
	gb_interval full;           /* of all groups (and nuisance) */
	gb_interval nuisance;       /* of nuisance alone; value 0 without */
	gb_interval alone[GB_VARIANCE_PARTITION_MAX]; /* of one group (with nuisance) */
	/* The product measure of each group in the full model, last of nuisance; these add up to FULL. */
	gb_interval product[GB_VARIANCE_PARTITION_MAX + 1];
	/* [1 << groups], indexed by a bit for each group: what exactly these groups share (of one group:
	 * its unique part), by inclusion and exclusion; may be negative.  All add up to FULL − NUISANCE. */
	gb_interval common[1 << GB_VARIANCE_PARTITION_MAX];
} gb_variance_partition;

/* GROUPS: 2 to GB_VARIANCE_PARTITION_MAX. */
GB_CHECK gb_status gb_variance_partition_make(gb_variance_partition *partition,
                                              const gb_refit_options *options, const gb_groups *groups,
                                              gb_err *err);
GB_CHECK gb_status gb_variance_partition_metrics(const gb_variance_partition *partition,
                                                 const gb_groups *groups, const char *target,
                                                 gb_metrics *metrics, gb_err *err);
/* "text and mel", for the groups whose bits are set in WHICH; released with free(). */
GB_CHECK char *gb_variance_partition_name(const gb_groups *groups, uint32_t which, gb_err *err);

GB_END_DECLS
#endif
