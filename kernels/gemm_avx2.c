/* SPDX-License-Identifier: MIT */
/* gemm_avx2.c: 6 rows × 16 columns in 12 of the 16 registers. */
#define GEMM gb_gemm_avx2
#define ROWS 6
#define LANES 8
#define MOST 2
#define V __m256
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SPREAD(x) _mm256_set1_ps(x)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b) _mm256_add_ps(a, b)
#define ZERO() _mm256_setzero_ps()
#include "gemm_body.h"
