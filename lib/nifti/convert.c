/* SPDX-License-Identifier: MIT */
#include "nifti/convert.h"

#include <string.h>

/* Element types that may lie at any byte. */
typedef uint16_t any16 __attribute__((aligned(1)));
typedef uint32_t any32 __attribute__((aligned(1)));
typedef uint64_t any64 __attribute__((aligned(1)));
typedef int8_t any_i8;
typedef uint8_t any_u8;
typedef int16_t any_i16 __attribute__((aligned(1)));
typedef int32_t any_i32 __attribute__((aligned(1)));
typedef int64_t any_i64 __attribute__((aligned(1)));
typedef uint16_t any_u16 __attribute__((aligned(1)));
typedef uint32_t any_u32 __attribute__((aligned(1)));
typedef uint64_t any_u64 __attribute__((aligned(1)));
typedef float any_f32 __attribute__((aligned(1)));
typedef double any_f64 __attribute__((aligned(1)));

/* Unscaled values round once, from the stored type; scaled ones once, from double. */
#define PLAIN(type)                                                                                          \
	static void convert_##type(const uint8_t *data, size_t n, double slope, double inter, float *out)    \
	{                                                                                                    \
		const type *in = (const type *)(const void *)data;                                           \
                                                                                                             \
		if (slope == 1 && inter == 0)                                                                \
			for (size_t i = 0; i < n; i++)                                                       \
				out[i] = (float)in[i];                                                       \
		else                                                                                         \
			for (size_t i = 0; i < n; i++)                                                       \
				out[i] = (float)(slope * (double)in[i] + inter);                             \
	}

PLAIN(any_i8)
PLAIN(any_u8)
PLAIN(any_i16)
PLAIN(any_i32)
PLAIN(any_i64)
PLAIN(any_u16)
PLAIN(any_u32)
PLAIN(any_u64)
PLAIN(any_f32)
PLAIN(any_f64)

typedef void converter(const uint8_t *data, size_t n, double slope, double inter, float *out);

static converter *converter_of(gb_nifti_type type)
{
	switch (type) {
	case GB_NIFTI_I8: return convert_any_i8;
	case GB_NIFTI_U8: return convert_any_u8;
	case GB_NIFTI_I16: return convert_any_i16;
	case GB_NIFTI_U16: return convert_any_u16;
	case GB_NIFTI_I32: return convert_any_i32;
	case GB_NIFTI_U32: return convert_any_u32;
	case GB_NIFTI_I64: return convert_any_i64;
	case GB_NIFTI_U64: return convert_any_u64;
	case GB_NIFTI_F64: return convert_any_f64;
	case GB_NIFTI_F32: break;
	}
	return convert_any_f32;
}

static void swap_bytes(const uint8_t *data, size_t n, size_t width, uint8_t *out)
{
	if (width == 1)
		memcpy(out, data, n);
	for (size_t i = 0; width == 2 && i < n; i++)
		((any16 *)(void *)out)[i] = __builtin_bswap16(((const any16 *)(const void *)data)[i]);
	for (size_t i = 0; width == 4 && i < n; i++)
		((any32 *)(void *)out)[i] = __builtin_bswap32(((const any32 *)(const void *)data)[i]);
	for (size_t i = 0; width == 8 && i < n; i++)
		((any64 *)(void *)out)[i] = __builtin_bswap64(((const any64 *)(const void *)data)[i]);
}

void gb_nifti_convert(const gb_nifti_header *h, const uint8_t *data, size_t first, size_t count, float *out)
{
	converter *convert = converter_of(h->type);
	uint8_t native[256 * 8];

	data += first * h->value_bytes;
	if (!h->swapped || h->value_bytes == 1) {
		convert(data, count, h->slope, h->inter, out);
		return;
	}
	for (size_t at = 0; at < count; at += 256) {
		size_t n = count - at < 256 ? count - at : 256;

		swap_bytes(data + at * h->value_bytes, n, h->value_bytes, native);
		convert(native, n, h->slope, h->inter, out + at);
	}
}
