/* SPDX-License-Identifier: MIT */
/* cast.cu: F32 to BF16 and F16 and back, by bits as cast.c does. */
#include "kernel.cuh"

static __device__ __forceinline__ uint16_t to_half(float x)
{
	uint32_t bits = (uint32_t)__float_as_int(x), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;

	if (rest > 0x7f800000)
		return (uint16_t)(sign | 0x7e00);
	if (rest >= 0x47800000)
		return (uint16_t)(sign | 0x7c00);
	if (rest < 0x38800000) /* subnormal half: adding 0.5 aligns and rounds the mantissa */
		return (uint16_t)(sign |
		                  ((uint32_t)__float_as_int(__int_as_float((int)rest) + 0.5f) - 0x3f000000));
	return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13));
}

static __device__ __forceinline__ float from_half(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;

	if (rest >= 0x7c00)
		return __int_as_float((int)(sign | 0x7f800000 | (rest & 0x3ff) << 13));
	if (rest < 0x400) {
		float x = (float)rest * 5.9604644775390625e-8f; /* 2^-24 */

		return sign ? -x : x;
	}
	return __int_as_float((int)(sign | (rest + 0x1c000) << 13));
}

static __global__ void narrow(size_t n, bool half, const float *x, uint16_t *y)
{
	EACH(i, n)
		y[i] = half ? to_half(x[i]) : gb_bfloat_of(x[i]);
}

static __global__ void widen(size_t n, bool half, const uint16_t *x, float *y)
{
	EACH(i, n)
		y[i] = half ? from_half(x[i]) : __int_as_float((int)((uint32_t)x[i] << 16));
}

void gb_cuda_cast(const gb_device *device, const struct gb_op_cast *args)
{
	if (args->kind == GB_CAST_F32_BF16 || args->kind == GB_CAST_F32_F16)
		LAUNCH_EACH(device, narrow, args->n, args->n, args->kind == GB_CAST_F32_F16,
		            (const float *)args->x, (uint16_t *)args->y);
	else
		LAUNCH_EACH(device, widen, args->n, args->n, args->kind == GB_CAST_F16_F32,
		            (const uint16_t *)args->x, (float *)args->y);
}
