/* SPDX-License-Identifier: MIT */
/* matrix.h: dense linear algebra over OpenBLAS (cblas and LAPACK), with bits
 * that depend on the problem only.
 *
 * The first call sets OpenBLAS to one thread, in code, so that no environment
 * variable matters; threads are ours, above it.  Matrices are row-major. */
#ifndef GB_LINALG_MATRIX_H
#define GB_LINALG_MATRIX_H

#include "base/pool.h"

GB_BEGIN_DECLS

/* C [m, n] = A·B (+ C where ADD).  A is [m, k], or [k, m] with A_T; B is
 * [k, n], or [n, k] with B_T; lda, ldb, ldc are the stored rows' lengths.
 * C is cut into tiles of 128 × 256, the last ones padded with zeros, so that an
 * element's bits depend on its row of A and its column of B alone: not on POOL,
 * nor on m, n, or its place.  GB_SYSTEM when memory is short. */
GB_CHECK gb_status gb_matrix_product(gb_pool *pool, bool a_t, bool b_t, size_t m, size_t n, size_t k,
                                     const float *a, size_t lda, const float *b, size_t ldb,
                                     float *c, size_t ldc, bool add, gb_err *err);

/* The same in double as one call on the calling thread (its bits depend on its
 * shape: for use inside tiles whose shape the problem fixes). */
void gb_matrix_product_one(bool a_t, bool b_t, size_t m, size_t n, size_t k, const double *a, size_t lda,
                           const double *b, size_t ldb, double *c, size_t ldc, bool add);

/* G [rows, rows] (+)= X·Xᵀ in double, X [rows, width] float: both triangles filled. */
GB_CHECK gb_status gb_matrix_gram(gb_pool *pool, const float *x, size_t rows, size_t width, size_t ldx,
                                  double *g, bool add, gb_err *err);

/* In place: the lower triangle of A [n, n] (symmetric, positive definite)
 * becomes its Cholesky factor.  GB_DATA names the first pivot that is not positive. */
GB_CHECK gb_status gb_cholesky(double *a, size_t n, gb_err *err);
/* X [count, n] ← each row x solved: A·x = row, with the factor of gb_cholesky. */
void gb_cholesky_solve(const double *factor, size_t n, double *x, size_t count);

/* In place: the rows of A [n, n] (symmetric; lower triangle read) become its
 * eigenvectors, VALUES [n] the eigenvalues, ascending.  Each vector's first
 * element that is not tiny is positive. */
GB_CHECK gb_status gb_eigen_symmetric(double *a, size_t n, double *values, gb_err *err);

GB_END_DECLS
#endif
