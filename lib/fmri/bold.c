/* SPDX-License-Identifier: MIT */
#include "fmri/bold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"
#include "table/named_columns.h"

#define COLUMNS_MAX 256
#define HALF_EXACT 2048 /* whole numbers up to here are exact in F16 */

typedef struct work {
	const gb_bold_options *o;
	gb_nifti *image;
	gb_nifti_mask mask;
	gb_bold_clock clock;
	float *data;            /* [rows, voxels] */
	size_t rows, values, room; /* room: bytes at data */
	uint8_t *valid;
	double *confound;       /* [rows, confounds] */
	char *names;            /* --columns, cut at its commas */
	const char *name[COLUMNS_MAX];
	int confounds;
	gb_clean clean;
	gb_bold_report *report;
} work;

/* ---- reading ---- */

static gb_status open_inputs(work *w, gb_err *err)
{
	const gb_nifti_header *h;
	gb_status status = gb_nifti_open(&w->image, w->o->image, err);

	if (status || (status = gb_bold_clock_make(&w->clock, w->image, &w->o->clock, err)))
		return status;
	h = gb_nifti_header_of(w->image);
	if (!w->o->mask)
		status = gb_nifti_mask_all(&w->mask, &h->geometry, err);
	else if (!(status = gb_nifti_mask_load(&w->mask, w->o->mask, err)))
		status = gb_nifti_mask_fits(&w->mask, w->o->mask, w->image, err);
	if (status)
		return status;
	w->rows = (size_t)(w->clock.end - w->clock.first);
	if (!gb_size_mul(w->rows, w->mask.voxels, &w->values))
		return gb_fail(err, GB_SYSTEM, "%s: too many values", w->o->image);
	return GB_OK;
}

static gb_status read_confounds(work *w, gb_err *err)
{
	size_t rows;
	char *at;
	gb_status status;

	if (!w->o->confounds)
		return GB_OK;
	if (!(w->names = gb_string(w->o->columns, err)))
		return GB_SYSTEM;
	for (at = w->names; at; w->confounds++) {
		if (w->confounds == COLUMNS_MAX)
			return gb_fail(err, GB_USAGE, "--columns: more than %d", COLUMNS_MAX);
		w->name[w->confounds] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = 0;
	}
	if ((status = gb_named_columns_read(w->o->confounds, w->name, w->confounds, &w->confound, &rows,
	                                    err)))
		return status;
	if ((int64_t)rows != gb_nifti_header_of(w->image)->volumes)
		return gb_fail(err, GB_DATA, "%s: %zu rows, %s has %lld volumes: one a volume is wanted",
		               w->o->confounds, rows, w->o->image,
		               (long long)gb_nifti_header_of(w->image)->volumes);
	memmove(w->confound, w->confound + (size_t)w->clock.first * (size_t)w->confounds,
	        w->rows * (size_t)w->confounds * sizeof *w->confound);
	for (size_t i = 0; i < w->rows * (size_t)w->confounds; i++)
		w->report->filled += isnan(w->confound[i]);
	return GB_OK;
}

static gb_status read_values(work *w, gb_pool *pool, gb_err *err)
{
	w->room = gb_nifti_gather_buffer(w->image, &w->mask, (gb_volumes){w->clock.first, w->clock.end});
	w->data = mmap(NULL, w->room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	               0);
	if (w->data == MAP_FAILED) {
		w->data = NULL;
		return gb_fail(err, GB_SYSTEM, "%s: no memory for %zu values", w->o->image, w->values);
	}
	return gb_nifti_gather(w->image, &w->mask, (gb_volumes){w->clock.first, w->clock.end}, w->data,
	                       w->room, true, pool, err);
}

static gb_status clean(work *w, gb_pool *pool, gb_err *err)
{
	gb_clean_options o = {.detrend = w->o->detrend, .confound = w->confound, .confound_name = w->name,
	                      .confounds = w->confounds, .zscore = w->o->zscore, .fit_first = w->o->fit_first,
	                      .fit_end = w->o->fit_end == INT64_MAX ? (int64_t)w->rows : w->o->fit_end};
	gb_status status;

	w->valid = gb_array(w->rows, 1, err);
	if (!w->valid)
		return GB_SYSTEM;
	gb_volumes_check(w->data, &w->clock.clock, w->mask.voxels, w->valid, &w->report->repeated,
	                 &w->report->missing);
	status = gb_clean_make(&w->clean, w->data, &w->clock.clock, w->mask.voxels, w->valid, &o, pool, err);
	w->report->rows = (int64_t)w->rows;
	w->report->voxels = (int64_t)w->mask.voxels;
	w->report->constant = w->clean.constant;
	w->report->regressors = w->clean.regressors;
	return status;
}

