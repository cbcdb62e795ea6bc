/* SPDX-License-Identifier: MIT */
/* nested_models.h: ridge of the first group of tensors, then of one group more at a time.
 *
 * Every model is fitted anew with penalties of its own.  All are scored on the same rows, and intervals
 * come from the same blocks, so differences are paired. */
#ifndef GB_COMPARISON_NESTED_MODELS_H
#define GB_COMPARISON_NESTED_MODELS_H

#include "comparison/interval.h"
#include "comparison/refit.h"

GB_BEGIN_DECLS

typedef struct gb_nested_model {
	const char *added;          /* the group; "nuisance" */
	gb_interval r;              /* mean r over voxels of the model with all groups up to this one */
	gb_interval gain;           /* r less that of the model before; NaN for the first */
} gb_nested_model;
typedef struct gb_nested_models { gb_nested_model *step; size_t steps; } gb_nested_models;

GB_CHECK gb_status gb_nested_models_make(gb_nested_models *nested, const gb_refit_options *options,
                                         const gb_groups *groups, gb_err *err);
void gb_nested_models_clear(gb_nested_models *nested); /* accepts a cleared one */
GB_CHECK gb_status gb_nested_models_metrics(const gb_nested_models *nested, const char *target,
                                            gb_metrics *metrics, gb_err *err);

GB_END_DECLS
#endif
