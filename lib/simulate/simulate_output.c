/* SPDX-License-Identifier: MIT */
#include "simulate/simulate_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "fmri/mask_tensor.h"

static const char *const description = "simulated by gb-sim";

static char *in_folder(const gb_sim_files *f, const char *name, gb_err *err)
{
	return gb_format(err, "%s/%s", f->folder, name);
}

/* ---- images ---- */

/* Pearson r of signal and BOLD, from sums. */
typedef struct sums { double s, b, ss, bb, sb; } sums;

static float correlation(const sums *a, double n)
{
	double s = a->ss - a->s * a->s / n, b = a->bb - a->b * a->b / n;

	return s > 0 && b > 0 ? (float)((a->sb - a->s * a->b / n) / sqrt(s * b)) : 0;
}

static gb_status write_rows(const gb_sim_files *f, gb_noise *noise, gb_nifti_writer *writer, sums *sum,
                            gb_err *err)
{
	const gb_simulation *s = f->simulation;
	float *signal = gb_array(s->voxels, sizeof *signal, err),
	      *bold = gb_array(s->voxels, sizeof *bold, err);
	gb_status status = signal && bold ? GB_OK : GB_SYSTEM;

	for (int64_t r = 0; r < s->rows && !status; r++) {
		gb_simulation_signal(s, r, signal);
		gb_noise_next(noise, bold);
		for (size_t v = 0; v < s->voxels; v++) {
			double x = (double)signal[v], y;

			bold[v] = GB_SIM_BASELINE + GB_SIM_GAIN * (signal[v] + bold[v]);
			y = ((double)bold[v] - (double)GB_SIM_BASELINE) / (double)GB_SIM_GAIN;
			sum[v] = (sums){sum[v].s + x, sum[v].b + y, sum[v].ss + x * x, sum[v].bb + y * y,
			                sum[v].sb + x * y};
		}
		status = gb_nifti_writer_volume(writer, f->mask, bold, err);
	}
	free(signal);
	free(bold);
	return status;
}

/* Write one subject's image; CEILING [voxels] is the correlation of its signal with its BOLD. */
static gb_status write_subject(const gb_sim_files *f, int subject, float *ceiling, gb_err *err)
{
	const gb_simulation *s = f->simulation;
	gb_nifti_writer *writer = NULL;
	gb_noise *noise = NULL;
	sums *sum = gb_array(s->voxels, sizeof *sum, err);
	char name[64], *path = NULL;
	gb_status status = GB_SYSTEM;

	snprintf(name, sizeof name, "sub-%02d.nii.gz", subject + 1);
	if (!sum || !(path = in_folder(f, name, err)))
		goto done;
	GB_TRY(gb_nifti_writer_open(&writer, path, &f->mask->geometry, s->rows, s->options.step, description,
	                            err));
	GB_TRY(gb_noise_new(&noise, s, subject, err));
	GB_TRY(write_rows(f, noise, writer, sum, err));
	GB_TRY(gb_nifti_writer_commit(writer, err));
	for (size_t v = 0; v < s->voxels; v++)
		ceiling[v] = correlation(&sum[v], (double)s->rows);
done:
	gb_noise_free(noise);
	gb_nifti_writer_free(writer);
	free(path);
	free(sum);
	return status;
}

typedef struct crowd {
	const gb_sim_files *files;
	float *ceiling;
	gb_status *status;
	gb_err *err;
} crowd;

static void subject_run(void *context, size_t tile, int worker)
{
	crowd *c = context;

	(void)worker;
	c->status[tile] = write_subject(c->files, (int)tile, c->ceiling + tile * c->files->simulation->voxels,
	                                &c->err[tile]);
}

static gb_status write_subjects(const gb_sim_files *f, float *ceiling, gb_pool *pool, gb_err *err)
{
	crowd c = {.files = f, .ceiling = ceiling,
	           .status = gb_array((size_t)f->subjects, sizeof *c.status, err),
	           .err = gb_array((size_t)f->subjects, sizeof *c.err, err)};
	gb_status status = c.status && c.err ? GB_OK : GB_SYSTEM;

	if (!status)
		gb_pool_run(pool, (size_t)f->subjects, subject_run, &c);
	for (int i = 0; i < f->subjects && !status; i++)
		if ((status = c.status[i]))
			*err = c.err[i];
	free(c.status);
	free(c.err);
	return status;
}

static gb_status write_mask(const gb_sim_files *f, gb_err *err)
{
	char *path = in_folder(f, "mask.nii.gz", err);
	gb_status status = path ? gb_nifti_mask_write(path, f->mask, err) : GB_SYSTEM;

	free(path);
	return status;
}

