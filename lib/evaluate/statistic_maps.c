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

gb_status gb_maps_mask(gb_model *model, const gb_dataset *set, const char *subject, gb_nifti_mask *mask,
                       bool *has, gb_err *err)
{
	bool first = !strcmp(subject, "mean") && gb_dataset_subjects(set), same = true;
	const gb_feature *bold = gb_dataset_find(set, "bold", first ? gb_dataset_subject(set, 0) : subject);
	gb_tensor_file *file = gb_model_file(model), *measured = bold ? (gb_tensor_file *)bold->file : NULL;
	bool own = gb_tensor_file_find(file, "bold.mask"),
	     theirs = measured && gb_tensor_file_find(measured, "bold.mask");
	gb_status status =
		own && theirs ? gb_mask_tensor_same(file, measured, "bold.mask", &same, err) : GB_OK;

	*has = false;
	if (!status && !same)
		status = gb_fail(err, GB_DATA,
		                 "subject %s: bold.mask is not the one that the model was trained with: a "
		                 "row of BOLD means other voxels",
		                 subject);
	if (status || (!own && !theirs))
		return status;
	status = gb_mask_tensor_read(mask, own ? file : measured, "bold.mask", err);
	if (!status && mask->voxels != gb_model_voxels_of(model, subject)) {
		status = gb_fail(err, GB_DATA, "bold.mask: %zu voxels, the model predicts %zu", mask->voxels,
		                 gb_model_voxels_of(model, subject));
		gb_nifti_mask_clear(mask);
	}
	*has = !status;
	return status;
}

typedef struct predicted_rows {
	gb_scored rows;
	int64_t *row;
	int32_t *run;
	float *bold;    /* [rows, voxels] */
} predicted_rows;

static void free_predicted(predicted_rows *p)
{
	free(p->bold);
	free(p->run);
	free(p->row);
}

/* Rows FIRST … END−1, test rows alone unless ANY. */
static gb_status predict(const gb_maps *m, int64_t first, int64_t end, bool any, predicted_rows *p,
                         gb_err *err)
{
	const gb_clock *clock = gb_dataset_clock(m->set);
	const uint8_t *use = gb_dataset_use(m->set);
	size_t cells;

	*p = (predicted_rows){.row = gb_array((size_t)(end - first), sizeof *p->row, err)};
	p->run = p->row ? gb_array((size_t)(end - first), sizeof *p->run, err) : NULL;
	if (!p->run)
		return GB_SYSTEM;
	for (int64_t r = first; r < end; r++)
		if (any || use[r] == GB_ROW_TEST) {
			p->row[p->rows.rows] = r;
			p->run[p->rows.rows++] = gb_clock_run_of(clock, r);
		}
	p->rows.row = p->row;
	p->rows.run = p->run;
	p->rows.step = gb_rational_double(clock->step);
	if (p->rows.rows == 0)
		return gb_fail(err, GB_DATA, "data set: no test rows; --rows all predicts every row");
	if (!gb_size_mul(p->rows.rows, gb_model_voxels_of(m->model, m->subject), &cells))
		return gb_fail(err, GB_SYSTEM, "data set: %zu rows are too many", p->rows.rows);
	p->bold = gb_array(cells, sizeof *p->bold, err);
	return p->bold ? gb_encoding_predict(m->model, m->set, m->subject, p->row, p->rows.rows, p->bold,
	                                     m->pool, err)
	               : GB_SYSTEM;
}

typedef struct volume_series { const float *value; size_t volumes; gb_rational tr; } volume_series;

/* VALUE [voxels] alone, without a time between volumes. */
static volume_series one_volume(const float *value)
{
	return (volume_series){value, 0, {1, 1}};
}

static gb_status write_volumes(const char *folder, const char *name, const gb_nifti_mask *mask,
                               volume_series series, const char *description, gb_err *err)
{
	size_t volumes = series.volumes ? series.volumes : 1;
	char *path = gb_format(err, "%s/%s", folder, name);
	gb_nifti_writer *writer = NULL;
	gb_status status;

	GB_TRY(path ? gb_nifti_writer_open(&writer, path, &mask->geometry, (int64_t)series.volumes, series.tr,
	                                   description, err)
	            : GB_SYSTEM);
	for (size_t i = 0; i < volumes; i++)
		GB_TRY(gb_nifti_writer_volume(writer, mask, series.value + i * mask->voxels, err));
	GB_TRY(gb_nifti_writer_commit(writer, err));
done:
	gb_nifti_writer_free(writer);
	free(path);
	return status;
}

float *gb_maps_share(const gb_encoding *e, gb_err *err)
{
	const double *ceiling = gb_encoding_ceiling(e);
	float *out = gb_array(e->voxels, sizeof *out, err);

	for (size_t v = 0; out && v < e->voxels; v++)
		out[v] = ceiling && ceiling[v] >= GB_CEILING_MIN ? (float)(e->r[v] / ceiling[v]) : NAN;
	return out;
}

