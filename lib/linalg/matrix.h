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

/* How an operand of a product lies in memory: as the product reads it, or with rows and columns exchanged. */
typedef enum gb_layout { GB_AS_STORED, GB_TRANSPOSED } gb_layout;

/* One operand: DATA, the length of its stored rows (elements), and its layout. */
typedef struct gb_operand {
	const float *data;
	size_t stride;
	gb_layout layout;
} gb_operand;

typedef struct gb_operand_double {
	const double *data;
	size_t stride;
	gb_layout layout;
} gb_operand_double;

/* The product is [rows, columns]; DEPTH is the number of products in each of its sums. */
typedef struct gb_product_size {
	size_t rows, columns, depth;
} gb_product_size;

/* C = A·B (+ C where ADD).  A is [rows, depth] and B [depth, columns], after transposition; STRIDE is the
 * length of C's stored rows.  C is cut into tiles of 128 × 256, the last ones padded with zeros, so that
 * an element's bits depend on its row of A and its column of B alone: not on POOL, nor on the size of C,
 * nor on the element's place in it.  GB_SYSTEM when memory is short. */
GB_CHECK gb_status gb_matrix_product(gb_pool *pool, gb_product_size size, gb_operand a, gb_operand b,
                                     float *c, size_t stride, bool add, gb_err *err);

/* The same in double, as one call on the calling thread.  Its bits depend on its size: for use inside
 * tiles whose size the problem fixes. */
void gb_matrix_product_one(gb_product_size size, gb_operand_double a, gb_operand_double b, double *c,
                           size_t stride, bool add);

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