static gb_status check_half(const work *w, gb_err *err)
{
	float most = 0;

	if (!w->o->half || w->o->zscore != GB_ZSCORE_NONE)
		return GB_OK;
	for (size_t i = 0; i < w->values; i++)
		most = fabsf(w->data[i]) > most ? fabsf(w->data[i]) : most;
	if (most > HALF_EXACT)
		return gb_fail(err, GB_DATA,
		               "%s: values up to %g lose digits as f16: give --zscore, or --dtype f32",
		               w->o->image, (double)most);
	return GB_OK;
}

/* ---- writing ---- */

static gb_status add_inputs(const work *w, gb_tensor_writer *writer, gb_err *err)
{
	const char *pair = gb_nifti_data_path(w->image);
	char text[GB_RATIONAL_TEXT];
	gb_status status = gb_tensor_writer_input_path(writer, "bold", w->o->image, err);

	if (!status && pair && strcmp(pair, w->o->image))
		status = gb_tensor_writer_input_path(writer, "bold-data", pair, err);
	if (!status && w->o->mask)
		status = gb_tensor_writer_input_path(writer, "mask", w->o->mask, err);
	if (!status && w->clock.sidecar)
		status = gb_tensor_writer_input_path(writer, "sidecar", w->clock.sidecar, err);
	if (!status && w->o->confounds)
		status = gb_tensor_writer_input_path(writer, "confounds", w->o->confounds, err);
	if (!status)
		status = gb_tensor_writer_param(writer, "tr",
		                                gb_json_string(gb_rational_format(w->clock.clock.step, text)),
		                                err);
	return status;
}

static gb_json *counts(const work *w)
{
	gb_json *about = gb_json_object();

	gb_json_set(about, "repeated", gb_json_integer(w->report->repeated));
	gb_json_set(about, "missing", gb_json_integer(w->report->missing));
	gb_json_set(about, "constant", gb_json_integer((int64_t)w->report->constant));
	return about;
}

static gb_status add_clean(const work *w, gb_tensor_writer *writer, gb_err *err)
{
	int64_t voxels = (int64_t)w->mask.voxels, k = w->clean.regressors, parts = w->clean.parts;
	gb_json *names = gb_json_object();
	gb_tensor_spec mean = {.name = "bold.mean", .dtype = GB_F32, .rank = 1, .shape = {voxels},
	                       .dims = "voxel", .doc = "mean that was taken out"};
	gb_tensor_spec std = {.name = "bold.std", .dtype = GB_F32, .rank = 1, .shape = {voxels},
	                      .dims = "voxel", .doc = "standard deviation that was divided by"};
	gb_tensor_spec trend = {.name = "bold.trend", .dtype = GB_F32, .rank = 2, .shape = {k, voxels},
	                        .dims = "regressor,voxel",
	                        .doc = "weights of the regressors that were taken out first"};
	gb_tensor_spec regressors = {
	    .name = "bold.regressors", .dtype = GB_F32, .rank = 2, .shape = {(int64_t)w->rows, k},
	    .dims = "time,regressor", .clock = &w->clock.clock,
	    .doc = "orthonormal regressors: bold was bold × std + mean + regressors × trend"};
	gb_status status = GB_OK;

	if (parts > 1) {
		mean.rank = std.rank = 2;
		mean.shape[0] = std.shape[0] = parts;
		mean.shape[1] = std.shape[1] = voxels;
		mean.dims = std.dims = "run,voxel";
	}
	if (k)
		gb_json_set(names, "regressors", gb_json_copy(w->clean.names));
	trend.attributes = names;
	if (parts)
		status = gb_tensor_writer_add(writer, &mean, err);
	if (parts && !status)
		status = gb_tensor_writer_add(writer, &std, err);
	if (!k || status) {
		gb_json_free(names);
		return status;
	}
	status = gb_tensor_writer_add(writer, &trend, err);
	return status ? status : gb_tensor_writer_add(writer, &regressors, err);
}

