/* SPDX-License-Identifier: MIT */
/* codec_kernel_body.h: the functions of codec_kernel.h on vectors of LANES floats,
 * compiled once for each processor class.  ROWS rows by two vectors of a product
 * stay in registers.  smaller and larger return the second operand where one is NaN.
 * codec_kernel_amx.c includes it with a PRODUCT, PANEL_STEP, PACK and SHORTEN of its own. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#if GB_LANES > 1
#include <immintrin.h>
#endif

#include "base/class_body.h"
#include "encodec/codec_kernel.h"

#if GB_LANES == 16
#define LANES 16
#define ROWS 14
#define UNIT_VECTORS 4
#define multiply_add(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define smaller(a, b) ((vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define larger(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#elif GB_LANES == 8
#define LANES 8
#define ROWS 6
#define UNIT_VECTORS 2
#define multiply_add(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define smaller(a, b) ((vec)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define larger(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#else
#define LANES 4
#define ROWS 4
#define UNIT_VECTORS 2
#define multiply_add(a, b, c) ((a) * (b) + (c))
#define smaller(a, b) choose((ivec)((a) < (b)), a, b)
#define larger(a, b) choose((ivec)((a) > (b)), a, b)
#define choose(mask, a, b) ((vec)(((mask) & (ivec)(a)) | (~(mask) & (ivec)(b))))
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

INLINE vec all(float x) { return x - (vec){0}; }

INLINE vec load(const float *x)
{
	vec v;

	memcpy(&v, x, sizeof v);
	return v;
}

/* The first COUNT floats of V. */
INLINE void store(float *x, vec v, size_t count)
{
	if (count >= LANES)
		memcpy(x, &v, sizeof v);
	else
		for (size_t i = 0; i < count; i++)
			x[i] = v[i];
}

/* ---- e^x: x = n·ln 2 + r; e^r − 1 by its series to r⁷, 1.5e-8 of it off at |r| = ln 2 / 2 ---- */

typedef struct split { vec power, rest; } split; /* 2^n, e^r − 1 */

INLINE split exponential(vec x)
{
	const float round = 12582912; /* 1.5·2²³: adding it leaves n in the low bits */
	vec t = multiply_add(x, all(1.44269504f), all(round)), n = t - round, r, p;

	r = multiply_add(n, all(-0.693359375f), x);
	r = multiply_add(n, all(2.12194440e-4f), r);
	p = multiply_add(r, all(1 / 5040.f), all(1 / 720.f));
	p = multiply_add(p, r, all(1 / 120.f));
	p = multiply_add(p, r, all(1 / 24.f));
	p = multiply_add(p, r, all(1 / 6.f));
	p = multiply_add(p, r, all(0.5f));
	return (split){(vec)(((ivec)t << 23) + 0x3f800000), multiply_add(p * r, r, r)};
}

/* Below −87 e^x has no part in 1 + e^x or e^x − 1. */
INLINE vec negative_elu(vec x)
{
	split e = exponential(larger(all(-87), x));

	return multiply_add(e.power, e.rest, e.power - 1);
}

INLINE vec elu(vec x) { return larger((vec){0}, x) + negative_elu(smaller((vec){0}, x)); }

INLINE vec sigmoid(vec x)
{
	split e = exponential(smaller(all(87), larger(all(-87), -x)));

	return 1 / (multiply_add(e.power, e.rest, e.power) + 1);
}

/* −(e^−2|x| − 1) / (e^−2|x| + 1), with the sign of x. */
INLINE vec hyperbolic_tangent(vec x)
{
	ivec sign = (ivec)x & INT32_MIN;
	vec t = negative_elu((vec)((ivec)(x + x) | INT32_MIN));

	return (vec)((ivec)(t / (t + 2)) ^ sign ^ INT32_MIN);
}

static void elu_all(const float *x, float *out, size_t count)
{
	size_t i = 0;

	for (; i + LANES <= count; i += LANES)
		store(out + i, elu(load(x + i)), LANES);
	if (i < count) {
		float rest[LANES] = {0};
		memcpy(rest, x + i, (count - i) * sizeof *x);
		store(out + i, elu(load(rest)), count - i);
	}
}

