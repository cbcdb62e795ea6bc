/* SPDX-License-Identifier: MIT */
/* refit.h: ridge of some stimulus tensors, fitted on the train rows of a set as gb-train fits it, with
 * penalties of its own, and its prediction of the rows that are scored. */
#ifndef GB_COMPARISON_REFIT_H
#define GB_COMPARISON_REFIT_H

#include "comparison/tensor_groups.h"
#include "evaluate/encoding.h"
#include "evaluate/progress.h"
#include "train/ridge_fit.h"

GB_BEGIN_DECLS

typedef struct gb_refit_options {
	const gb_dataset *set;
	const char *kernel;          /* as in gb_ridge_options */
	const char *folder, *tool;   /* the fit passes through a file in FOLDER */
	const gb_encoding
		*encoding; /* the brain, its rows and blocks; predicted and measured are not dropped */
	const gb_groups *nuisance;   /* one group, in every model; count 0: none */
	gb_pool *pool;
	gb_progress *progress;       /* NULL: nobody watches */
} gb_refit_options;

/* The fit of RIDGE through a file in FOLDER, which is removed; *MODEL is to be closed. */
GB_CHECK gb_status gb_refit_train(gb_model **model, const gb_dataset *set, const gb_ridge_options *ridge,
                                  const char *folder, gb_pool *pool, gb_err *err);
/* The kernel that MODEL was trained with. */
const char *gb_refit_kernel(const gb_model *model);
/* The groups whose bits are set in WHICH, and nuisance: *MODEL is to be closed; OUT [rows, voxels] is its
 * prediction. */
GB_CHECK gb_status gb_refit_make(gb_model **model, const gb_refit_options *options, const gb_groups *groups,
                                 uint32_t which, float *out, gb_err *err);

GB_END_DECLS
#endif
