/* SPDX-License-Identifier: MIT */
/* ridge_per_target.h: a penalty for each target of a ridge problem.  Used by ridge.c
 * alone.
 *
 * All penalties are scored on the folds for every target; one eigendecomposition
 * of a weighting's system then solves it at any penalty. */
#ifndef GB_RIDGE_RIDGE_PER_TARGET_H
#define GB_RIDGE_RIDGE_PER_TARGET_H

#include "ridge/ridge_internal.h"

GB_BEGIN_DECLS

enum { GB_RIDGE_BLOCK = 256 }; /* targets a tile */

/* The penalties of one weighting. */
typedef struct gb_ridge_per_target {
	uint8_t *penalty;        /* [targets] index of the best one; the weighting's own penalty wins ties */
	double *score, *sd;      /* [targets] there: mean r over folds, SD of held-out predictions */
	size_t order;
	double *vector, *value;  /* full system: eigenvectors (rows) [order, order], eigenvalues [order] */
} gb_ridge_per_target;

/* OWN [choices] of CHOICE [choices]; MEAN [targets] of the problem's targets on the train rows. */
GB_CHECK gb_status gb_ridge_per_target_choose(gb_ridge_per_target *own, const gb_ridge_system *system,
                                              const gb_ridge_choice *choice, size_t choices,
                                              const float *mean, gb_pool *pool, gb_err *err);
void gb_ridge_per_target_clear(gb_ridge_per_target *own); /* accepts a cleared one */
/* X [count, order] ← each row x of target FIRST, FIRST+1, … solved: (S + its penalty)·x = row; ROOM as
 * large. */
void gb_ridge_per_target_solve(const gb_ridge_per_target *own, size_t first, size_t count, double *x,
                               double *room);

GB_END_DECLS
#endif
