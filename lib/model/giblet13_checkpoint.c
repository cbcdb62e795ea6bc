/* SPDX-License-Identifier: MIT */
/* giblet13_checkpoint.c: what a checkpoint of giblet13 holds beside its weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/giblet13_checkpoint.h"
#include "network/graph_cost.h"

static gb_statistic_item item_of(const char *name, size_t count, float **data, const char *doc)
{
	gb_statistic_item item = {.count = count ? count : 1, .data = data, .doc = doc};

	snprintf(item.name, sizeof item.name, "%s", name);
	return item;
}

size_t gb_giblet13_statistics(gb_loader *loader, gb_statistic_item item[GB_STATISTICS_MAX])
{
	const gb_network_shape *s = &loader->shape;
	gb_loader_statistics *st = &loader->statistics;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3, n = 0;
	static const char *const what[] = {"mean", "std", "weight", "ceiling"};
	static const char *const doc[] = {"mean over the train rows", "SD over the train rows",
	                                  "weight in the loss",
	                                  "noise ceiling on the train rows, 0 if unknown"};

	item[n++] = item_of("input.linear.mean", s->linear, &st->linear_mean,
	                    "linear view: mean over the train rows");
	item[n++] = item_of("input.linear.std", s->linear, &st->linear_std,
	                    "linear view: SD over the train rows");
	item[n++] = item_of("input.video.mean", pixels, &st->video_mean, "pixels: mean over the train rows");
	item[n++] = item_of("input.video.scale", pixels, &st->video_scale,
	                    "pixels: 1/SD, the SD at least a tenth of their RMS");
	item[n++] = item_of("input.video.base", pixels, &st->video_base,
	                    "pixels in patch order: logit of the mean");
	item[n++] = item_of("input.mel.mean", s->mel_bands * s->mel_frames, &st->mel_mean,
	                    "mel: mean over the train rows");
	item[n++] = item_of("input.mel.std", s->mel_bands * s->mel_frames, &st->mel_std,
	                    "mel: SD over the train rows");
	item[n++] = item_of("input.codes.base", s->codebooks * GB_CODE_CLASSES, &st->code_base,
	                    "codes: log unigram of the train rows");
	item[n++] = item_of("input.text.unit", 1, &st->text_unit, "text: RMS over columns of the SD");
	if (s->kind)
		item[n++] = item_of("input.codes.mean", s->codebooks, &st->code_mean,
		                    "codes: mean of code/1023 over the train rows");
	for (size_t k = 0; k < s->subjects; k++)
		for (int i = 0; i < 4; i++) {
			char name[96];
			float **data[] = {&st->bold_mean[k], &st->bold_std[k], &st->voxel_weight[k],
			                  &st->ceiling[k]};

			snprintf(name, sizeof name, "bold.%s.%s", s->subject[k], what[i]);
			item[n++] = item_of(name, s->voxels[k], data[i], doc[i]);
		}
	return n;
}

/* ---- dims ---- */

static const struct { const char *key; size_t offset;
} size_key[] = {{"groups", offsetof(gb_network_shape, groups)},
                {"scored", offsetof(gb_network_shape, scored)},
                {"history", offsetof(gb_network_shape, history)},
                {"future", offsetof(gb_network_shape, future)},
                {"window_first", offsetof(gb_network_shape, window_first)},
                {"window_lags", offsetof(gb_network_shape, window_lags)},
                {"rank", offsetof(gb_network_shape, rank)}};

gb_json *gb_giblet13_dims(const gb_loader *loader, const gb_network_shape *shape, const gb_delays *delays)
{
	gb_json *dims = gb_json_object(), *bands = gb_json_array(), *subjects = gb_json_array();

	for (int b = 0; b < loader->bands; b++) {
		const gb_loader_feature *band = &loader->band[b];
		gb_json *one = gb_json_object(), *rows = gb_json_array();

		gb_json_set(one, "name", gb_json_string(band->name));
		gb_json_set(one, "kind", gb_json_integer(band->kind));
		gb_json_set(one, "elements", gb_json_integer((int64_t)band->elements));
		gb_json_set(one, "width", gb_json_integer((int64_t)band->width));
		for (int i = 0; i < band->band.feature->rank && i < 4; i++)
			gb_json_append(rows, gb_json_integer(band->band.feature->shape[i]));
		gb_json_set(one, "shape", rows);
		gb_json_append(bands, one);
	}
	for (size_t k = 0; k < shape->subjects; k++) {
		gb_json *one = gb_json_object();

		gb_json_set(one, "name", gb_json_string(shape->subject[k]));
		gb_json_set(one, "voxels", gb_json_integer((int64_t)shape->voxels[k]));
		gb_json_append(subjects, one);
	}
	gb_json_set(dims, "bands", bands);
	gb_json_set(dims, "subjects", subjects);
	gb_json_set(dims, "delays", gb_delays_to_json(delays));
	for (size_t i = 0; i < sizeof size_key / sizeof *size_key; i++)
		gb_json_set(dims, size_key[i].key,
		            gb_json_integer((int64_t) *
		                            (const size_t *)((const char *)shape + size_key[i].offset)));
	gb_json_set(dims, "width", gb_json_real(shape->width));
	return dims;
}

