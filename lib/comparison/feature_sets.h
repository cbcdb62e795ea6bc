/* SPDX-License-Identifier: MIT */
/* feature_sets.h: what each group of stimulus tensors adds: nested ridge models, and the
 * partition of what all together explain.
 *
 * Every model is refitted with penalties of its own; all are scored on the same rows,
 * and intervals come from the same moving blocks, so differences are paired. */
#ifndef GB_COMPARISON_FEATURE_SETS_H
#define GB_COMPARISON_FEATURE_SETS_H

#include "comparison/refit.h"

GB_BEGIN_DECLS

/* Intervals are NaN under 10 blocks. */
typedef struct gb_interval { double value, low, high; } gb_interval;

/* VALUE with the 95 % of RESAMPLE [GB_RESAMPLES], which it sorts. */
gb_interval gb_interval_of(const gb_bootstrap *blocks, double value, double *resample);
/* Mean r over voxels of PREDICTED [rows, voxels] and the brain of E, and of its resamples [GB_RESAMPLES], if it has any. */
GB_CHECK gb_status gb_feature_set_score(const gb_encoding *e, const float *predicted, double *r, double *resample, gb_pool *pool, gb_err *err);
/* A line of the report: chance is 0. */
gb_metric gb_feature_set_metric(const char *target, const char *key, const char *figure, gb_interval x, const char *control);

typedef struct gb_nested_model {
	const char *added;          /* the group; "nuisance" */
	gb_interval r;              /* mean r over voxels of the model with all groups up to this one */
	gb_interval gain;           /* less that of the model before; NaN for the first */
} gb_nested_model;
typedef struct gb_nested_models { gb_nested_model *step; size_t steps; } gb_nested_models;

GB_CHECK gb_status gb_nested_models_make(gb_nested_models *nested, const gb_refit_options *options, const gb_groups *groups, gb_err *err);
void gb_nested_models_clear(gb_nested_models *nested);
GB_CHECK gb_status gb_nested_models_metrics(const gb_nested_models *nested, const char *target, gb_metrics *metrics, gb_err *err);

enum { GB_VARIANCE_PARTITION_MAX = 4 /* groups: 15 models */ };

/* R² = 1 − squared error / squared distance from the train mean, mean over voxels. */
typedef struct gb_variance_partition {
	size_t groups;
	bool has_nuisance;
	gb_interval full;           /* of all groups (and nuisance) */
	gb_interval nuisance;       /* of nuisance alone; value 0 without */
	gb_interval alone[GB_VARIANCE_PARTITION_MAX];   /* of one group (with nuisance) */
	gb_interval product[GB_VARIANCE_PARTITION_MAX + 1]; /* its product measure in the full model, last the nuisance's; they add up to full */
	/* [1 << groups] at the bits of some groups: what they alone share (one: its unique part), by inclusion–exclusion; may
	 * be negative.  All add up to full − nuisance. */
	gb_interval common[1 << GB_VARIANCE_PARTITION_MAX];
} gb_variance_partition;

/* GROUPS: 2 to GB_VARIANCE_PARTITION_MAX. */
GB_CHECK gb_status gb_variance_partition_make(gb_variance_partition *partition, const gb_refit_options *options, const gb_groups *groups, gb_err *err);
GB_CHECK gb_status gb_variance_partition_metrics(const gb_variance_partition *partition, const gb_groups *groups, const char *target, gb_metrics *metrics,
                                        gb_err *err);
/* "text and mel"; released with free(). */
GB_CHECK char *gb_variance_partition_name(const gb_groups *groups, uint32_t which, gb_err *err);

/* All that is asked of one report. */
typedef struct gb_feature_sets {
	gb_groups steps, parts, nuisance; /* count 0: not asked for */
	gb_nested_models nested;
	gb_variance_partition partition;
} gb_feature_sets;

/* NESTED, PARTITION, NUISANCE: texts of these options, or NULL.  GB_USAGE. */
GB_CHECK gb_status gb_feature_sets_parse(gb_feature_sets *additions, const char *nested, const char *partition, const char *nuisance,
                                      const gb_dataset *set, gb_err *err);
/* Nuisance of OPTIONS is set; what is found is told in METRICS. */
GB_CHECK gb_status gb_feature_sets_make(gb_feature_sets *additions, const gb_refit_options *options, gb_metrics *metrics, gb_err *err);
void gb_feature_sets_clear(gb_feature_sets *additions);

GB_END_DECLS
#endif
