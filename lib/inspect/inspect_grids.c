/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_grids.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static bool dims_are(const gb_tensor_file *file, const gb_tensor *t, const char *const *wanted, int count)
{
	const gb_json *dims = gb_tensor_file_attribute(file, t->name, "dims");

	if (t->rank != count || gb_json_size(dims) != (size_t)count)
		return false;
	for (int i = 0; i < count; i++) {
		const char *name = gb_json_text(gb_json_at(dims, (size_t)i));
		if (!name || (wanted[i] && strcmp(name, wanted[i]) != 0))
			return false;
	}
	return true;
}

static bool is_volume(const gb_tensor_file *file, const gb_tensor *t)
{
	static const char *const xyz[] = {"x", "y", "z"};

	if (!dims_are(file, t, xyz, 3))
		return false;
	for (int i = 0; i < 3; i++)
		if (t->shape[i] < 1 || t->shape[i] > 4096)
			return false;
	return true;
}

static size_t voxels_in(const gb_tensor *mask)
{
	size_t count = 0;

	for (size_t i = 0; i < mask->elements; i++)
		count += ((const uint8_t *)mask->data)[i] != 0;
	return count;
}

const gb_tensor *gb_grids_mask(gb_tensor_file *file, const gb_tensor *t)
{
	const gb_tensor *mask;
	char name[256];

	if (is_volume(file, t))
		return t;
	snprintf(name, sizeof name, "%.*s.mask",
	         (int)(strcspn(t->name, ".") < 200 ? strcspn(t->name, ".") : 200), t->name);
	mask = gb_tensor_file_find(file, name);
	if (!mask || (t->rank != 1 && t->rank != 2) || mask->dtype != GB_U8 || !is_volume(file, mask) ||
	    gb_tensor_file_need(file, name, GB_U8, 3, &mask, NULL))
		return NULL;
	return (size_t)t->shape[t->rank - 1] == voxels_in(mask) ? mask : NULL;
}

/* Population SD of each column; shifted by the first row, so that large means do no harm. */
static gb_status columns_sd(const gb_tensor *t, float *out, gb_err *err)
{
	size_t rows = (size_t)t->shape[0], columns = (size_t)t->shape[1];
	double *sum = gb_array(2 * columns, sizeof *sum, err), *square = sum ? sum + columns : NULL;
	float *row = sum ? gb_array(2 * columns, sizeof *row, err) : NULL,
	      *first = row ? row + columns : NULL;

	for (size_t r = 0; row && r < rows; r++) {
		gb_dtype_to_float(t->dtype, t->data, r * columns, columns, r ? row : first);
		for (size_t k = 0; r && k < columns; k++) {
			double d = (double)row[k] - first[k];
			sum[k] += d;
			square[k] += d * d;
		}
	}
	for (size_t k = 0; row && k < columns; k++) {
		double mean = sum[k] / (double)rows, variance = square[k] / (double)rows - mean * mean;
		out[k] = (float)sqrt(variance < 0 ? 0 : variance);
	}
	free(sum);
	free(row);
	return row ? GB_OK : GB_SYSTEM;
}

gb_status gb_grids_volume(const gb_tensor *t, const gb_tensor *mask, float **volume, int shape[3],
                          gb_err *err)
{
	size_t size[3] = {(size_t)mask->shape[0], (size_t)mask->shape[1], (size_t)mask->shape[2]}, at = 0,
	       voxel = 0;
	float *out = gb_array(mask->elements, sizeof *out, err), *value = NULL;
	gb_status status = out ? GB_OK : GB_SYSTEM;

	if (!status &&
	    !(value = gb_array(t == mask ? t->elements : (size_t)t->shape[t->rank - 1], sizeof *value, err)))
		status = GB_SYSTEM;
	if (!status && t->rank == 2)
		status = columns_sd(t, value, err);
	else if (!status)
		gb_dtype_to_float(t->dtype, t->data, 0, t->elements, value);
	for (size_t z = 0; !status && z < size[2]; z++)
		for (size_t y = 0; y < size[1]; y++)
			for (size_t x = 0; x < size[0]; x++, at++) {
				/* Tensors are row-major; voxels are numbered with x fastest. */
				size_t stored = (x * size[1] + y) * size[2] + z;
				if (t == mask)
					out[at] = value[stored];
				else
					out[at] = ((const uint8_t *)mask->data)[stored] ? value[voxel++]
					                                                : (float)NAN;
			}
	for (int i = 0; i < 3; i++)
		shape[i] = (int)size[i];
	free(value);
	if (status)
		free(out);
	else
		*volume = out;
	return status;
}

bool gb_grids_is_sound(const gb_tensor_file *file, const gb_tensor *t)
{
	static const char *const frames[] = {"time", NULL, "frame"};

	return dims_are(file, t, frames, 3);
}

static void read_frame(void *context, size_t line, float *out)
{
	const gb_grid_sound *s = context;
	size_t bands = (size_t)s->tensor->shape[1], frames = (size_t)s->tensor->shape[2];
	size_t first = s->row[line] * bands * frames + s->frame[line];

	for (size_t band = 0; band < bands; band++)
		gb_dtype_to_float(s->tensor->dtype, s->tensor->data, first + band * frames, 1,
		                  out + (bands - 1 - band));
}

gb_status gb_grids_sound(gb_grid_sound *sound, gb_grid *grid, const gb_tensor_file *file, const gb_tensor *t,
                         gb_err *err)
{
	size_t rows = (size_t)t->shape[0], frames = (size_t)t->shape[2], total = 0;
	const gb_tensor *count;
	char name[256];

	*sound = (gb_grid_sound){.tensor = t};
	snprintf(name, sizeof name, "%.240s.count", t->name);
	count = gb_tensor_file_find(file, name);
	if (count && (count->dtype != GB_I32 || count->elements != rows))
		count = NULL;
	sound->row = gb_array(rows * frames, sizeof *sound->row, err);
	sound->frame = sound->row ? gb_array(rows * frames, sizeof *sound->frame, err) : NULL;
	if (!sound->frame) {
		gb_grids_sound_free(sound);
		return GB_SYSTEM;
	}
	for (size_t r = 0; r < rows; r++) {
		double valid = (double)frames;
		if (count)
			gb_dtype_to_double(GB_I32, count->data, r, 1, &valid);
		for (size_t f = 0; f < frames && (double)f < valid; f++, total++) {
			sound->row[total] = r;
			sound->frame[total] = f;
		}
	}
	*grid = (gb_grid){total, (size_t)t->shape[1], true, read_frame, sound};
	return GB_OK;
}

void gb_grids_sound_free(gb_grid_sound *sound)
{
	free(sound->row);
	free(sound->frame);
	*sound = (gb_grid_sound){0};
}
