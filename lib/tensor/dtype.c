/* SPDX-License-Identifier: MIT */
#include "tensor/dtype.h"

#include <string.h>

static const struct {
	const char *name;
	size_t size;
	bool writable;
} types[] = {
    [GB_BOOL] = {"BOOL", 1, true}, [GB_U8] = {"U8", 1, true},
    [GB_I8] = {"I8", 1, true},     [GB_I16] = {"I16", 2, true},
    [GB_U16] = {"U16", 2, false},  [GB_I32] = {"I32", 4, true},
    [GB_U32] = {"U32", 4, false},  [GB_I64] = {"I64", 8, true},
    [GB_U64] = {"U64", 8, false},  [GB_F16] = {"F16", 2, true},
    [GB_BF16] = {"BF16", 2, true}, [GB_F32] = {"F32", 4, true},
    [GB_F64] = {"F64", 8, true},   [GB_FOREIGN] = {"foreign", 0, false},
};

const char *gb_dtype_name(gb_dtype dtype) { return types[dtype].name; }
size_t gb_dtype_size(gb_dtype dtype) { return types[dtype].size; }
bool gb_dtype_writable(gb_dtype dtype) { return types[dtype].writable; }

gb_dtype gb_dtype_parse(const char *name)
{
	for (int i = 0; i < GB_FOREIGN; i++)
		if (!strcmp(types[i].name, name))
			return (gb_dtype)i;
	return GB_FOREIGN;
}

static float float_of_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static uint32_t bits_of_float(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

float gb_half_to_float(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff;

	if (exponent == 31)
		return float_of_bits(sign | 0x7f800000u | mantissa << 13);
	if (exponent)
		return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
	/* Subnormal: mantissa · 2^−24, exact in float. */
	return float_of_bits(sign | bits_of_float((float)mantissa * 0x1p-24f));
}

uint16_t gb_float_to_half(float value)
{
	uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
	uint32_t rounded;

	if (magnitude > 0x7f800000)
		return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff)); /* NaN stays NaN */
	if (magnitude >= 0x477ff000)
		return (uint16_t)(sign | 0x7c00); /* 65520 and more */
	if (magnitude < 0x38800000) {
		/* Below 2^−14: adding 0.5 leaves mantissa/2^24 rounded to even in the low bits. */
		return (uint16_t)(sign |
		                  (bits_of_float(float_of_bits(magnitude) + 0.5f) - bits_of_float(0.5f)));
	}
	rounded = magnitude - (112u << 23);
	rounded += 0xfff + (rounded >> 13 & 1);
	return (uint16_t)(sign | rounded >> 13);
}

float gb_bfloat_to_float(uint16_t bits) { return float_of_bits((uint32_t)bits << 16); }

uint16_t gb_float_to_bfloat(float value)
{
	uint32_t bits = bits_of_float(value);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* One loop a type and a target; memcpy because foreign data may be unaligned. */
#define EACH(TYPE, EXPRESSION)                                                                               \
	for (size_t i = 0; i < count; i++) {                                                                 \
		TYPE v;                                                                                      \
		memcpy(&v, at + (first + i) * sizeof v, sizeof v);                                           \
		out[i] = EXPRESSION;                                                                         \
	}                                                                                                    \
	break

#define CONVERT(NAME, TARGET)                                                                                \
	void NAME(gb_dtype dtype, const void *data, size_t first, size_t count, TARGET *out)                 \
	{                                                                                                    \
		const char *at = data;                                                                       \
		switch (dtype) {                                                                             \
		case GB_BOOL: EACH(uint8_t, v != 0);                                                         \
		case GB_U8: EACH(uint8_t, v);                                                                \
		case GB_I8: EACH(int8_t, v);                                                                 \
		case GB_I16: EACH(int16_t, v);                                                               \
		case GB_U16: EACH(uint16_t, v);                                                              \
		case GB_I32: EACH(int32_t, (TARGET)v);                                                       \
		case GB_U32: EACH(uint32_t, (TARGET)v);                                                      \
		case GB_I64: EACH(int64_t, (TARGET)v);                                                       \
		case GB_U64: EACH(uint64_t, (TARGET)v);                                                      \
		case GB_F16: EACH(uint16_t, gb_half_to_float(v));                                            \
		case GB_BF16: EACH(uint16_t, gb_bfloat_to_float(v));                                         \
		case GB_F32: EACH(float, v);                                                                 \
		case GB_F64: EACH(double, (TARGET)v);                                                        \
		case GB_FOREIGN: break;                                                                      \
		}                                                                                            \
	}

CONVERT(gb_dtype_to_float, float)
CONVERT(gb_dtype_to_double, double)