static gb_status write_atlas(const gb_sim_files *f, gb_err *err)
{
	const gb_simulation *s = f->simulation;
	gb_nifti_writer *writer = NULL;
	char *path = in_folder(f, "atlas.nii.gz", err);
	float *label = gb_array(s->voxels, sizeof *label, err);
	gb_status status = GB_SYSTEM;

	if (!path || !label)
		goto done;
	for (size_t v = 0; v < s->voxels; v++)
		label[v] = (float)s->region[v];
	GB_TRY(gb_nifti_writer_open(&writer, path, &f->mask->geometry, 0, s->options.step, description, err));
	GB_TRY(gb_nifti_writer_volume(writer, f->mask, label, err));
	GB_TRY(gb_nifti_writer_commit(writer, err));
	if (!f->mask_path)
		GB_TRY(write_mask(f, err));
done:
	gb_nifti_writer_free(writer);
	free(label);
	free(path);
	return status;
}

/* ---- ground truth ---- */

static gb_json *names(const gb_sim_files *f)
{
	gb_json *array = gb_json_array();

	for (int c = 0; c < f->simulation->channels; c++)
		gb_json_append(array, gb_json_string(f->inputs->candidate[f->simulation->source[c]].name));
	return array;
}

static gb_json *about_regions(const gb_sim_files *f)
{
	gb_json *o = gb_json_object(), *array = gb_json_array();

	for (int m = 0; m < f->inputs->modalities; m++)
		gb_json_append(array, gb_json_string(f->inputs->modality[m]));
	gb_json_set(o, "labels", array);
	return o;
}

static gb_status add_regressors(const gb_sim_files *f, gb_tensor_writer *w, gb_err *err)
{
	const gb_simulation *s = f->simulation;
	gb_json *about = gb_json_object();
	gb_tensor_spec spec = {.name = "drivers", .dtype = GB_F32, .rank = 2, .shape = {s->rows, s->channels},
	                       .dims = "time,channel", .clock = &f->inputs->clock, .unit = "SD",
	                       .attributes = about,
	                       .doc = "planted drivers: mean 0, variance 1, orthogonal over all rows"};

	gb_json_set(about, "channels", names(f));
	return gb_tensor_writer_add(w, &spec, err);
}

static gb_status put_regressors(const gb_simulation *s, gb_tensor_writer *w, gb_err *err)
{
	return gb_tensor_writer_put(w, "drivers", s->regressors,
	                            (size_t)s->rows * (size_t)s->channels * sizeof(float), err);
}

static gb_status start_file(const gb_sim_files *f, gb_tensor_writer **w, gb_err *err)
{
	gb_status status = gb_tensor_writer_new(w, f->tool, f->params, err);

	if (!status)
		status = gb_sim_inputs_declare(*w, f->path, f->paths, err);
	if (!status && f->mask_path)
		status = gb_tensor_writer_input_path(*w, "mask", f->mask_path, err);
	if (!status)
		status = add_regressors(f, *w, err);
	return status;
}

static gb_status declare_truth(const gb_sim_files *f, gb_tensor_writer *w, gb_err *err)
{
	const gb_simulation *s = f->simulation;
	int64_t voxels = (int64_t)s->voxels;
	char delay[GB_RATIONAL_TEXT];
	gb_json *lag = gb_json_object(), *signal = gb_json_object();
	gb_tensor_spec spec[] = {
	    {.name = "lag", .dtype = GB_F64, .rank = 1, .shape = {1}, .unit = "s", .dims = "one",
	     .attributes = lag, .doc = "delay of the signal after the kernel"},
	    {.name = "signal", .dtype = GB_F32, .rank = 2, .shape = {s->rows, voxels}, .dims = "time,voxel",
	     .clock = &f->inputs->clock, .unit = "noise SD", .attributes = signal,
	     .doc = "noise-free BOLD of every row"},
	    {.name = "response", .dtype = GB_F32, .rank = 2, .shape = {s->rows, s->channels},
	     .dims = "time,channel", .clock = &f->inputs->clock,
	     .doc = "drivers after kernel and delay; signal = response x weights"},
	    {.name = "weights", .dtype = GB_F32, .rank = 2, .shape = {s->channels, voxels},
	     .dims = "channel,voxel", .doc = "what each voxel is mixed of"},
	    {.name = "ceiling.population", .dtype = GB_F32, .rank = 1, .shape = {voxels}, .dims = "voxel",
	     .doc = "sqrt(SNR/(1+SNR)): r of signal and BOLD over endless rows"},
	    {.name = "ceiling.sample", .dtype = GB_F32, .rank = 2, .shape = {f->subjects, voxels},
	     .dims = "subject,voxel", .doc = "r of signal and BOLD over the rows there are"},
	    {.name = "region", .dtype = GB_I32, .rank = 1, .shape = {voxels}, .dims = "voxel",
	     .attributes = about_regions(f),
	     .doc = "label in the atlas: 1 + index of the modality that drives the voxel"},
	};
	gb_status status = GB_OK;

	gb_json_set(lag, "seconds", gb_json_string(gb_rational_format(s->options.delay, delay)));
	gb_json_set(signal, "baseline", gb_json_real((double)GB_SIM_BASELINE));
	gb_json_set(signal, "gain", gb_json_real((double)GB_SIM_GAIN));
	for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
		if (!status)
			status = gb_tensor_writer_add(w, &spec[i], err);
		else
			gb_json_free(spec[i].attributes);
	}
	return status ? status : gb_mask_tensor_add(w, "signal.mask", f->mask, err);
}