/* ---- product ---- */

/* Floats ahead: panels that are longer than the first cache come from the second or beyond in time. */
enum { AHEAD = 2048 };

/* One k of all rows; X: a pointer for every third row. */
#define MULTIPLY(u)                                                                                  \
	do {                                                                                         \
		vec b[2];                                                                            \
		UNROLL for (int v = 0; v < vectors; v++) {                                           \
			b[v] = load(w + ((u) * vectors + v) * LANES);                                \
			__builtin_prefetch(w + ((u) * vectors + v) * LANES + AHEAD);                 \
		}                                                                                    \
		UNROLL for (int r = 0; r < rows; r++) {                                              \
			vec a = all(x[r / 3][(size_t)(r % 3) * step + (u)]);                         \
			UNROLL for (int v = 0; v < vectors; v++)                                     \
				sum[r][v] = multiply_add(a, b[v], sum[r][v]);                        \
		}                                                                                    \
	} while (0)

/* ROWS rows from ROW on of one panel, whose weights are W and whose first column is COLUMN. */
INLINE void tile(const gb_product *p, size_t row, size_t column, const float *w, int rows, int vectors)
{
	vec sum[ROWS][2];

	UNROLL for (int r = 0; r < rows; r++)
		UNROLL for (int v = 0; v < vectors; v++)
			sum[r][v] = load(p->w->bias + column + v * LANES);
	for (int s = 0; s < p->spans; s++) {
		size_t step = p->span[s].step;
		int length = p->span[s].length;
		for (int tap = 0; tap < p->span[s].taps; tap++) {
			const float *x[(ROWS + 2) / 3];
			int k = 0;
			UNROLL for (int g = 0; g < (rows + 2) / 3; g++)
			    x[g] = p->span[s].x + (row + 3 * (size_t)g) * step + (size_t)tap * p->span[s].ld;
			for (; k + 4 <= length; k += 4, w += 4 * vectors * LANES) {
				MULTIPLY(0);
				MULTIPLY(1);
				MULTIPLY(2);
				MULTIPLY(3);
				UNROLL for (int g = 0; g < (rows + 2) / 3; g++)
					x[g] += 4;
			}
			for (; k < length; k++, w += vectors * LANES) {
				MULTIPLY(0);
				UNROLL for (int g = 0; g < (rows + 2) / 3; g++)
					x[g]++;
			}
		}
	}
	UNROLL for (int r = 0; r < rows; r++)
		UNROLL for (int v = 0; v < vectors; v++) {
			size_t at = column + (size_t)v * LANES, left = (size_t)p->w->n - at;
			if (p->raw)
				store(p->raw + (row + (size_t)r) * p->raw_ld + at, sum[r][v], left);
			if (p->elu)
				store(p->elu + (row + (size_t)r) * p->elu_ld + at, elu(sum[r][v]), left);
		}
}

typedef void tile_fn(const gb_product *p, size_t row, size_t column, const float *w);

#define TILE(rows)                                                                                           \
	static void tile_##rows##_1(const gb_product *p, size_t row, size_t column, const float *w)          \
	{                                                                                                    \
		tile(p, row, column, w, rows, 1);                                                            \
	}                                                                                                    \
	static void tile_##rows##_2(const gb_product *p, size_t row, size_t column, const float *w)          \
	{                                                                                                    \
		tile(p, row, column, w, rows, 2);                                                            \
	}
#define NAMES(rows) {tile_##rows##_1, tile_##rows##_2}

TILE(1)
TILE(2)
TILE(3)
TILE(4)
#if ROWS >= 6
TILE(5)
TILE(6)
#endif
#if ROWS >= 14
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
TILE(13)
TILE(14)
#endif

static tile_fn *const tiles[ROWS][2] = {
    NAMES(1), NAMES(2), NAMES(3), NAMES(4),
#if ROWS >= 6
    NAMES(5), NAMES(6),
#endif
#if ROWS >= 14
    NAMES(7), NAMES(8), NAMES(9), NAMES(10), NAMES(11), NAMES(12), NAMES(13), NAMES(14),
#endif
};

