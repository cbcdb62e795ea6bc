/* SPDX-License-Identifier: MIT */
#include "nifti/encode.h"

#include <string.h>

static void put(uint8_t *bytes, size_t offset, const void *value, size_t width)
{
	memcpy(bytes + offset, value, width); /* little-endian, as are the supported machines */
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

static void put_double(uint8_t *bytes, size_t offset, double value)
{
	put(bytes, offset, &value, 8);
}

static int bits_of(gb_nifti_type type)
{
	return type == GB_NIFTI_U8 ? 8 : type == GB_NIFTI_I16 ? 16 : 32;
}

/* The fields of a header, in either version. */
typedef struct fields {
	int64_t dim[8];
	double pixdim[8];
	int type, bits, space, units;
	float quaternion[3], origin[3];
	double affine[3][4];
} fields;

static size_t put_version_1(uint8_t *b, const fields *f)
{
	put_int(b, 0, 348, 4);
	for (size_t i = 0; i < 8; i++) {
		put_int(b, 40 + 2 * i, f->dim[i], 2);
		put_float(b, 76 + 4 * i, f->pixdim[i]);
	}
	put_int(b, 70, f->type, 2);
	put_int(b, 72, f->bits, 2);
	put_float(b, 108, 352);
	put_float(b, 112, 1);
	put_int(b, 123, f->units, 1);
	put_int(b, 252, f->space, 2);
	put_int(b, 254, f->space, 2);
	for (size_t i = 0; i < 3; i++) {
		put(b, 256 + 4 * i, &f->quaternion[i], 4);
		put(b, 268 + 4 * i, &f->origin[i], 4);
		for (size_t j = 0; j < 4; j++)
			put_float(b, 280 + 16 * i + 4 * j, f->affine[i][j]);
	}
	put(b, 344, "n+1", 4);
	return 352;
}

static size_t put_version_2(uint8_t *b, const fields *f)
{
	put_int(b, 0, 540, 4);
	put(b, 4, "n+2\0\r\n\032\n", 8);
	put_int(b, 12, f->type, 2);
	put_int(b, 14, f->bits, 2);
	for (size_t i = 0; i < 8; i++) {
		put_int(b, 16 + 8 * i, f->dim[i], 8);
		put_double(b, 104 + 8 * i, f->pixdim[i]);
	}
	put_int(b, 168, 544, 8);
	put_double(b, 176, 1);
	put_int(b, 344, f->space, 4);
	put_int(b, 348, f->space, 4);
	for (size_t i = 0; i < 3; i++) {
		put_double(b, 352 + 8 * i, (double)f->quaternion[i]);
		put_double(b, 376 + 8 * i, (double)f->origin[i]);
		for (size_t j = 0; j < 4; j++)
			put_double(b, 400 + 32 * i + 8 * j, f->affine[i][j]);
	}
	put_int(b, 500, f->units, 4);
	return 544;
}

size_t gb_nifti_header_make(uint8_t b[GB_NIFTI_HEADER_MAX], const gb_nifti_geometry *g, int64_t volumes,
                            gb_rational tr, gb_nifti_type type)
{
	fields f = {.dim = {volumes ? 4 : 3, g->size[0], g->size[1], g->size[2], volumes ? volumes : 1, 1, 1,
	                    1},
	            .pixdim = {1, 1, 1, 1, volumes ? gb_rational_double(tr) : 0, 0, 0, 0},
	            .type = type,
	            .bits = bits_of(type),
	            .space = g->space > 0 ? g->space : 2,
	            .units = 2 | (volumes ? 8 : 0)};
	float edges[4];
	bool fits_version_1 = true;

	memcpy(f.affine, g->affine, sizeof f.affine);
	gb_nifti_affine_to_quaternion(f.affine, f.quaternion, f.origin, edges);
	for (int i = 0; i < 4; i++)
		f.pixdim[i] = (double)edges[i];
	for (int i = 1; i < 5; i++)
		fits_version_1 = fits_version_1 && f.dim[i] <= INT16_MAX;
	memset(b, 0, GB_NIFTI_HEADER_MAX);
	return fits_version_1 ? put_version_1(b, &f) : put_version_2(b, &f);
}
