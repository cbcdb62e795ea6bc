/* SPDX-License-Identifier: MIT */
#include "nifti/encode.h"

#include <string.h>

static void put(uint8_t *bytes, size_t offset, const void *value, size_t width)
{
	memcpy(bytes + offset, value, width); /* little-endian, like the machines we run on */
}

static void put_int(uint8_t *bytes, size_t offset, int64_t value, size_t width)
{
	put(bytes, offset, &value, width);
}

static void put_float(uint8_t *bytes, size_t offset, double value)
{
	float f = (float)value;

	put(bytes, offset, &f, 4);
}

static int bits_of(gb_nifti_type type)
{
	return type == GB_NIFTI_U8 ? 8 : type == GB_NIFTI_I16 ? 16 : 32;
}

size_t gb_nifti_header_make(uint8_t b[GB_NIFTI_HEADER_MAX], const gb_nifti_geometry *g, int64_t volumes,
                            gb_rational tr, gb_nifti_type type)
{
	double affine[3][4], pixdim[8] = {1, 1, 1, 1, volumes ? gb_rational_double(tr) : 0, 0, 0, 0};
	float q[3], origin[3], edges[4];
	int64_t dim[8] = {volumes ? 4 : 3,       g->size[0], g->size[1], g->size[2],
	                  volumes ? volumes : 1, 1,          1,          1};
	int space = g->space > 0 ? g->space : 2;
	int units = 2 | (volumes ? 8 : 0);
	bool one = true;

	memcpy(affine, g->affine, sizeof affine);
	gb_nifti_affine_to_quaternion(affine, q, origin, edges);
	for (int i = 0; i < 4; i++)
		pixdim[i] = (double)edges[i];
	for (int i = 1; i < 5; i++)
		one = one && dim[i] <= INT16_MAX;
	memset(b, 0, GB_NIFTI_HEADER_MAX);
	put_int(b, 0, one ? 348 : 540, 4);
	for (size_t i = 0; i < 8; i++) {
		if (one) {
			put_int(b, 40 + 2 * i, dim[i], 2);
			put_float(b, 76 + 4 * i, pixdim[i]);
		} else {
			put_int(b, 16 + 8 * i, dim[i], 8);
			put(b, 104 + 8 * i, &pixdim[i], 8);
		}
	}
	put_int(b, one ? 70 : 12, type, 2);
	put_int(b, one ? 72 : 14, bits_of(type), 2);
	put_int(b, one ? 252 : 344, space, one ? 2 : 4);
	put_int(b, one ? 254 : 348, space, one ? 2 : 4);
	put_int(b, one ? 123 : 500, units, one ? 1 : 4);
	for (size_t i = 0; i < 3; i++) {
		double wide_q = (double)q[i], wide_origin = (double)origin[i];

		if (one) {
			put(b, 256 + 4 * i, &q[i], 4);
			put(b, 268 + 4 * i, &origin[i], 4);
		} else {
			put(b, 352 + 8 * i, &wide_q, 8);
			put(b, 376 + 8 * i, &wide_origin, 8);
		}
		for (size_t j = 0; j < 4; j++) {
			if (one)
				put_float(b, 280 + 16 * i + 4 * j, affine[i][j]);
			else
				put(b, 400 + 32 * i + 8 * j, &affine[i][j], 8);
		}
	}
	if (one) {
		put_float(b, 108, 352);
		put_float(b, 112, 1);
		put(b, 344, "n+1", 4);
		return 352;
	}
	double slope = 1;

	put_int(b, 168, 544, 8);
	put(b, 176, &slope, 8);
	put(b, 4, "n+2\0\r\n\032\n", 8);
	return 544;
}
