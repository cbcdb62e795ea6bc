/* SPDX-License-Identifier: MIT */
/* principal_components.h: the leading principal components of a tall or wide table. */
#ifndef GB_LINALG_PRINCIPAL_COMPONENTS_H
#define GB_LINALG_PRINCIPAL_COMPONENTS_H

#include "base/pool.h"

GB_BEGIN_DECLS

/* GRAM [rows, rows] += X Xᵀ for X [rows, columns] row-major. */
void gb_gram_add(double *gram, const float *x, size_t rows, size_t columns, gb_pool *pool);

/* The K ≤ ROWS leading eigenvectors of the symmetric GRAM (no eigenvalue < 0),
 * orthonormal, into VECTOR [k][rows], by subspace iteration from fixed random
 * numbers; their eigenvalues, descending, into VALUE [k]. */
GB_CHECK gb_status gb_components(const double *gram, size_t rows, size_t k, double *vector, double *value,
                                 gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