static gb_status declare(const work *w, gb_tensor_writer *writer, const char *out, gb_err *err)
{
	gb_tensor_spec bold = {.name = "bold", .dtype = w->o->half ? GB_F16 : GB_F32, .rank = 2,
	                       .shape = {(int64_t)w->rows, (int64_t)w->mask.voxels}, .dims = "time,voxel",
	                       .clock = &w->clock.clock, .unit = w->clean.parts ? "SD" : NULL,
	                       .doc = "BOLD signal; voxels in file order, x fastest"};
	gb_tensor_spec valid = {.name = "bold.valid", .dtype = GB_U8, .rank = 1, .shape = {(int64_t)w->rows},
	                        .dims = "time", .clock = &w->clock.clock,
	                        .doc = "0 where a volume is missing or repeats the one before"};
	gb_status status = add_inputs(w, writer, err);

	if (status)
		return status;
	bold.attributes = counts(w);
	if ((status = gb_tensor_writer_add(writer, &bold, err)) || (status = add_clean(w, writer, err)) ||
	    (status = gb_mask_tensor_add(writer, "bold.mask", &w->mask, err)) ||
	    (status = gb_tensor_writer_add(writer, &valid, err)))
		return status;
	return gb_tensor_writer_begin(writer, out, err);
}

static gb_status put_bold(const work *w, gb_tensor_writer *writer, gb_err *err)
{
	enum { STEP = 1 << 16 };
	uint16_t *half;
	gb_status status = GB_OK;

	if (!w->o->half)
		return gb_tensor_writer_put(writer, "bold", w->data, w->values * sizeof *w->data, err);
	if (!(half = gb_array(STEP, sizeof *half, err)))
		return GB_SYSTEM;
	for (size_t at = 0; at < w->values && !status; at += STEP) {
		size_t n = w->values - at < STEP ? w->values - at : STEP;

		for (size_t i = 0; i < n; i++)
			half[i] = gb_float_to_half(w->data[at + i]);
		status = gb_tensor_writer_put(writer, "bold", half, n * sizeof *half, err);
	}
	free(half);
	return status;
}

static gb_status put_clean(const work *w, gb_tensor_writer *writer, gb_err *err)
{
	const gb_clean *c = &w->clean;
	size_t row = w->mask.voxels * sizeof(float), parts = (size_t)c->parts * row,
	       k = (size_t)c->regressors;
	gb_status status = GB_OK;

	if (parts && !(status = gb_tensor_writer_put(writer, "bold.mean", c->mean, parts, err)))
		status = gb_tensor_writer_put(writer, "bold.std", c->std, parts, err);
	if (k && !status && !(status = gb_tensor_writer_put(writer, "bold.trend", c->trend, k * row, err)))
		status = gb_tensor_writer_put(writer, "bold.regressors", c->regressor,
		                              w->rows * k * sizeof(float), err);
	return status;
}

static gb_status write_file(const work *w, const char *tool, const gb_json *params, const char *out,
                            gb_pool *pool, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_status status;

	GB_TRY(gb_tensor_writer_new(&writer, tool, params, err));
	GB_TRY(declare(w, writer, out, err));
	GB_TRY(put_bold(w, writer, err));
	GB_TRY(put_clean(w, writer, err));
	GB_TRY(gb_mask_tensor_put(writer, "bold.mask", &w->mask, err));
	GB_TRY(gb_tensor_writer_put(writer, "bold.valid", w->valid, w->rows, err));
	GB_TRY(gb_tensor_writer_commit(writer, pool, err));
done:
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_bold_file(const gb_bold_options *o, const char *tool, const gb_json *params, const char *out,
                       gb_bold_report *report, gb_pool *pool, gb_err *err)
{
	work w = {.o = o, .report = report};
	gb_status status;

	memset(report, 0, sizeof *report);
	GB_TRY(open_inputs(&w, err));
	GB_TRY(read_confounds(&w, err));
	GB_TRY(read_values(&w, pool, err));
	GB_TRY(clean(&w, pool, err));
	GB_TRY(check_half(&w, err));
	GB_TRY(write_file(&w, tool, params, out, pool, err));
done:
	if (w.data)
		munmap(w.data, w.room);
	gb_nifti_mask_clear(&w.mask);
	gb_nifti_close(w.image);
	gb_clean_clear(&w.clean);
	free(w.clock.sidecar);
	free(w.valid);
	free(w.confound);
	free(w.names);
	return status;
}
