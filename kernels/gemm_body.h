/* SPDX-License-Identifier: MIT */
/* gemm_body.h: the register tiles of gemm.h, compiled once for each processor
 * class: ROWS rows of at most MOST vectors.  In 16 registers 6 × 2 leave 4 free,
 * in 32 registers 8 × 3 leave 8. */
#include <math.h>
#if GB_LANES > 1
#include <immintrin.h>
#endif

#include "base/class_body.h"
#include "gemm.h"

#define LANES GB_LANES
#if LANES == 16
#define ROWS 8
#define MOST 3
#define V __m512
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SPREAD(x) _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define ZERO() _mm512_setzero_ps()
#elif LANES == 8
#define ROWS 6
#define MOST 2
#define V __m256
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SPREAD(x) _mm256_set1_ps(x)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b) _mm256_add_ps(a, b)
#define ZERO() _mm256_setzero_ps()
#else
#define ROWS 4
#define MOST 2
#define V float
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SPREAD(x) (x)
#define FMA(a, b, c) fmaf(a, b, c)
#define ADD(a, b) ((a) + (b))
#define ZERO() 0.0f
#endif

#define ALWAYS static inline __attribute__((always_inline))

enum { LINE = 16 /* floats */ };

/* The left factor: its rows lie ROW floats apart, its columns STEP. */
typedef struct left { const float *at; size_t row, step; } left;

ALWAYS void micro(int nv, size_t k, left factor, const float *b, float *c, size_t stride, bool add)
{
	const float *a = factor.at;
	const size_t row = factor.row, step = factor.step;
	V sum[ROWS * MOST];

#pragma GCC unroll 32
	for (int i = 0; i < ROWS * nv; i++)
		sum[i] = ZERO();
#pragma GCC unroll 8
	for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
		for (int j = 0; j < nv; j++)
			__builtin_prefetch(c + (size_t)i * stride + j * LANES, 1);
	for (size_t p = 0; p < k; p++, a += step, b += nv * LANES) {
		V x[MOST];

		/* Rows of a large matrix come from memory: ask for the next ones. */
		if (step == 1 && p % LINE == 0)
#pragma GCC unroll 8
			for (int i = 0; i < ROWS; i++)
				__builtin_prefetch(a + (size_t)(ROWS + i) * row);

#pragma GCC unroll 4
		for (int j = 0; j < nv; j++)
			x[j] = LOAD(b + j * LANES);
#pragma GCC unroll 8
		for (int i = 0; i < ROWS; i++) {
			V w = SPREAD(a[(size_t)i * row]);

#pragma GCC unroll 4
			for (int j = 0; j < nv; j++)
				sum[i * nv + j] = FMA(w, x[j], sum[i * nv + j]);
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
		for (int j = 0; j < nv; j++) {
			float *to = c + (size_t)i * stride + j * LANES;

			STORE(to, add ? ADD(LOAD(to), sum[i * nv + j]) : sum[i * nv + j]);
		}
}

#define TILE(nv)                                                                                             \
	static void direct##nv(size_t k, const float *a, size_t row, const float *b, float *c,               \
	                       size_t stride, bool add)                                                      \
	{                                                                                                    \
		micro(nv, k, (left){a, row, 1}, b, c, stride, add);                                          \
	}                                                                                                    \
	static void packed##nv(size_t k, const float *a, size_t row, const float *b, float *c,               \
	                       size_t stride, bool add)                                                      \
	{                                                                                                    \
		(void)row;                                                                                   \
		micro(nv, k, (left){a, 1, ROWS}, b, c, stride, add);                                         \
	}
TILE(1)
TILE(2)
#if MOST > 2
TILE(3)
#else
#define direct3 NULL
#define packed3 NULL
#endif

/* Eight rows of eight become columns. */
ALWAYS void transpose8(const float *from, size_t from_stride, float *to, size_t to_stride, bool add)
{
#if LANES == 1
	for (size_t i = 0; i < 64; i++)
		to[i / 8 * to_stride + i % 8] = from[i % 8 * from_stride + i / 8] +
		                                (add ? to[i / 8 * to_stride + i % 8] : 0.0f);
#else
	__m256 r[8], s[8];

	for (int i = 0; i < 8; i++)
		r[i] = _mm256_loadu_ps(from + (size_t)i * from_stride);
	for (int i = 0; i < 8; i += 2) {
		s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
	}
	for (int i = 0; i < 8; i += 4)
		for (int j = 0; j < 2; j++) {
			r[i + 2 * j] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0x44);
			r[i + 2 * j + 1] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0xee);
		}
	for (int i = 0; i < 4; i++) {
		s[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
		s[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
	}
	for (int i = 0; i < 8; i++) {
		float *line = to + (size_t)i * to_stride;

		_mm256_storeu_ps(line, add ? _mm256_add_ps(_mm256_loadu_ps(line), s[i]) : s[i]);
	}
#endif
}

static void transpose(const float *from, size_t from_stride, size_t rows, size_t columns, float *to,
                      size_t to_stride, bool add)
{
	size_t r = 0;

	for (; r + 8 <= rows; r += 8) {
		size_t c = 0;

		for (; c + 8 <= columns; c += 8)
			transpose8(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride,
			           add);
		for (; c < columns; c++)
			for (size_t i = r; i < r + 8; i++)
				to[c * to_stride + i] = from[i * from_stride + c] +
				                        (add ? to[c * to_stride + i] : 0.0f);
	}
	for (; r < rows; r++)
		for (size_t c = 0; c < columns; c++)
			to[c * to_stride + r] = from[r * from_stride + c] +
			                        (add ? to[c * to_stride + r] : 0.0f);
}

/* They lie far apart. */
enum { ROWS_AHEAD = 8 };

static void pack(const float *from, size_t stride, size_t depth, size_t columns, const size_t *first,
                 size_t panels, float *to)
{
	for (size_t p = 0; p < depth; p++, from += stride) {
		for (size_t i = 0; i < columns; i += LINE)
			__builtin_prefetch(from + ROWS_AHEAD * stride + i);
		for (size_t i = 0; i < panels; i++) {
			size_t width = first[i + 1] - first[i],
			       there = columns - first[i] < width ? columns - first[i] : width, c = 0;
			float *line = to + first[i] * depth + p * width;

			for (; c + LANES <= there; c += LANES)
				STORE(line + c, LOAD(from + first[i] + c));
			for (; c < width; c++)
				line[c] = c < there ? from[first[i] + c] : 0.0f;
		}
	}
}

const gb_gemm_class GB_CLASS_NAME(
    gb_gemm) = {ROWS, LANES, {direct1, direct2, direct3}, {packed1, packed2, packed3}, transpose, pack};
