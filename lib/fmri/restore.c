/* SPDX-License-Identifier: MIT */
#include "fmri/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fmri/mask_tensor.h"

typedef struct work {
	gb_tensor_file *file;
	const gb_tensor *tensor, *mean, *std, *trend, *regressors; /* NULL where the file has none */
	gb_nifti_mask mask;
	gb_clock clock;
	int64_t rows;          /* 0: a map, not in time */
	size_t voxels;
	float *value;
} work;

static gb_status open_tensor(work *w, const char *name, gb_err *err)
{
	const char *file = gb_tensor_file_name(w->file);
	char mask[256];
	gb_status status = gb_tensor_file_need(w->file, name, GB_FOREIGN, -1, &w->tensor, err);

	if (status)
		return status;
	if (w->tensor->rank != 1 && w->tensor->rank != 2)
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s has %d axes: [rows, voxels] or [voxels] is wanted", file, name,
		               w->tensor->rank);
	w->voxels = (size_t)w->tensor->shape[w->tensor->rank - 1];
	if (w->tensor->rank == 2) {
		w->rows = w->tensor->shape[0];
		if ((status = gb_tensor_file_clock(w->file, name, &w->clock, err)))
			return status;
	}
	snprintf(mask, sizeof mask, "%.200s.mask", name);
	if (!gb_tensor_file_find(w->file, mask))
		snprintf(mask, sizeof mask, "bold.mask");
	if ((status = gb_mask_tensor_read(&w->mask, w->file, mask, err)))
		return status;
	if (w->mask.voxels != w->voxels)
		return gb_fail(err, GB_DATA, "%s: tensor %s has %zu voxels, its mask %zu", file, name,
		               w->voxels, w->mask.voxels);
	return GB_OK;
}

/* Find a float tensor of ROWS × COLUMNS (or COLUMNS, where ROWS is 1); it may be absent. */
static gb_status part(work *w, const char *name, int64_t rows, int64_t columns, const gb_tensor **tensor,
                      gb_err *err)
{
	const gb_tensor *t = gb_tensor_file_find(w->file, name);
	gb_status status;

	if (!t)
		return GB_OK;
	if ((status = gb_tensor_file_need(w->file, name, GB_F32, -1, tensor, err)))
		return status;
	if (!(t->rank == 2 && (rows < 0 || t->shape[0] == rows) && (columns < 0 || t->shape[1] == columns)) &&
	    !(t->rank == 1 && rows == 1 && t->shape[0] == columns))
		return gb_fail(err, GB_DATA, "%s: tensor %s does not fit bold", gb_tensor_file_name(w->file),
		               name);
	return GB_OK;
}

static gb_status open_parts(work *w, gb_err *err)
{
	const gb_tensor *mean = gb_tensor_file_find(w->file, "bold.mean");
	int64_t voxels = (int64_t)w->voxels, parts = mean && mean->rank == 2 ? w->clock.runs : 1, k;
	gb_status status;

	if ((status = part(w, "bold.mean", parts, voxels, &w->mean, err)) ||
	    (status = part(w, "bold.std", parts, voxels, &w->std, err)) ||
	    (status = part(w, "bold.trend", -1, voxels, &w->trend, err)))
		return status;
	k = w->trend ? w->trend->shape[0] : 0;
	if ((status = part(w, "bold.regressors", w->rows, k, &w->regressors, err)))
		return status;
	if (!w->mean != !w->std || !w->trend != !w->regressors || (!w->mean && !w->trend))
		return gb_fail(err, GB_DATA,
		               "%s: does not say what was taken out (bold.mean and bold.std, or bold.trend "
		               "and "
		               "bold.regressors): leave out --denormalise",
		               gb_tensor_file_name(w->file));
	return GB_OK;
}

static void denormalise(const work *w, int64_t row)
{
	size_t part = w->mean && w->mean->rank == 2 ? (size_t)gb_clock_run_of(&w->clock, row) : 0;
	size_t k = w->trend ? (size_t)w->trend->shape[0] : 0;

	for (size_t v = 0; v < w->voxels; v++) {
		double x = (double)w->value[v];

		if (w->mean)
			x = x * (double)((const float *)w->std->data)[part * w->voxels + v] +
			    (double)((const float *)w->mean->data)[part * w->voxels + v];
		for (size_t c = 0; c < k; c++)
			x += (double)((const float *)w->regressors->data)[(size_t)row * k + c] *
			     (double)((const float *)w->trend->data)[c * w->voxels + v];
		w->value[v] = (float)x;
	}
}

static gb_status write(work *w, const char *out, bool denormal, gb_err *err)
{
	const char *tool = gb_tensor_file_tool(w->file);
	gb_nifti_writer *writer = NULL;
	gb_status status = gb_nifti_writer_open(&writer, out, &w->mask.geometry, w->rows, w->clock.step, tool,
	                                        err);

	for (int64_t row = 0; row < (w->rows ? w->rows : 1) && !status; row++) {
		gb_dtype_to_float(w->tensor->dtype, w->tensor->data, (size_t)row * w->voxels, w->voxels,
		                  w->value);
		if (denormal)
			denormalise(w, row);
		status = gb_nifti_writer_volume(writer, &w->mask, w->value, err);
	}
	if (!status)
		status = gb_nifti_writer_commit(writer, err);
	gb_nifti_writer_free(writer);
	return status;
}

gb_status gb_nifti_restore(gb_tensor_file *file, const char *tensor, bool denormal, const char *out,
                           gb_err *err)
{
	work w = {.file = file};
	gb_status status = open_tensor(&w, tensor, err);

	if (!status && denormal && (strcmp(tensor, "bold") || !w.rows))
		status = gb_fail(err, GB_USAGE, "--denormalise is for the tensor bold");
	if (!status && denormal)
		status = open_parts(&w, err);
	if (!status && !(w.value = gb_array(w.voxels, sizeof *w.value, err)))
		status = GB_SYSTEM;
	if (!status)
		status = write(&w, out, denormal, err);
	gb_nifti_mask_clear(&w.mask);
	free(w.value);
	return status;
}