gb_status gb_giblet13_shape(gb_network_shape *shape, gb_delays *delays, const gb_json *dims, gb_err *err)
{
	gb_status status = gb_delays_from_json(gb_json_get(dims, "delays"), delays, err);

	if (status != GB_OK)
		return status;
	for (size_t i = 0; i < sizeof size_key / sizeof *size_key; i++) {
		int64_t value;

		if (!gb_json_read_integer(gb_json_get(dims, size_key[i].key), &value) || value < 0 ||
		    value > 1 << 20)
			return gb_fail(err, GB_DATA, "checkpoint: dims: %s is missing or out of range",
			               size_key[i].key);
		*(size_t *)((char *)shape + size_key[i].offset) = (size_t)value;
	}
	if (!gb_json_read_number(gb_json_get(dims, "width"), &shape->width) ||
	    !(shape->width > 0 && shape->width <= 16) || !shape->groups || !shape->scored || !shape->rank ||
	    (!shape->kind && !shape->window_lags))
		return gb_fail(err, GB_DATA, "checkpoint: dims: sizes that no network has");
	shape->basis = (size_t)delays->filters;
	shape->taps = (size_t)delays->length;
	shape->first_lag = delays->first;
	shape->temperature = 1;
	return GB_OK;
}

gb_status gb_giblet13_fixed(gb_network_fixed *fixed, const gb_loader *loader, const gb_delays *delays,
                            size_t bottleneck, float **kernel, gb_err *err)
{
	const gb_loader_statistics *st = &loader->statistics;
	size_t taps = (size_t)delays->filters * (size_t)delays->length;
	float **latent[] = {&fixed->latent_scale, &fixed->latent_offset, &fixed->latent_deviation,
	                    &fixed->latent_mean};

	*kernel = gb_array(taps, sizeof **kernel, err);
	if (!*kernel)
		return GB_SYSTEM;
	for (size_t i = 0; i < taps; i++)
		(*kernel)[i] = (float)delays->tap[i];
	fixed->kernel = *kernel;
	fixed->video_mean = st->video_mean;
	fixed->video_scale = st->video_scale;
	fixed->video_base = st->video_base;
	fixed->code_base = st->code_base;
	fixed->code_mean = st->code_mean;
	for (size_t k = 0; k < loader->shape.subjects; k++)
		fixed->voxel_weight[k] = st->voxel_weight[k];
	for (int i = 0; i < 4; i++)
		if (!(*latent[i] = gb_array(bottleneck, sizeof(float), err)))
			return GB_SYSTEM;
	return GB_OK;
}

void gb_giblet13_fixed_clear(gb_network_fixed *fixed)
{
	free(fixed->latent_scale);
	free(fixed->latent_offset);
	free(fixed->latent_deviation);
	free(fixed->latent_mean);
}

/* ---- reading ---- */

gb_status gb_giblet13_read(gb_tensor_file *file, const char *name, size_t count, float *to, gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, GB_F32, -1, &tensor, err);

	if (status == GB_OK && tensor->elements != count)
		status = gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted",
		                 gb_tensor_file_name(file), name, tensor->elements, count);
	if (status == GB_OK)
		memcpy(to, tensor->data, tensor->bytes);
	return status;
}

gb_status gb_giblet13_read_moments(const gb_network *net, gb_tensor_file *file, gb_err *err)
{
	const gb_mirror *running = gb_graph_running(net->graph);
	gb_status status = GB_OK;

	for (int i = 0; status == GB_OK && i < 2 * gb_graph_norms(net->graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(net->graph, i / 2);
		char name[96];

		snprintf(name, sizeof name, "%s.%s", norm->name, i % 2 ? "variance" : "mean");
		status = gb_giblet13_read(file, name, norm->columns,
		                          (float *)running->host + norm->first + (i % 2 ? norm->columns : 0),
		                          err);
	}
	gb_mirror_upload(net->device, running);
	return status;
}
