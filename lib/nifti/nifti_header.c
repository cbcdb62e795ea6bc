/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "nifti/nifti_header.h"

/* ---- fields at offsets, in either byte order ---- */

static uint64_t bits_at(const uint8_t *bytes, size_t offset, int width, bool swapped)
{
	uint64_t value = 0;

	for (int i = 0; i < width; i++) /* this machine is little-endian; swapped means big */
		value |= (uint64_t)bytes[offset + (size_t)i] << 8 * (swapped ? width - 1 - i : i);
	return value;
}

static double float_at(const uint8_t *bytes, size_t offset, bool swapped)
{
	uint32_t bits = (uint32_t)bits_at(bytes, offset, 4, swapped);
	float value;

	memcpy(&value, &bits, 4);
	return (double)value;
}

static double double_at(const uint8_t *bytes, size_t offset, bool swapped)
{
	uint64_t bits = bits_at(bytes, offset, 8, swapped);
	double value;

	memcpy(&value, &bits, 8);
	return value;
}

/* The fields of either version, as plain values. */
typedef struct fields {
	int64_t dim[8], intent, type, bitpix, qform, sform, units;
	double pixdim[8], offset, slope, inter, quaternion[3], origin[3], srow[3][4];
} fields;

static void read_version_1(const uint8_t *b, bool s, fields *f)
{
	for (int i = 0; i < 8; i++) {
		f->dim[i] = (int16_t)bits_at(b, 40 + 2 * (size_t)i, 2, s);
		f->pixdim[i] = float_at(b, 76 + 4 * (size_t)i, s);
	}
	f->intent = (int16_t)bits_at(b, 68, 2, s);
	f->type = (int16_t)bits_at(b, 70, 2, s);
	f->bitpix = (int16_t)bits_at(b, 72, 2, s);
	f->offset = float_at(b, 108, s);
	f->slope = float_at(b, 112, s);
	f->inter = float_at(b, 116, s);
	f->units = b[123];
	f->qform = (int16_t)bits_at(b, 252, 2, s);
	f->sform = (int16_t)bits_at(b, 254, 2, s);
	for (int i = 0; i < 3; i++) {
		f->quaternion[i] = float_at(b, 256 + 4 * (size_t)i, s);
		f->origin[i] = float_at(b, 268 + 4 * (size_t)i, s);
		for (int j = 0; j < 4; j++)
			f->srow[i][j] = float_at(b, 280 + 16 * (size_t)i + 4 * (size_t)j, s);
	}
}

static void read_version_2(const uint8_t *b, bool s, fields *f)
{
	for (int i = 0; i < 8; i++) {
		f->dim[i] = (int64_t)bits_at(b, 16 + 8 * (size_t)i, 8, s);
		f->pixdim[i] = double_at(b, 104 + 8 * (size_t)i, s);
	}
	f->intent = (int32_t)bits_at(b, 504, 4, s);
	f->type = (int16_t)bits_at(b, 12, 2, s);
	f->bitpix = (int16_t)bits_at(b, 14, 2, s);
	f->offset = (double)(int64_t)bits_at(b, 168, 8, s);
	f->slope = double_at(b, 176, s);
	f->inter = double_at(b, 184, s);
	f->units = (int32_t)bits_at(b, 500, 4, s);
	f->qform = (int32_t)bits_at(b, 344, 4, s);
	f->sform = (int32_t)bits_at(b, 348, 4, s);
	for (int i = 0; i < 3; i++) {
		f->quaternion[i] = double_at(b, 352 + 8 * (size_t)i, s);
		f->origin[i] = double_at(b, 376 + 8 * (size_t)i, s);
		for (int j = 0; j < 4; j++)
			f->srow[i][j] = double_at(b, 400 + 32 * (size_t)i + 8 * (size_t)j, s);
	}
}

/* ---- type of file ---- */

static gb_status refuse(const uint8_t *b, size_t size, const char *name, gb_err *err)
{
	char start[65] = "";
	size_t n = size < 64 ? size : 64;

	memcpy(start, b, n);
	if (strstr(start, "<?xml") || strstr(start, "<GIFTI"))
		return gb_fail(err, GB_DATA, "%s: GIFTI or other XML, not a volume: give a NIfTI volume",
		               name);
	if (size >= 348 && (bits_at(b, 0, 4, false) == 348 || bits_at(b, 0, 4, true) == 348))
		return gb_fail(err, GB_DATA,
		               "%s: ANALYZE 7.5 header without the NIfTI magic: convert it to NIfTI", name);
	if (size < 348)
		return gb_fail(err, GB_DATA, "%s: %zu bytes, a NIfTI header has 348 or 540", name, size);
	return gb_fail(err, GB_DATA, "%s: not a NIfTI file (the header length is neither 348 nor 540)", name);
}

