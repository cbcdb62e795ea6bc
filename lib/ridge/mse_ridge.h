/* SPDX-License-Identifier: MIT */
/* mse_ridge.h: ridge whose penalty is chosen by its squared error on held-out rows, not by correlation:
 * targets that cannot be predicted shrink to their mean.
 *
 * There are eight contiguous folds of the rows, with the gap left out on both sides.  Skill is R² against the
 * training mean: 1 − Σ squared error / Σ squared error of the mean of a fold's other rows.  Penalties are
 * 1e-2 … 1e6 in half decades, in units of the kernel's mean diagonal; the one with the highest skill is used.
 * Where no skill is above 0, the penalty is infinite and the prediction is the mean.  Up to 16 targets have
 * a penalty each; more of them share one, because some of many would seem predictable by chance.
 *
 * One system serves many targets.  With centred rows A = (columns of BASIS) and
 * eigenvalues LAMBDA, a ridge solution is BASIS·diag(1/(LAMBDA + λ))·Z, Z the
 * targets in that basis: of the rows' kernel where they are fewer than columns,
 * else of the columns' moments. */
#ifndef GB_RIDGE_MSE_RIDGE_H
#define GB_RIDGE_MSE_RIDGE_H

#include "base/pool.h"
#include "ridge/delays.h"

GB_BEGIN_DECLS

enum {
	GB_SKILL_FOLDS = 8,
	GB_SKILL_PENALTIES = 17,
	GB_SKILL_OWN = 16, /* targets with a penalty each, at most */
	GB_SKILL_ROWS = 4 * GB_SKILL_FOLDS /* fewer rows are not fitted */
};

typedef struct gb_mse_ridge_part {
	size_t kept, held, order;  /* rows fitted, rows held out, min(kept, columns) */
	size_t *row;               /* [kept] */
	size_t first;              /* the held-out rows are first … first + held − 1 */
	double *mean;              /* [columns] of the kept rows */
	double *basis, *lambda;    /* [columns, order], [order] */
	double *vectors;           /* [order, order], rows: eigenvectors */
	double *design;            /* [kept, columns] centred */
	double *score;             /* [held, order] = (held-out rows − mean)·basis */
} gb_mse_ridge_part;

typedef struct gb_mse_ridge_system {
	size_t rows, columns;
	double scale;              /* mean diagonal of the kernel of all rows */
	gb_mse_ridge_part fold[GB_SKILL_FOLDS], whole; /* WHOLE is fitted on all rows */
} gb_mse_ridge_system;

typedef struct gb_mse_ridge_fit {
	size_t columns, targets;
	float *weight, *intercept; /* [columns, targets]; [targets] */
	double *penalty, *skill;   /* [targets] in units of the mean diagonal; INFINITY and 0: the mean */
} gb_mse_ridge_fit;

/* X [rows.count, columns]; ROWS are its rows in the clock, and GAP is a number of these. */
GB_CHECK gb_status gb_mse_ridge_open(gb_mse_ridge_system *system, const float *x, size_t columns,
                                     gb_row_list rows, int64_t gap, gb_err *err);
void gb_mse_ridge_close(gb_mse_ridge_system *system);
/* The penalty of INDEX, 0 … GB_SKILL_PENALTIES − 1, in units of the data. */
double gb_mse_ridge_penalty(const gb_mse_ridge_system *system, int index);

/* Y [rows, targets]. */
GB_CHECK gb_status gb_mse_ridge_solve(const gb_mse_ridge_system *system, const float *y, size_t targets,
                                      gb_mse_ridge_fit *fit, gb_err *err);
void gb_mse_ridge_fit_clear(gb_mse_ridge_fit *fit);

/* MEAN [targets] of the part's kept rows of Y [rows, ldy]; Z [order, targets] are the centred targets in the
 * part's basis. */
GB_CHECK gb_status gb_mse_ridge_project(const gb_mse_ridge_part *part, size_t columns, const double *y,
                                        size_t ldy, size_t targets, double *mean, double *z, gb_err *err);
/* OUT [held, targets] = the prediction, less the mean, of the part's fit with PENALTY.  WORK is [order,
 * targets]. */
void gb_mse_ridge_predict(const gb_mse_ridge_part *part, const double *z, size_t targets, double penalty,
                          double *work, double *out);

/* A map of low rank: y = write·(x·read + offset). */
typedef struct gb_low_rank {
	size_t columns, wide, factors;
	double *read, *offset, *write; /* [columns, factors], [factors], [wide, factors]; the caller's */
} gb_low_rank;

/* Fill OUT's arrays with the best approximation, on the part's kept rows, of the map M [order, wide] from
 * the basis.  M is scaled in place. */
GB_CHECK gb_status gb_mse_ridge_low_rank(const gb_mse_ridge_part *part, double *m, const gb_low_rank *out,
                                         gb_err *err);

GB_END_DECLS
#endif