static gb_status put_truth(const gb_sim_files *f, gb_tensor_writer *w, const float *ceiling, gb_err *err)
{
	const gb_simulation *s = f->simulation;
	float *row = gb_array(s->voxels, sizeof *row, err);
	size_t bytes = s->voxels * sizeof(float), channels = (size_t)s->channels;
	double lag = gb_rational_double(s->options.delay);
	gb_status status;

	if (!row)
		return GB_SYSTEM;
	GB_TRY(gb_tensor_writer_put(w, "lag", &lag, sizeof lag, err));
	for (int64_t r = 0; r < s->rows; r++) {
		gb_simulation_signal(s, r, row);
		GB_TRY(gb_tensor_writer_put(w, "signal", row, bytes, err));
	}
	GB_TRY(gb_tensor_writer_put(w, "response", s->response, (size_t)s->rows * channels * sizeof(float),
	                            err));
	GB_TRY(gb_tensor_writer_put(w, "weights", s->weights, channels * bytes, err));
	for (size_t v = 0; v < s->voxels; v++)
		row[v] = (float)sqrt(s->options.snr / (1 + s->options.snr));
	GB_TRY(gb_tensor_writer_put(w, "ceiling.population", row, bytes, err));
	GB_TRY(gb_tensor_writer_put(w, "ceiling.sample", ceiling, (size_t)f->subjects * bytes, err));
	GB_TRY(gb_tensor_writer_put(w, "region", s->region, s->voxels * sizeof *s->region, err));
	GB_TRY(gb_mask_tensor_put(w, "signal.mask", f->mask, err));
done:
	free(row);
	return status;
}

/* Write the ground truth with CEILING, or the regressors alone if it is NULL. */
static gb_status end_file(const gb_sim_files *f, gb_tensor_writer *w, const char *name, gb_pool *pool,
                          const float *ceiling, gb_err *err)
{
	char *path = in_folder(f, name, err);
	gb_status status;

	if (!path)
		return GB_SYSTEM;
	GB_TRY(gb_tensor_writer_begin(w, path, err));
	GB_TRY(put_regressors(f->simulation, w, err));
	if (ceiling)
		GB_TRY(put_truth(f, w, ceiling, err));
	GB_TRY(gb_tensor_writer_commit(w, pool, err));
done:
	free(path);
	return status;
}

gb_status gb_sim_write(const gb_sim_files *f, gb_pool *pool, gb_err *err)
{
	size_t cells = (size_t)f->subjects * f->simulation->voxels;
	gb_tensor_writer *truth = NULL, *regressors = NULL;
	float *ceiling = gb_array(cells, sizeof *ceiling, err);
	gb_status status;

	if (!ceiling)
		return GB_SYSTEM;
	GB_TRY(gb_folder_make(f->folder, err));
	GB_TRY(write_subjects(f, ceiling, pool, err));
	GB_TRY(write_atlas(f, err));
	GB_TRY(start_file(f, &regressors, err));
	GB_TRY(end_file(f, regressors, "drivers.safetensors", pool, NULL, err));
	GB_TRY(start_file(f, &truth, err));
	GB_TRY(declare_truth(f, truth, err));
	GB_TRY(end_file(f, truth, "truth.safetensors", pool, ceiling, err));
done:
	gb_tensor_writer_free(truth);
	gb_tensor_writer_free(regressors);
	free(ceiling);
	return status;
}
