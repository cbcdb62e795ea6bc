/* SPDX-License-Identifier: MIT */
#include "evaluate/statistic_maps.h"
#include "evaluate/encoding_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "tensor/tensor_writer.h"
#include "fmri/mask_tensor.h"
#include "nifti/nifti_writer.h"

gb_status gb_maps_mask(gb_model *model, const gb_dataset *set, const char *subject, gb_nifti_mask *mask, bool *has, gb_err *err)
{
	bool first = !strcmp(subject, "mean") && gb_dataset_subjects(set), same = true;
	const gb_feature *bold = gb_dataset_find(set, "bold", first ? gb_dataset_subject(set, 0) : subject);
	gb_tensor_file *file = gb_model_file(model), *measured = bold ? (gb_tensor_file *)bold->file : NULL;
	bool own = gb_tensor_file_find(file, "bold.mask"), theirs = measured && gb_tensor_file_find(measured, "bold.mask");
	gb_status status = own && theirs ? gb_mask_tensor_same(file, measured, "bold.mask", &same, err) : GB_OK;

	*has = false;
	if (!status && !same)
		status = gb_fail(err, GB_DATA, "subject %s: bold.mask is not the one that the model was trained with: a row of BOLD means other voxels", subject);
	if (status || (!own && !theirs))
		return status;
	status = gb_mask_tensor_read(mask, own ? file : measured, "bold.mask", err);
	if (!status && mask->voxels != gb_model_voxels_of(model, subject)) {
		status = gb_fail(err, GB_DATA, "bold.mask: %zu voxels, the model predicts %zu", mask->voxels, gb_model_voxels_of(model, subject));
		gb_nifti_mask_clear(mask);
	}
	*has = !status;
	return status;
}

static gb_status predict(gb_model *model, const gb_dataset *set, const char *subject, int64_t first, int64_t end, bool any, gb_scored *all, int64_t **row,
                          int32_t **run, float **predicted, gb_pool *pool, gb_err *err)
{
	const gb_clock *clock = gb_dataset_clock(set);
	const uint8_t *use = gb_dataset_use(set);
	size_t cells;

	*all = (gb_scored){0};
	*predicted = NULL;
	*row = gb_array((size_t)(end - first), sizeof **row, err);
	*run = *row ? gb_array((size_t)(end - first), sizeof **run, err) : NULL;
	if (!*run)
		return GB_SYSTEM;
	for (int64_t r = first; r < end; r++)
		if (any || use[r] == GB_ROW_TEST) {
			(*row)[all->rows] = r;
			(*run)[all->rows++] = gb_clock_run_of(clock, r);
		}
	all->row = *row;
	all->run = *run;
	all->step = gb_rational_double(clock->step);
	if (all->rows == 0)
		return gb_fail(err, GB_DATA, "data set: no test rows; --rows all predicts every row");
	if (!gb_size_mul(all->rows, gb_model_voxels_of(model, subject), &cells))
		return gb_fail(err, GB_SYSTEM, "data set: %zu rows are too many", all->rows);
	*predicted = gb_array(cells, sizeof **predicted, err);
	return *predicted ? gb_encoding_predict(model, set, subject, *row, all->rows, *predicted, pool, err) : GB_SYSTEM;
}

static gb_status write_volumes(const char *folder, const char *name, const gb_nifti_mask *mask, const float *value, size_t volumes,
                               bool series, gb_rational tr, const char *description, gb_err *err)
{
	char *path = gb_format(err, "%s/%s", folder, name);
	gb_nifti_writer *writer = NULL;
	gb_status status = path ? gb_nifti_writer_open(&writer, path, &mask->geometry, series ? (int64_t)volumes : 0, tr, description, err)
	                        : GB_SYSTEM;

	for (size_t i = 0; !status && i < volumes; i++)
		status = gb_nifti_writer_volume(writer, mask, value + i * mask->voxels, err);
	if (!status)
		status = gb_nifti_writer_commit(writer, err);
	gb_nifti_writer_free(writer);
	free(path);
	return status;
}

static gb_status write_predicted(const char *folder, const gb_nifti_mask *mask, const gb_dataset *set, const float *predicted, size_t rows,
                            gb_err *err)
{
	return write_volumes(folder, "predicted.nii.gz", mask, predicted, rows, true, gb_dataset_clock(set)->step,
	                     "giblet: BOLD predicted from the stimulus", err);
}

float *gb_maps_share(const gb_encoding *e, gb_err *err)
{
	const double *ceiling = gb_encoding_ceiling(e);
	float *out = gb_array(e->voxels, sizeof *out, err);

	for (size_t v = 0; out && v < e->voxels; v++)
		out[v] = ceiling && ceiling[v] >= GB_CEILING_MIN ? (float)(e->r[v] / ceiling[v]) : NAN;
	return out;
}

gb_status gb_maps_voxels(const char *folder, const char *name, const gb_nifti_mask *mask, const double *value, const char *description, gb_err *err)
{
	float *single = gb_array(mask->voxels, sizeof *single, err);
	gb_status status = single ? GB_OK : GB_SYSTEM;

	for (size_t v = 0; single && v < mask->voxels; v++)
		single[v] = (float)value[v];
	if (!status)
		status = write_volumes(folder, name, mask, single, 1, false, (gb_rational){1, 1}, description, err);
	free(single);
	return status;
}

