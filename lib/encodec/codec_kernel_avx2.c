// SPDX-License-Identifier: MIT
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define LANES 8
#define ROWS 6
#define UNIT_VECTORS 2
#define KERNEL gb_encodec_kernel_avx2
#define multiply_add(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define smaller(a, b) ((vec)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define larger(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#include "encodec/codec_kernel_body.h"
#endif
