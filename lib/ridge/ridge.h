/* SPDX-License-Identifier: MIT */
/* ridge.h: banded ridge regression, its penalties and band weights chosen by
 * cross-validation inside the train rows.
 *
 * Every band b (a tensor's features, standardised on the train rows, through
 * the delays) has a kernel K_b, scaled to mean diagonal 1 on the train rows: the
 * unit of the penalty.  A weighting w (Σ w = 1: equal, then DRAWS from a flat
 * Dirichlet) and a penalty λ give the ridge solution of Σ w_b K_b + λ.  Eight
 * contiguous folds of the train rows, with the gap left out on both sides, score
 * it by the mean over targets of Pearson's r.  Every weighting keeps its best
 * penalty; the model is the mean of the predictions of the BEST weightings, each
 * z-scored by its held-out predictions' SD, put back to their mean SD.
 *
 * With a penalty for each target, the same weightings are kept, chosen by one
 * penalty for all as above; in each of them a target gets the penalty at which
 * its own r, mean over the same folds, is highest.
 *
 * Solved in the primal where all bands have fewer columns than there are train
 * rows, else in the dual; the result does not depend on POOL. */
#ifndef GB_RIDGE_RIDGE_H
#define GB_RIDGE_RIDGE_H

#include "ridge/delays.h"

GB_BEGIN_DECLS

enum { GB_RIDGE_FOLDS = 8, GB_RIDGE_DRAWS = 40, GB_RIDGE_BEST = 8,
       GB_RIDGE_TARGETS_SCORED = 4096 /* of more targets, this many, evenly spaced, choose for all */ };

/* 1e-2 … 1e6, a decade apart. */
enum { GB_RIDGE_PENALTIES = 9 };
double gb_ridge_penalty(int index);

typedef struct gb_ridge_band {
	size_t width;
	const float *x;          /* [have.count, width], standardised; borrowed */
} gb_ridge_band;

typedef struct gb_ridge_problem {
	const gb_delays *delays;
	gb_row_list have;        /* rows at hand: train rows and what their delays read */
	gb_row_list train;       /* targets' rows */
	int64_t gap;             /* rows on both sides of a fold */
	size_t bands;
	const gb_ridge_band *band;
	size_t targets;
	const float *y;          /* [train.count, targets] */
	int draws, best;         /* normally GB_RIDGE_DRAWS, used with 2 bands or more, and GB_RIDGE_BEST */
	uint64_t seed;
	bool per_target;         /* a penalty for each target */
} gb_ridge_problem;

typedef struct gb_ridge_choice {
	double score;            /* mean r over folds and targets */
	double penalty;
	bool edge;               /* the penalty is the first or last of those tried */
	double *weight;          /* [bands] */
} gb_ridge_choice;

typedef struct gb_ridge_fit {
	size_t bands, targets, train, choices;
	gb_ridge_choice *choice;      /* best first; the prediction is their mean */
	double curve[GB_RIDGE_PENALTIES]; /* equal weights: score of every penalty */
	bool primal;
	bool *is_dual;                /* [bands] */
	float **coefficient;          /* [bands]: dual [train, targets] of the unscaled K_b, or
	                               * primal [filters·width, targets] */
	float *mean;                  /* [targets] on train rows: prediction = mean + Σ_b … */
	float *penalty;               /* [choices, targets]; NULL: each choice's own, for all */
	double own_score;             /* with penalties per target: the first choice's mean r */
	size_t own_count[GB_RIDGE_PENALTIES]; /* with penalties per target: number of its targets with each */
} gb_ridge_fit;

GB_CHECK gb_status gb_ridge_solve(const gb_ridge_problem *problem, gb_pool *pool, gb_ridge_fit *fit,
                                  gb_err *err);
void gb_ridge_fit_clear(gb_ridge_fit *fit);

GB_END_DECLS
#endif
