/* SPDX-License-Identifier: MIT */
/* ridge_internal.h: the linear systems of a ridge problem: its kernels or its
 * design, its folds, and the held-out predictions of a fold. */
#ifndef GB_RIDGE_RIDGE_INTERNAL_H
#define GB_RIDGE_RIDGE_INTERNAL_H

#include "ridge/ridge.h"

GB_BEGIN_DECLS

typedef struct gb_ridge_fold {
	size_t test, test_end;       /* train rows held out … */
	size_t cut, cut_end;         /* … and those left out with them, the gap included */
	double *gram;                /* primal: XᵀX of the rows left out */
} gb_ridge_fold;

typedef struct gb_ridge_system {
	const gb_ridge_problem *problem;
	size_t n, order;             /* train rows; size of the full system: n, or columns of the design */
	bool primal;
	double *scale;               /* [bands] mean diagonal of the unscaled kernel */
	size_t *columns;             /* [bands] filters·width */
	double **kernel;             /* dual: [bands] of [n, n], scaled */
	double **band_design;        /* [bands] of [n, columns], unscaled; NULL where columns > n */
	double *design, *gram;       /* primal: [n, order], scaled; [order, order] */
	size_t *band_of;             /* primal: [order] */
	gb_ridge_fold fold[GB_RIDGE_FOLDS];
	size_t fold_rows;            /* of the longest */
} gb_ridge_system;

/* ridge_system.c */
GB_CHECK gb_status gb_ridge_system_new(gb_ridge_system *system, const gb_ridge_problem *problem,
                                       gb_pool *pool, gb_err *err);
void gb_ridge_system_clear(gb_ridge_system *system);

/* Order of fold F's system (F −1: of all train rows). */
size_t gb_ridge_system_order(const gb_ridge_system *system, int f);
/* S [order, order], symmetric, for WEIGHT, without the penalty (lower triangle valid). */
void gb_ridge_system_matrix(const gb_ridge_system *system, const double *weight, int f, double *s);
/* M [held-out rows, order]: the held-out rows' kernel with, or columns of, the others. */
void gb_ridge_system_held_out(const gb_ridge_system *system, const double *weight, int f, double *m);
/* A fold's system under one weighting: what the two functions above have filled. */
typedef struct gb_ridge_weighted {
	const double *weight; /* [bands] */
	int fold;
	const double *matrix, *held_out; /* S and M */
} gb_ridge_weighted;

/* HAT [held-out rows, order] = M·(S + PENALTY)⁻¹ (primal: ·√w); WORK is as large as S. */
GB_CHECK gb_status gb_ridge_system_hat(const gb_ridge_system *system, const gb_ridge_weighted *fold,
                                       double penalty, double *work, double *hat, gb_err *err);
/* T for COUNT targets Y [n, COUNT] (centred), primal only: T [order, COUNT] = Xᵀ·Y over F's rows. */
void gb_ridge_system_moments(const gb_ridge_system *system, int f, const double *y, size_t count, size_t ldy,
                             double *t);
/* OUT [held-out rows, COUNT] = HAT·(T or, in the dual, the rows of Y that F keeps). */
void gb_ridge_system_predict(const gb_ridge_system *system, int f, const double *hat, const double *t_or_y,
                             size_t ld, size_t count, double *out);
/* R [count] of the columns of P and Y [m, ·]: Pearson's; a constant column has 0. */
void gb_ridge_column_r(const double *p, size_t ldp, const double *y, size_t ldy, size_t m, size_t count,
                       double *r);

GB_END_DECLS
#endif
