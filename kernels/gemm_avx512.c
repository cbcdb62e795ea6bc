/* SPDX-License-Identifier: MIT */
/* gemm_avx512.c: 8 rows × 48 columns in 24 of the 32 registers. */
#define GEMM gb_gemm_avx512
#define ROWS 8
#define LANES 16
#define MOST 3
#define V __m512
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SPREAD(x) _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define ZERO() _mm512_setzero_ps()
#include "gemm_body.h"
