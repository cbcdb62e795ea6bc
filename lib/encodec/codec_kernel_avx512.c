// SPDX-License-Identifier: MIT
#ifdef __AVX512F__
#include <immintrin.h>
#define LANES 16
#define ROWS 14
#define UNIT_VECTORS 4
#define KERNEL gb_encodec_kernel_avx512
#define multiply_add(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define smaller(a, b) ((vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define larger(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#include "encodec/codec_kernel_body.h"
#endif