static gb_status write_scores(const char *folder, const gb_nifti_mask *mask, const gb_encoding *e, gb_err *err)
{
	float *share;
	gb_status status = gb_maps_voxels(folder, "r.nii.gz", mask, e->r, "giblet: r on test rows", err);

	if (status || !gb_encoding_ceiling(e))
		return status;
	share = gb_maps_share(e, err);
	status = share ? write_volumes(folder, "r_of_ceiling.nii.gz", mask, share, 1, false, (gb_rational){1, 1}, "giblet: r/ceiling on test rows", err)
	               : GB_SYSTEM;
	free(share);
	return status;
}

float *gb_maps_volume(const gb_nifti_mask *mask, const float *value, int shape[3], gb_err *err)
{
	float *out = gb_array(mask->grid, sizeof *out, err);

	for (int i = 0; i < 3; i++)
		shape[i] = (int)mask->geometry.size[i];
	for (size_t i = 0, v = 0; out && i < mask->grid; i++)
		out[i] = mask->inside[i] ? value[v++] : NAN;
	return out;
}

static gb_status write_voxels(const char *folder, const gb_encoding *e, gb_err *err)
{
	const double *ceiling = gb_encoding_ceiling(e);
	char *path = gb_format(err, "%s/voxels.tsv", folder), *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	gb_status status;

	if (!path || !out) {
		free(path);
		return gb_fail(err, GB_SYSTEM, "voxels.tsv: memory is short");
	}
	fputs("voxel\tr\tceiling\tp\tq\tfamily_wise_p\n", out);
	for (size_t v = 0; v < e->voxels; v++) {
		fprintf(out, "%zu\t%.6g", v, e->r[v]);
		fprintf(out, ceiling ? "\t%.6g" : "\tn/a", ceiling ? ceiling[v] : 0);
		if (e->null.shifts)
			fprintf(out, "\t%.6g\t%.6g\t%.6g\n", e->null.column_p[v], e->null.column_q[v], e->null.column_fwe[v]);
		else
			fputs("\tn/a\tn/a\tn/a\n", out);
	}
	status = fclose(out) ? gb_fail(err, GB_SYSTEM, "%s: memory is short", path) : gb_output_whole(path, text, size, err);
	free(text);
	free(path);
	return status;
}

static gb_status write_tensors(const gb_maps *m, const gb_scored *scored, const float *predicted, const float *measured, gb_err *err)
{
	int64_t rows = (int64_t)scored->rows, voxels = (int64_t)gb_model_voxels_of(m->model, m->subject);
	int tensors = measured ? 4 : 3;
	char *path = gb_format(err, "%s/prediction.safetensors", m->folder);
	gb_tensor_spec spec[] = {
	    {.name = "rows", .dtype = GB_I64, .rank = 1, .shape = {rows}, .dims = "row", .doc = "rows of the set's clock"},
	    {.name = "runs", .dtype = GB_I32, .rank = 1, .shape = {rows}, .dims = "row", .doc = "the run of each"},
	    {.name = "predicted", .dtype = GB_F32, .rank = 2, .shape = {rows, voxels}, .dims = "row,voxel", .doc = "BOLD predicted from the stimulus"},
	    {.name = "measured", .dtype = GB_F32, .rank = 2, .shape = {rows, voxels}, .dims = "row,voxel", .doc = "BOLD measured"},
	};
	const void *data[] = {scored->row, scored->run, predicted, measured};
	gb_json *about = gb_json_object();
	gb_tensor_writer *writer = NULL;
	gb_status status = path ? gb_tensor_writer_new(&writer, m->tool, NULL, err) : GB_SYSTEM;

	if (!status)
		status = gb_tensor_writer_input_file(writer, "model", gb_model_file(m->model), err);
	if (!status)
		status = gb_tensor_writer_param(writer, "set", gb_json_string(gb_dataset_id(m->set)), err);
	if (!status)
		status = gb_tensor_writer_param(writer, "kind", gb_json_string(gb_model_type(m->model)), err);
	if (!status)
		status = gb_tensor_writer_param(writer, "subject", gb_json_string(m->subject), err);
	gb_json_set(about, "seconds", gb_json_real(scored->step));
	if (status)
		gb_json_free(about);
	else
		spec[0].attributes = about;
	for (int i = 0; !status && i < tensors; i++)
		status = gb_tensor_writer_add(writer, &spec[i], err);
	if (!status)
		status = gb_tensor_writer_begin(writer, path, err);
	for (int i = 0; !status && i < tensors; i++)
		status = gb_tensor_writer_put(writer, spec[i].name, data[i],
		                              (size_t)rows * (i < 2 ? 1 : (size_t)voxels) * gb_dtype_size(spec[i].dtype), err);
	if (!status)
		status = gb_tensor_writer_commit(writer, m->pool, err);
	gb_tensor_writer_free(writer);
	free(path);
	return status;
}

gb_status gb_maps_prediction(const gb_maps *m, int64_t first, int64_t end, bool any, bool tensors, gb_err *err)
{
	gb_scored all;
	int64_t *row = NULL;
	int32_t *run = NULL;
	float *predicted = NULL;
	gb_status status = predict(m->model, m->set, m->subject, first, end, any, &all, &row, &run, &predicted, m->pool, err);

	if (!status && m->mask)
		status = write_predicted(m->folder, m->mask, m->set, predicted, all.rows, err);
	if (!status && tensors)
		status = write_tensors(m, &all, predicted, NULL, err);
	free(predicted);
	free(row);
	free(run);
	return status;
}

gb_status gb_maps_encoding(const gb_maps *m, const gb_encoding *e, gb_err *err)
{
	gb_status status = m->mask ? write_scores(m->folder, m->mask, e, err) : GB_OK;

	if (!status)
		status = write_voxels(m->folder, e, err);
	return status ? status : write_tensors(m, &e->scored, e->predicted, e->measured, err);
}
