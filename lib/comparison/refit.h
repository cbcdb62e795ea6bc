/* SPDX-License-Identifier: MIT */
/* refit.h: ridge of some stimulus tensors, fitted on the train rows of a set as gb-train
 * fits it, penalties chosen anew, and used on the rows that are scored. */
#ifndef GB_COMPARISON_REFIT_H
#define GB_COMPARISON_REFIT_H

#include "train/ridge_fit.h"
#include "evaluate/encoding.h"
#include "evaluate/encoding_metrics.h"
#include "evaluate/progress.h"

GB_BEGIN_DECLS

enum { GB_GROUPS_MAX = 16, GB_GROUP_TENSORS = 64 };

/* "text.rate+text.boundaries": tensors that come and go together; a name that ends in * means all that begin so. */
typedef struct gb_group { char *text; const char *name[GB_GROUP_TENSORS]; size_t names; } gb_group; /* names are the set's */
typedef struct gb_groups { gb_group group[GB_GROUPS_MAX]; size_t count; } gb_groups;

/* TEXT (NULL: none): LEAST to MOST groups with commas between.  GB_USAGE, naming OPTION, for another number, a tensor
 * that SET lacks, and one that stands twice: in a group, in BESIDE (may be NULL) and, where they must be APART, in two. */
GB_CHECK gb_status gb_groups_parse(gb_groups *groups, const char *option, const char *text, size_t least, size_t most,
                                   bool apart, const gb_groups *beside, const gb_dataset *set, gb_err *err);
void gb_groups_clear(gb_groups *groups); /* accepts a cleared one */

typedef struct gb_refit_options {
	const gb_dataset *set;
	const char *kernel;          /* as in gb_ridge_options */
	const char *folder, *tool;   /* the fit passes through a file in FOLDER */
	const gb_encoding *encoding; /* the brain, its rows and blocks; its predicted and measured are still there */
	const gb_groups *nuisance;   /* one group, in every model; count 0: none */
	gb_pool *pool;
	gb_progress *progress;       /* NULL: nobody watches */
} gb_refit_options;

/* The fit of RIDGE, passing through a file in FOLDER, which is gone afterwards; *MODEL to be closed. */
GB_CHECK gb_status gb_refit_train(gb_model **model, const gb_dataset *set, const gb_ridge_options *ridge, const char *folder, gb_pool *pool,
                                  gb_err *err);
/* The kernel that MODEL was trained with. */
const char *gb_refit_kernel(const gb_model *model);
/* Groups of GROUPS whose bit stands in WHICH, and nuisance: *MODEL to be closed, OUT [rows, voxels] what it predicts. */
GB_CHECK gb_status gb_refit_make(gb_model **model, const gb_refit_options *options, const gb_groups *groups, uint32_t which, float *out,
                                 gb_err *err);

GB_END_DECLS
#endif
