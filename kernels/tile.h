/* SPDX-License-Identifier: MIT */
/* tile.h: how the CPU operations cut their work, and scalar functions that
 * the compiler can vectorise. */
#ifndef GB_KERNELS_TILE_H
#define GB_KERNELS_TILE_H

#include <string.h>

#include "ops.h"

/* Run FN for items [first, end) in tiles of PER_TILE items. */
typedef void gb_span_fn(const void *args, size_t first, size_t end);
void gb_spans(const gb_device *device, size_t items, size_t per_tile, gb_span_fn *fn, const void *args);

/* Rows a tile such that it has about 16384 elements; at least 1. */
static inline size_t gb_rows_per_tile(size_t columns)
{
	size_t rows = columns ? 16384 / columns : 16384;

	return rows ? rows : 1;
}

/* e^x within 2 ulp for |x| < 87, clamped beyond; NaN in, NaN out.  Cody-Waite
 * reduction and a degree 6 polynomial. */
static inline float gb_exp(float x)
{
	const float magic = 12582912.0f; /* 1.5 · 2^23: adding it rounds to an integer */
	float n, r, p, scale;
	uint32_t bits;

	x = x > 88.0f ? 88.0f : x;
	x = x < -87.0f ? -87.0f : x;
	n = x * 1.44269504f + magic;
	memcpy(&bits, &n, 4);
	bits = (bits + 127u) << 23;
	memcpy(&scale, &bits, 4);
	n -= magic;
	r = x - n * 0.693359375f + n * 2.12194440e-4f;
	p = 1.3981999e-3f;
	p = p * r + 8.3334519e-3f;
	p = p * r + 4.1665796e-2f;
	p = p * r + 1.6666666e-1f;
	p = p * r + 0.5f;
	p = p * r * r + r + 1.0f;
	return p * scale;
}

static inline float gb_sigmoid(float x) { return 1.0f / (1.0f + gb_exp(-x)); }

static inline float gb_gelu(float x) { return x * gb_sigmoid(1.5957691216f * (x + 0.044715f * x * x * x)); }

static inline float gb_gelu_slope(float x)
{
	float s = gb_sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));

	return s + x * s * (1.0f - s) * 1.5957691216f * (1.0f + 0.134145f * x * x);
}
#endif