/* a panel is used for so many groups of rows, which stay in the cache for all panels */
enum { ROW_GROUPS = 8 };

static void product(const gb_product *p)
{
	size_t whole = (size_t)gb_whole(p->w->n, LANES);

	for (size_t begin = 0, end; begin < p->rows; begin = end) {
		size_t count = p->rows - begin < 2 * ROW_GROUPS * ROWS ? p->rows - begin : ROW_GROUPS * ROWS;
		size_t groups = (count + ROWS - 1) / ROWS;
		end = begin + count;
		for (size_t column = 0; column < whole; column += 2 * LANES) {
			const float *w = p->w->weight + column * (size_t)p->w->k;
			int vectors = whole - column > LANES ? 2 : 1;
			size_t row = begin;
			for (size_t g = 0; g < groups; g++) { /* groups as even as can be */
				size_t rows = (end - row + groups - g - 1) / (groups - g);
				tiles[rows - 1][vectors - 1](p, row, column, w);
				row += rows;
			}
		}
	}
}

/* ---- LSTM ---- */

enum { UNITS = UNIT_VECTORS * LANES };

/* From the sums of the gates i, f, g, o: C and the new H of a panel. */
INLINE void end_step(vec sum[4][UNIT_VECTORS], float *c, float *next)
{
	UNROLL for (int v = 0; v < UNIT_VECTORS; v++) {
		vec cell = multiply_add(sigmoid(sum[1][v]), load(c + v * LANES),
		                        sigmoid(sum[0][v]) * hyperbolic_tangent(sum[2][v]));
		store(c + v * LANES, cell, LANES);
		store(next + v * LANES, sigmoid(sum[3][v]) * hyperbolic_tangent(cell), LANES);
	}
}

#ifndef PANEL_STEP
#define PANEL_STEP panel_step
INLINE void panel_step(const gb_recurrence *r, size_t panel, const float *gates, const float *h, float *c,
                       float *next)
{
	const float *w = r->weight + panel * UNITS * 4 * (size_t)r->width;
	vec sum[4][UNIT_VECTORS];

	UNROLL for (int g = 0; g < 4; g++)
		UNROLL for (int v = 0; v < UNIT_VECTORS; v++)
			sum[g][v] = load(gates + g * UNITS + v * LANES);
	for (int k = 0; k < r->width; k++, w += 4 * UNITS) {
		vec x = all(h[k]);
		UNROLL for (int g = 0; g < 4; g++)
			UNROLL for (int v = 0; v < UNIT_VECTORS; v++)
				sum[g][v] = multiply_add(x, load(w + g * UNITS + v * LANES), sum[g][v]);
	}
	end_step(sum, c, next);
}
#endif

static void step(const gb_recurrence *r, int first, int last, const float *gates, const float *h, float *c,
                 float *next, bool backwards)
{
	for (int i = first; i < last; i++) {
		size_t panel = (size_t)(backwards ? first + last - 1 - i : i), at = panel * UNITS;
		PANEL_STEP(r, panel, gates + 4 * at, h, c + at, next + at);
	}
}

/* ---- quantiser ---- */

static int best(const float *score, int count)
{
	vec most = load(score);
	ivec where, at;
	int first = 0;

	for (int i = 0; i < LANES; i++)
		at[i] = i;
	where = at;
	for (int i = LANES; i < count; i += LANES) {
		vec s = load(score + i);
		ivec more;
		at += LANES;
		more = (ivec)(s > most);
		most = larger(s, most);
		where = (more & at) | (~more & where);
	}
	for (int i = 1; i < LANES; i++)
		if (most[i] > most[first] || (most[i] == most[first] && where[i] < where[first]))
			first = i;
	return where[first];
}

#ifndef PRODUCT
#define PRODUCT product
#define PACK NULL
#define SHORTEN NULL
#endif

const gb_encodec_kernel GB_CLASS_NAME(gb_encodec_kernel) = {LANES, UNITS, PRODUCT, elu_all,
                                                            step,  best,  PACK,    SHORTEN};