static gb_status find_version(gb_nifti_header *h, const uint8_t *b, size_t size, const char *name,
                              gb_err *err)
{
	for (int s = 0; s < 2 && size >= 348; s++) {
		uint64_t length = bits_at(b, 0, 4, s);

		if (length == 348 && b[344] == 'n' && (b[345] == '+' || b[345] == 'i') && b[346] == '1' &&
		    !b[347]) {
			h->version = 1;
			h->pair = b[345] == 'i';
		} else if (length == 540 && size >= 540 && b[4] == 'n' && (b[5] == '+' || b[5] == 'i') &&
		           b[6] == '2' && !b[7]) {
			if (memcmp(b + 8, "\r\n\032\n", 4))
				return gb_fail(err, GB_DATA,
				               "%s: NIfTI-2 magic changed by a text-mode copy: copy it again "
				               "in binary",
				               name);
			h->version = 2;
			h->pair = b[5] == 'i';
		} else {
			continue;
		}
		h->swapped = s;
		return GB_OK;
	}
	return refuse(b, size, name, err);
}

/* ---- checks ---- */

static const struct { int code, bytes; const char *name;
} types[] = {
    {GB_NIFTI_U8, 1, "uint8"},
    {GB_NIFTI_I16, 2, "int16"},
    {GB_NIFTI_I32, 4, "int32"},
    {GB_NIFTI_F32, 4, "float32"},
    {GB_NIFTI_F64, 8, "float64"},
    {GB_NIFTI_I8, 1, "int8"},
    {GB_NIFTI_U16, 2, "uint16"},
    {GB_NIFTI_U32, 4, "uint32"},
    {GB_NIFTI_I64, 8, "int64"},
    {GB_NIFTI_U64, 8, "uint64"},
    {1, 0, "binary"},
    {32, 0, "complex64"},
    {128, 0, "RGB24"},
    {1536, 0, "float128"},
    {1792, 0, "complex128"},
    {2048, 0, "complex256"},
    {2304, 0, "RGBA32"},
};

const char *gb_nifti_type_name(gb_nifti_type type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].code == (int)type)
			return types[i].name;
	return "unknown";
}

const char *gb_nifti_space_name(int space)
{
	static const char *const names[] = {"unknown",   "scanner", "aligned",
	                                    "Talairach", "MNI152",  "template"};

	return space >= 0 && space < 6 ? names[space] : "unknown";
}

static gb_status check_type(gb_nifti_header *h, const fields *f, const char *name, gb_err *err)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i].code != f->type)
			continue;
		if (!types[i].bytes)
			return gb_fail(err, GB_DATA, "%s: voxels are %s: a real number type is wanted", name,
			               types[i].name);
		if (f->bitpix != 8 * types[i].bytes)
			return gb_fail(err, GB_DATA,
			               "%s: header says %s and %lld bits a voxel: one of them is wrong", name,
			               types[i].name, (long long)f->bitpix);
		h->type = (gb_nifti_type)f->type;
		h->value_bytes = (size_t)types[i].bytes;
		return GB_OK;
	}
	return gb_fail(err, GB_DATA, "%s: data type code %lld is none of NIfTI's", name, (long long)f->type);
}

static gb_status check_sizes(gb_nifti_header *h, const fields *f, const char *name, gb_err *err)
{
	int64_t dim[8] = {0, 1, 1, 1, 1, 1, 1, 1};
	size_t voxels = 1, all;

	if (f->dim[0] < 1 || f->dim[0] > 7)
		return gb_fail(err, GB_DATA, "%s: header says %lld dimensions, 1 to 7 are possible", name,
		               (long long)f->dim[0]);
	for (int i = 1; i <= (int)f->dim[0]; i++) {
		if (f->dim[i] < 1)
			return gb_fail(err, GB_DATA, "%s: dimension %d is %lld, at least 1 is wanted", name,
			               i, (long long)f->dim[i]);
		dim[i] = f->dim[i];
		if (i > 4 && dim[i] > 1)
			return gb_fail(err, GB_DATA, "%s: dimension %d is %lld: a 3-D or 4-D image is wanted",
			               name, i, (long long)dim[i]);
	}
	h->rank = f->dim[0] < 3 ? 3 : f->dim[0] > 4 ? 4 : (int)f->dim[0];
	h->volumes = dim[4];
	for (int i = 0; i < 3; i++) {
		h->geometry.size[i] = dim[i + 1];
		if (!gb_size_mul(voxels, (size_t)dim[i + 1], &voxels))
			goto too_large;
	}
	if (!gb_size_mul(voxels, h->value_bytes, &h->volume_bytes) ||
	    !gb_size_mul(h->volume_bytes, (size_t)dim[4], &h->data_bytes) ||
	    !gb_size_mul(voxels, 8 * (size_t)dim[4], &all) || all > (size_t)1 << 62)
		goto too_large;
	return GB_OK;
too_large:
	return gb_fail(err, GB_DATA, "%s: %lld × %lld × %lld × %lld voxels are more than any file holds",
	               name, (long long)dim[1], (long long)dim[2], (long long)dim[3], (long long)dim[4]);
}

