/* SPDX-License-Identifier: MIT */
/* gemm.cuh: the one place where matrices are multiplied: cuda/gemm.cu by
 * cuBLASLt, emu/gemm.cpp by loops.  For matmul.cu only; host code. */
#ifndef GB_KERNELS_GEMM_CUH
#define GB_KERNELS_GEMM_CUH

#include "ops.h"

/* Products of A and B as FP32 with TF32 or full multiplication, or stored as BF16; sums and C in FP32. */
enum gb_precision { GB_BF16, GB_TF32, GB_FP32 };

/* C [m, n] (+)= op(A) op(B), row-major, m, n, k > 0; A and B float, or uint16_t of BF16. */
typedef struct gb_gemm {
	size_t m, n, k;
	const void *a, *b;
	float *c;
	bool transpose_a, transpose_b, accumulate;
	enum gb_precision precision;
	const float *bias; /* [n] or NULL */
	float *pre;        /* [m, n] or NULL */
	int activation;
} gb_gemm;

typedef struct gb_gemm_state gb_gemm_state;
GB_CHECK gb_status gb_gemm_open(gb_gemm_state **state, gb_err *err);
void gb_gemm_close(gb_gemm_state *state); /* accepts NULL */

/* Queues it.  *DONE: the epilogue (bias, pre, activation) is in it too.  NULL, or what failed. */
const char *gb_gemm_queue(const gb_device *device, gb_gemm_state *state, const gb_gemm *gemm, bool *done);

#endif
