/* SPDX-License-Identifier: MIT */
/* gemm.h: matrix products of our own, for processors with fused multiply-add.
 *
 * Every number of C is one chain of fused multiply-adds over k in order, cut
 * into blocks of GB_GEMM_DEPTH that are added in order.  So its bits depend on
 * k alone: not on the class, the place in the matrix, the tiles or the
 * threads.  (Long and thin products also cut k into slices, by shape only.) */
#ifndef GB_KERNELS_GEMM_H
#define GB_KERNELS_GEMM_H

#include "ops.h"

enum { GB_GEMM_DEPTH = 256, GB_GEMM_VECTORS = 3 /* columns of a panel, in vectors */ };

/* C [rows, columns of the panel] (stride) = or += Σ_p a(i, p) · B[p], p = 0 … k−1.
 * B is a packed panel.  a(i, p) = A[i·row + p]; packed: A[p·rows + i]. */
typedef void gb_gemm_fn(size_t k, const float *a, size_t row, const float *b, float *c, size_t stride,
                        bool add);

typedef struct gb_gemm_class {
	size_t rows, lanes;                            /* of a register tile; of a vector */
	gb_gemm_fn *direct[GB_GEMM_VECTORS], *packed[GB_GEMM_VECTORS]; /* by vectors − 1 */
	/* TO[c·to_stride + r] = (add: +=) FROM[r·from_stride + c] */
	void (*transpose)(const float *from, size_t from_stride, size_t rows, size_t columns, float *to,
	                  size_t to_stride, bool add);
	/* DEPTH rows of COLUMNS numbers, to panels that begin at columns FIRST[0 … panels], padded with 0. */
	void (*pack)(const float *from, size_t stride, size_t depth, size_t columns, const size_t *first,
	             size_t panels, float *to);
} gb_gemm_class;

extern const gb_gemm_class gb_gemm_generic, gb_gemm_avx2, gb_gemm_avx512; /* generic: slow, for tests */

/* All of gb_op_matmul, k > 0. */
void gb_gemm(const gb_device *device, const gb_gemm_class *kind, const struct gb_op_matmul *args);

#endif
