/* SPDX-License-Identifier: MIT */
#include "loader/linear_features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODES = 1024, PATCH = 10 };

static bool is_float(gb_dtype dtype)
{
	return dtype == GB_F32 || dtype == GB_F16 || dtype == GB_F64 || dtype == GB_BF16;
}

static bool is_video(const gb_feature *f)
{
	return f->dtype == GB_U8 && f->rank == 4 && f->shape[3] == 3;
}

static size_t patches(int64_t pixels)
{
	return (size_t)(pixels + PATCH - 1) / PATCH;
}

/* The codewords beside codes, if the file has them. */
static gb_status find_codewords(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	const gb_tensor *t;
	char name[160];
	gb_status status;

	band->width = (size_t)f->shape[0] * CODES;
	snprintf(name, sizeof name, "%s.codebook", f->name);
	if (!gb_tensor_file_find(f->file, name))
		return GB_OK;
	status = gb_tensor_file_need((gb_tensor_file *)f->file, name, GB_F32, 3, &t, err);
	if (!status && (t->shape[0] != f->shape[0] || !t->shape[1] || !t->shape[2]))
		status = gb_fail(err, GB_DATA, "%s: %s: %lld codebooks, the codes have %lld",
		                 gb_tensor_file_name(f->file), name, (long long)t->shape[0],
		                 (long long)f->shape[0]);
	if (status)
		return status;
	band->codeword = t->data;
	band->codes = (size_t)t->shape[1];
	band->latent = (size_t)t->shape[2];
	band->width = 2 * band->latent;
	return GB_OK;
}

gb_status gb_linear_feature_of(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	*band = (gb_linear_feature){.feature = f, .kind = GB_LINEAR_FEATURE_FLOAT, .width = f->elements};
	if (is_video(f)) {
		band->kind = GB_LINEAR_FEATURE_VIDEO;
		band->width = patches(f->shape[1]) * patches(f->shape[2]) * 3 * 2;
	} else if (f->rank == 2 && (f->dtype == GB_I16 || f->dtype == GB_I32 || f->dtype == GB_I64)) {
		band->kind = GB_LINEAR_FEATURE_CODES;
		return find_codewords(band, f, err);
	} else if (is_float(f->dtype) && f->rank == 2 && strcmp(f->name, "mel") == 0) {
		band->kind = GB_LINEAR_FEATURE_MEL;
		band->width = (size_t)f->shape[0] * 2;
	} else if (!is_float(f->dtype)) {
		return gb_fail(err, GB_DATA,
		               "%s: %s of rank %d: float tensors, codes [codebook, frame] or pictures "
		               "[frame, y, x, 3] are wanted",
		               f->name, gb_dtype_name(f->dtype), f->rank);
	}
	return GB_OK;
}

static void read_mel(const gb_dataset *set, const gb_feature *f, int64_t row, const float *values, float *out)
{
	int64_t frames = f->shape[1], count = gb_dataset_count(set, f, row);

	for (int64_t b = 0; b < f->shape[0]; b++) {
		const float *v = values + b * frames;
		double sum = 0, square = 0, n = count > 0 ? (double)count : 1;

		for (int64_t k = 0; k < count; k++)
			sum += (double)v[k];
		for (int64_t k = 0; k < count; k++)
			square += ((double)v[k] - sum / n) * ((double)v[k] - sum / n);
		out[b] = (float)(sum / n);
		out[f->shape[0] + b] = (float)sqrt(square / n);
	}
}

/* Dimension I of the sum of a frame's codewords. */
static double latent_at(const gb_linear_feature *band, const float *values, int64_t frame, size_t i)
{
	const gb_feature *f = band->feature;
	double sum = 0;

	for (int64_t q = 0; q < f->shape[0]; q++) {
		float code = values[q * f->shape[1] + frame];

		if (code >= 0 && code < (float)band->codes)
			sum += (double)band
			           ->codeword[((size_t)q * band->codes + (size_t)code) * band->latent + i];
	}
	return sum;
}

static void read_latents(const gb_dataset *set, const gb_linear_feature *band, int64_t row,
                         const float *values, float *out)
{
	int64_t count = gb_dataset_count(set, band->feature, row);
	double n = count > 0 ? (double)count : 1;

	for (size_t i = 0; i < band->latent; i++) {
		double sum = 0, square = 0;

		for (int64_t k = 0; k < count; k++) {
			double v = latent_at(band, values, k, i);

			sum += v;
			square += v * v;
		}
		out[i] = (float)(sum / n);
		out[band->latent + i] = (float)sqrt(fmax(0, square / n - sum / n * (sum / n)));
	}
}