static gb_status check_values(gb_nifti_header *h, const fields *f, const char *name, gb_err *err)
{
	uint64_t least = h->pair ? 0 : h->version == 1 ? 352 : 544;

	if (!(f->offset >= (double)least && f->offset < 0x1p53 && f->offset == floor(f->offset)))
		return gb_fail(err, GB_DATA, "%s: data offset %g, a whole number from %llu is wanted", name,
		               f->offset, (unsigned long long)least);
	h->data_offset = (uint64_t)f->offset;
	h->slope = 1;
	h->inter = 0;
	if (isfinite(f->slope) && f->slope != 0) {
		if (!isfinite(f->inter))
			return gb_fail(err, GB_DATA, "%s: intercept %g beside slope %g, a number is wanted",
			               name, f->inter, f->slope);
		h->slope = f->slope;
		h->inter = f->inter;
	}
	h->repetition = (float)f->pixdim[4];
	h->time_unit = (int)(f->units & 0x38);
	return GB_OK;
}

static gb_status find_affine(gb_nifti_header *h, const fields *f, const char *name, gb_err *err)
{
	gb_nifti_geometry *g = &h->geometry;
	double pixdim[4];
	bool good = true;

	for (int i = 0; i < 4; i++) { /* an edge length of 0 counts as 1 mm, as in other readers */
		double p = f->pixdim[i];

		pixdim[i] = i == 0 ? (p < 0 ? -1 : 1) : isfinite(p) && p != 0 ? fabs(p) : 1;
	}
	g->space = (int)(f->sform > 0 ? f->sform : f->qform > 0 ? f->qform : 0);
	if (g->space > 5)
		g->space = 0;
	if (f->sform > 0) {
		memcpy(g->affine, f->srow, sizeof g->affine);
	} else if (f->qform > 0) {
		for (int i = 0; i < 3; i++)
			good = good && isfinite(f->quaternion[i]) && isfinite(f->origin[i]);
		if (good)
			gb_nifti_quaternion_to_affine(f->quaternion, f->origin, pixdim, g->affine);
	} else {
		for (int i = 0; i < 3; i++)
			g->affine[i][i] = pixdim[i + 1];
	}
	for (int i = 0; i < 12; i++)
		good = good && isfinite(g->affine[i / 4][i % 4]) && fabs(g->affine[i / 4][i % 4]) < 1e30;
	return good ? GB_OK : gb_fail(err, GB_DATA, "%s: its %s is not made of numbers", name,
	                              f->sform > 0 ? "affine (sform)" : "quaternion (qform)");
}

gb_status gb_nifti_header_parse(gb_nifti_header *header, const uint8_t *bytes, size_t size, const char *name,
                                gb_err *err)
{
	fields f;
	gb_status status;

	memset(header, 0, sizeof *header);
	memset(&f, 0, sizeof f);
	if ((status = find_version(header, bytes, size, name, err)))
		return status;
	(header->version == 1 ? read_version_1 : read_version_2)(bytes, header->swapped, &f);
	if (header->version == 2 && f.intent >= 3000 && f.intent < 3100)
		return gb_fail(err, GB_DATA,
		               "%s: CIFTI (intent %lld), not a volume: give the volumetric NIfTI", name,
		               (long long)f.intent);
	if ((status = check_type(header, &f, name, err)) || (status = check_sizes(header, &f, name, err)) ||
	    (status = check_values(header, &f, name, err)))
		return status;
	return find_affine(header, &f, name, err);
}

bool gb_nifti_header_tr(const gb_nifti_header *h, gb_rational *tr, char why[96])
{
	int64_t parts = h->time_unit == 8 ? 1 : h->time_unit == 16 ? 1000 : h->time_unit == 24 ? 1000000 : 0;
	gb_rational value, limit = {30, 1};

	if (h->rank < 4)
		snprintf(why, 96, "the image has no time axis");
	else if (!parts)
		snprintf(why, 96, "the header's repetition time %g has no unit", (double)h->repetition);
	else if (!gb_rational_from_float(h->repetition, &value) ||
	         !gb_rational_div(value, (gb_rational){parts, 1}, tr) || tr->num <= 0 ||
	         gb_rational_compare(*tr, limit) > 0)
		snprintf(why, 96, "the header's repetition time %g s is implausible",
		         (double)h->repetition / (double)parts);
	else
		return true;
	return false;
}
