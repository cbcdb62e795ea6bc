/* SPDX-License-Identifier: MIT */
/* cast.c: FP32 to and from the 16-bit types. */
#include "tile.h"

static uint32_t bits_of(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, 4);
	return bits;
}

static float float_of(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, 4);
	return x;
}

static uint16_t to_bfloat(float x)
{
	uint32_t bits = bits_of(x);

	if (x != x)
		return (uint16_t)(bits >> 16 | 0x40); /* quiet, so that rounding cannot make it Inf */
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint16_t to_half(float x)
{
	uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;

	if (rest > 0x7f800000)
		return (uint16_t)(sign | 0x7e00);
	if (rest >= 0x47800000)
		return (uint16_t)(sign | 0x7c00);
	if (rest < 0x38800000) /* subnormal half: adding 0.5 aligns and rounds the mantissa */
		return (uint16_t)(sign | (bits_of(float_of(rest) + 0.5f) - 0x3f000000));
	return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13));
}

static float from_half(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;

	if (rest >= 0x7c00)
		return float_of(sign | 0x7f800000 | (rest & 0x3ff) << 13);
	if (rest < 0x400) {
		float x = (float)rest * 5.9604644775390625e-8f; /* 2^-24 */

		return sign ? -x : x;
	}
	return float_of(sign | (rest + 0x1c000) << 13);
}

static void span(const void *context, size_t first, size_t end)
{
	const struct gb_op_cast *args = context;

	for (size_t i = first; i < end; i++)
		switch (args->kind) {
		case GB_CAST_F32_BF16:
			((uint16_t *)args->y)[i] = to_bfloat(((const float *)args->x)[i]);
			break;
		case GB_CAST_BF16_F32:
			((float *)args->y)[i] = float_of((uint32_t)((const uint16_t *)args->x)[i] << 16);
			break;
		case GB_CAST_F32_F16: ((uint16_t *)args->y)[i] = to_half(((const float *)args->x)[i]); break;
		default: ((float *)args->y)[i] = from_half(((const uint16_t *)args->x)[i]); break;
		}
}

void gb_cpu_cast(const gb_device *device, const struct gb_op_cast *args)
{
	gb_spans(device, args->n, 16384, span, args);
}