static void read_codes(const gb_dataset *set, const gb_feature *f, int64_t row, const float *values,
                       float *out)
{
	int64_t frames = f->shape[1], count = gb_dataset_count(set, f, row);

	memset(out, 0, (size_t)f->shape[0] * CODES * sizeof *out);
	for (int64_t q = 0; q < f->shape[0]; q++)
		for (int64_t k = 0; k < count; k++) {
			int code = (int)values[q * frames + k];

			if (code >= 0 && code < CODES)
				out[q * CODES + code] += 1 / (float)count;
		}
}

static void read_video(const gb_dataset *set, const gb_feature *f, int64_t row, float *out)
{
	const uint8_t *pixel = gb_dataset_row(set, f, row);
	int64_t frames = gb_dataset_count(set, f, row), height = f->shape[1], width = f->shape[2];
	size_t across = patches(width), half = patches(height) * across * 3;

	memset(out, 0, 2 * half * sizeof *out);
	if (frames < 1 || frames > f->shape[0])
		frames = f->shape[0];
	for (int64_t y = 0; y < height; y++)
		for (int64_t x = 0; x < width; x++) {
			int64_t rows = height - y / PATCH * PATCH, columns = width - x / PATCH * PATCH;
			float area = (float)((rows < PATCH ? rows : PATCH) *
			                     (columns < PATCH ? columns : PATCH)) *
			             255;
			float *to = out + ((size_t)(y / PATCH) * across + (size_t)(x / PATCH)) * 3;
			const uint8_t *p = pixel + (y * width + x) * 3;
			size_t frame = (size_t)(height * width * 3);

			for (int c = 0; c < 3; c++) {
				int64_t sum = 0, change = 0;

				for (int64_t k = 0; k < frames; k++) {
					sum += p[(size_t)k * frame + (size_t)c];
					change += k ? labs((long)p[(size_t)k * frame + (size_t)c] -
					                   (long)p[(size_t)(k - 1) * frame + (size_t)c])
					            : 0;
				}
				to[c] += (float)sum / ((float)frames * area);
				to[half + (size_t)c] += (float)change /
				                        ((float)(frames > 1 ? frames - 1 : 1) * area);
			}
		}
}

void gb_linear_feature_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out)
{
	switch (band->kind) {
	case GB_LINEAR_FEATURE_VIDEO:
		read_video(set, band->feature, row, out);
		break;
	case GB_LINEAR_FEATURE_CODES:
		gb_dataset_read(set, band->feature, row, false, scratch);
		if (band->codeword)
			read_latents(set, band, row, scratch, out);
		else
			read_codes(set, band->feature, row, scratch, out);
		break;
	case GB_LINEAR_FEATURE_MEL:
		gb_dataset_read(set, band->feature, row, false, scratch);
		read_mel(set, band->feature, row, scratch, out);
		break;
	case GB_LINEAR_FEATURE_FLOAT:
		gb_dataset_read(set, band->feature, row, false, out);
		break;
	}
}

bool gb_linear_feature_decodes(const gb_feature *f, int64_t shape[4], int *rank, size_t *elements)
{
	if (is_video(f)) {
		*rank = 4;
		shape[0] = 1;
		shape[1] = f->shape[1];
		shape[2] = f->shape[2];
		shape[3] = 3;
		*elements = (size_t)(f->shape[1] * f->shape[2] * 3);
		return true;
	}
	if (!is_float(f->dtype) || f->rank > 4)
		return false;
	*rank = f->rank;
	for (int i = 0; i < f->rank; i++)
		shape[i] = f->shape[i];
	*elements = f->elements;
	return true;
}

void gb_linear_feature_read_target(const gb_dataset *set, const gb_feature *f, int64_t row, float *scratch,
                                   float *out)
{
	size_t frame;
	int64_t frames;

	if (!is_video(f)) {
		gb_dataset_read(set, f, row, false, out);
		return;
	}
	(void)scratch;
	frame = (size_t)(f->shape[1] * f->shape[2] * 3);
	frames = gb_dataset_count(set, f, row);
	if (frames < 1 || frames > f->shape[0])
		frames = f->shape[0];
	for (size_t i = 0; i < frame; i++) {
		const uint8_t *p = (const uint8_t *)gb_dataset_row(set, f, row) + i;
		int64_t sum = 0;

		for (int64_t k = 0; k < frames; k++)
			sum += p[(size_t)k * frame];
		out[i] = (float)sum / (255 * (float)frames);
	}
}