gb_status gb_maps_voxels(const char *folder, const char *name, const gb_nifti_mask *mask, const double *value,
                         const char *description, gb_err *err)
{
	float *single = gb_array(mask->voxels, sizeof *single, err);
	gb_status status = single ? GB_OK : GB_SYSTEM;

	for (size_t v = 0; single && v < mask->voxels; v++)
		single[v] = (float)value[v];
	if (!status)
		status = write_volumes(folder, name, mask, one_volume(single), description, err);
	free(single);
	return status;
}

static gb_status write_scores(const char *folder, const gb_nifti_mask *mask, const gb_encoding *e,
                              gb_err *err)
{
	float *share;
	gb_status status = gb_maps_voxels(folder, "r.nii.gz", mask, e->r, "giblet: r on test rows", err);

	if (status || !gb_encoding_ceiling(e))
		return status;
	share = gb_maps_share(e, err);
	status = share ? write_volumes(folder, "r_of_ceiling.nii.gz", mask, one_volume(share),
	                               "giblet: r/ceiling on test rows", err)
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
			fprintf(out, "\t%.6g\t%.6g\t%.6g\n", e->null.column_p[v], e->null.column_q[v],
			        e->null.column_fwe[v]);
		else
			fputs("\tn/a\tn/a\tn/a\n", out);
	}
	status = fclose(out) ? gb_fail(err, GB_SYSTEM, "%s: memory is short", path)
	                     : gb_output_whole(path, text, size, err);
	free(text);
	free(path);
	return status;
}

static gb_status write_tensors(const gb_maps *m, const gb_scored *scored, const float *predicted,
                               const float *measured, gb_err *err)
{
	int64_t rows = (int64_t)scored->rows, voxels = (int64_t)gb_model_voxels_of(m->model, m->subject);
	int tensors = measured ? 4 : 3;
	char *path = gb_format(err, "%s/prediction.safetensors", m->folder);
	gb_tensor_spec spec[] = {
		{.name = "rows",
	         .dtype = GB_I64, .rank = 1, .shape = {rows}, .dims = "row",
	         .doc = "rows of the set's clock"},
		{.name = "runs",
	         .dtype = GB_I32, .rank = 1, .shape = {rows}, .dims = "row", .doc = "the run of each"},
		{.name = "predicted",
	         .dtype = GB_F32, .rank = 2, .shape = {rows, voxels}, .dims = "row,voxel",
	         .doc = "BOLD predicted from the stimulus"},
		{.name = "measured",
	         .dtype = GB_F32, .rank = 2, .shape = {rows, voxels}, .dims = "row,voxel",
	         .doc = "BOLD measured"},
	};
	const void *data[] = {scored->row, scored->run, predicted, measured};
	gb_json *about = gb_json_object();
	gb_tensor_writer *writer = NULL;
	gb_status status;

	gb_json_set(about, "seconds", gb_json_real(scored->step));
	spec[0].attributes = about;
	GB_TRY(path ? gb_tensor_writer_new(&writer, m->tool, NULL, err) : GB_SYSTEM);
	GB_TRY(gb_tensor_writer_input_file(writer, "model", gb_model_file(m->model), err));
	GB_TRY(gb_tensor_writer_param(writer, "set", gb_json_string(gb_dataset_id(m->set)), err));
	GB_TRY(gb_tensor_writer_param(writer, "kind", gb_json_string(gb_model_type(m->model)), err));
	GB_TRY(gb_tensor_writer_param(writer, "subject", gb_json_string(m->subject), err));
	about = NULL; /* the writer takes it with the first tensor */
	for (int i = 0; i < tensors; i++)
		GB_TRY(gb_tensor_writer_add(writer, &spec[i], err));
	GB_TRY(gb_tensor_writer_begin(writer, path, err));
	for (int i = 0; i < tensors; i++)
		GB_TRY(gb_tensor_writer_put(
			writer, spec[i].name, data[i],
			(size_t)rows * (i < 2 ? 1 : (size_t)voxels) * gb_dtype_size(spec[i].dtype), err));
	GB_TRY(gb_tensor_writer_commit(writer, m->pool, err));
done:
	gb_json_free(about);
	gb_tensor_writer_free(writer);
	free(path);
	return status;
}

gb_status gb_maps_prediction(const gb_maps *m, int64_t first, int64_t end, bool any, bool tensors,
                             gb_err *err)
{
	predicted_rows p;
	gb_status status;

	GB_TRY(predict(m, first, end, any, &p, err));
	if (m->mask)
		GB_TRY(write_volumes(m->folder, "predicted.nii.gz", m->mask,
		                     (volume_series){p.bold, p.rows.rows, gb_dataset_clock(m->set)->step},
		                     "giblet: BOLD predicted from the stimulus", err));
	if (tensors)
		GB_TRY(write_tensors(m, &p.rows, p.bold, NULL, err));
done:
	free_predicted(&p);
	return status;
}

gb_status gb_maps_encoding(const gb_maps *m, const gb_encoding *e, gb_err *err)
{
	gb_status status = m->mask ? write_scores(m->folder, m->mask, e, err) : GB_OK;

	if (!status)
		status = write_voxels(m->folder, e, err);
	return status ? status : write_tensors(m, &e->scored, e->predicted, e->measured, err);
}
