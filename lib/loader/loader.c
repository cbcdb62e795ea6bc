/* SPDX-License-Identifier: MIT */
/* loader.c: what a data set holds for the network, its rows and windows. */
#include "loader/loader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"

static gb_status add_band(gb_loader *loader, const gb_feature *feature, gb_err *err)
{
	gb_loader_feature band = {.elements = feature->elements}, *at;
	int before = 0, place;

	if (gb_linear_feature_of(&band.band, feature, err) != GB_OK)
		return err ? err->status : GB_DATA;
	if (loader->bands == GB_BANDS_MAX)
		return gb_fail(err, GB_DATA, "data set: more than %d stimulus tensors", GB_BANDS_MAX);
	band.modality = band.band.modality;
	place = gb_modality_index(band.modality);
	band.kind = band.band.kind;
	band.width = band.band.width;
	snprintf(band.name, sizeof band.name, "%s", feature->name);
	while (before < loader->bands && gb_modality_index(loader->band[before].modality) <= place)
		before++;
	if (band.modality->single && before && loader->band[before - 1].modality == band.modality)
		return gb_fail(err, GB_DATA,
		               "%s: the network already has %s: name one of them with --features", band.name,
		               loader->band[before - 1].name);
	at = &loader->band[before];
	memmove(at + 1, at, (size_t)(loader->bands - before) * sizeof *at);
	*at = band;
	loader->bands++;
	return GB_OK;
}

static void shape_of_band(gb_network_shape *shape, const gb_loader_feature *band, const int64_t *dims)
{
	band->modality->shape(shape, band->width, dims);
	shape->linear += band->width;
}

static gb_status open_brains(gb_loader *loader, const char *const *subjects, size_t count, gb_err *err)
{
	if (count > GB_SUBJECTS_MAX)
		return gb_fail(err, GB_USAGE, "%zu subjects: at most %d at once", count, GB_SUBJECTS_MAX);
	for (size_t s = 0; s < count; s++) {
		if (gb_bold_source_open(&loader->brain[s], loader->set, subjects[s], err) != GB_OK)
			return err ? err->status : GB_DATA;
		loader->shape.subjects = s + 1;
		loader->shape.voxels[s] = loader->brain[s].voxels;
		snprintf(loader->shape.subject[s], sizeof loader->shape.subject[s], "%s", subjects[s]);
		loader->brain_valid[s] = gb_array((size_t)loader->rows, 1, err);
		if (!loader->brain_valid[s])
			return GB_SYSTEM;
		for (int64_t r = 0; r < loader->rows; r++)
			loader->brain_valid[s][r] = gb_bold_source_valid(&loader->brain[s], r);
	}
	return GB_OK;
}

/* What every loader has once its bands and shape are known. */
static gb_status finish_open(gb_loader *loader, gb_err *err)
{
	size_t largest = 4096 /* also room for any rank */, first = 0;

	loader->use = gb_array((size_t)loader->rows, 1, err);
	loader->linear = gb_array((size_t)loader->rows * (loader->shape.linear ? loader->shape.linear : 1),
	                          sizeof(float), err);
	for (int m = 0; m < 3; m++)
		if (!(loader->present[m] = gb_array((size_t)loader->rows, 1, err)))
			return GB_SYSTEM;
	for (int b = 0; b < loader->bands; b++) {
		gb_loader_feature *band = &loader->band[b];
		uint8_t *present = loader->present[band->modality->mask_token];

		band->first = first;
		first += band->width;
		largest = band->elements > largest ? band->elements : largest;
		largest = band->width > largest ? band->width : largest;
		for (int64_t r = 0; r < loader->rows; r++)
			present[r] |= band->band.feature != NULL;
	}
	for (size_t s = 0; s < loader->shape.subjects; s++)
		largest = loader->shape.voxels[s] > largest ? loader->shape.voxels[s] : largest;
	loader->scratch_count = largest;
	loader->scratch = gb_array(largest, sizeof(float), err);
	loader->scratch2 = gb_array(largest, sizeof(float), err);
	loader->code_row = gb_array(loader->shape.codebooks * loader->shape.code_frames,
	                            sizeof *loader->code_row, err);
	return loader->use && loader->linear && loader->scratch && loader->scratch2 && loader->code_row
	           ? GB_OK
	           : GB_SYSTEM;
}

gb_modality_source gb_loader_source(const gb_loader *loader, const gb_loader_feature *band)
{
	return (gb_modality_source){.set = loader->set,
	                            .feature = band->band.feature,
	                            .shape = &loader->shape,
	                            .statistics = &loader->statistics,
	                            .scratch = loader->scratch,
	                            .code_row = loader->code_row,
	                            .linear = loader->linear,
	                            .rows = loader->rows,
	                            .use = loader->use,
	                            .fit = GB_LOADER_FIT};
}

static bool wanted(const char *name, const char *const *features, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(features[i], name))
			return true;
	return !features;
}

gb_status gb_loader_open(gb_loader *loader, const gb_dataset *set, const char *const *features,
                         size_t feature_count, const char *const *subjects, size_t subject_count, gb_err *err)
{
	memset(loader, 0, sizeof *loader);
	loader->set = set;
	loader->clock = gb_dataset_clock(set);
	loader->rows = gb_dataset_rows(set);
	for (size_t i = 0; features && i < feature_count; i++)
		if (!gb_dataset_find(set, features[i], NULL))
			return gb_fail(err, GB_USAGE,
			               "feature %s: not in the set; gb-cache ls names what it holds",
			               features[i]);
	for (size_t i = 0; i < gb_dataset_features(set); i++) {
		const gb_feature *feature = gb_dataset_feature(set, i);

		if (!feature->subject && wanted(feature->name, features, feature_count) &&
		    add_band(loader, feature, err) != GB_OK)
			return err ? err->status : GB_DATA;
	}
	for (int b = 0; b < loader->bands; b++)
		shape_of_band(&loader->shape, &loader->band[b], loader->band[b].band.feature->shape);
	if (open_brains(loader, subjects, subject_count, err) != GB_OK)
		return err ? err->status : GB_DATA;
	return finish_open(loader, err);
}

static gb_status stored_band(gb_loader *loader, const gb_json *json, gb_err *err)
{
	gb_loader_feature *band = &loader->band[loader->bands];
	const char *name = gb_json_text(gb_json_get(json, "name"));
	const gb_feature *feature = name ? gb_dataset_find(loader->set, name, NULL) : NULL;
	int64_t kind = 0, elements = 0, width = 0, dims[4] = {0};

	gb_json_read_integer(gb_json_get(json, "kind"), &kind);
	gb_json_read_integer(gb_json_get(json, "elements"), &elements);
	gb_json_read_integer(gb_json_get(json, "width"), &width);
	for (size_t i = 0; i < 4; i++)
		gb_json_read_integer(gb_json_at(gb_json_get(json, "shape"), i), &dims[i]);
	if (!name || loader->bands == GB_BANDS_MAX || kind < 0 || kind > GB_LINEAR_FEATURE_VIDEO ||
	    elements < 1 || width < 1)
		return gb_fail(err, GB_DATA, "checkpoint: its list of tensors is damaged");
	*band = (gb_loader_feature){.modality = gb_modality_stored(kind, name),
	                            .kind = (gb_linear_feature_type)kind,
	                            .elements = (size_t)elements,
	                            .width = (size_t)width};
	snprintf(band->name, sizeof band->name, "%s", name);
	if (feature) {
		if (gb_linear_feature_of(&band->band, feature, err) != GB_OK)
			return err ? err->status : GB_DATA;
		if (band->band.kind != band->kind || feature->elements != band->elements ||
		    band->band.width != band->width)
			return gb_fail(err, GB_DATA,
			               "%s: %zu numbers a row in the set, %zu in the model: make it with the "
			               "options of the training set",
			               name, feature->elements, band->elements);
	}
	shape_of_band(&loader->shape, band, dims);
	loader->bands++;
	return GB_OK;
}

gb_status gb_loader_open_stored(gb_loader *loader, const gb_dataset *set, gb_tensor_file *file,
                                const gb_json *dims, gb_err *err)
{
	const gb_json *bands = gb_json_get(dims, "bands"), *subjects = gb_json_get(dims, "subjects");

	(void)file;
	memset(loader, 0, sizeof *loader);
	loader->set = set;
	loader->clock = gb_dataset_clock(set);
	loader->rows = gb_dataset_rows(set);
	for (size_t i = 0; i < gb_json_size(bands); i++)
		if (stored_band(loader, gb_json_at(bands, i), err) != GB_OK)
			return err ? err->status : GB_DATA;
	if (gb_json_size(subjects) > GB_SUBJECTS_MAX)
		return gb_fail(err, GB_DATA, "checkpoint: %zu subjects", gb_json_size(subjects));
	for (size_t s = 0; s < gb_json_size(subjects); s++) {
		const gb_json *one = gb_json_at(subjects, s);
		int64_t voxels = 0;

		gb_json_read_integer(gb_json_get(one, "voxels"), &voxels);
		if (!gb_json_text(gb_json_get(one, "name")) || voxels < 1)
			return gb_fail(err, GB_DATA, "checkpoint: its list of subjects is damaged");
		snprintf(loader->shape.subject[s], sizeof loader->shape.subject[s], "%s",
		         gb_json_text(gb_json_get(one, "name")));
		loader->shape.voxels[s] = (size_t)voxels;
		loader->shape.subjects = s + 1;
		loader->brain_valid[s] = gb_array((size_t)loader->rows, 1, err);
		if (!loader->brain_valid[s])
			return GB_SYSTEM;
	}
	return finish_open(loader, err);
}

void gb_loader_silence(gb_loader *loader, const char *const *name, size_t names)
{
	bool present[3] = {false};

	for (int b = 0; b < loader->bands; b++) {
		gb_loader_feature *band = &loader->band[b];

		for (size_t i = 0; i < names; i++)
			if (!strcmp(band->name, name[i]))
				band->band.feature = NULL;
		present[band->modality->mask_token] |= band->band.feature != NULL;
	}
	for (int m = 0; m < 3; m++)
		memset(loader->present[m], present[m], (size_t)loader->rows);
}

void gb_loader_close(gb_loader *loader)
{
	gb_loader_statistics *s = &loader->statistics;
	float **all[] = {&s->linear_mean, &s->linear_std, &s->video_mean, &s->video_scale, &s->video_base,
	                 &s->mel_mean,    &s->mel_std,    &s->code_base,  &s->code_mean,   &s->text_unit};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(*all[i]);
	for (size_t i = 0; i < GB_SUBJECTS_MAX; i++) {
		free(s->bold_mean[i]);
		free(s->bold_std[i]);
		free(s->voxel_weight[i]);
		free(s->ceiling[i]);
		free(loader->brain_valid[i]);
		if (loader->brain[i].set)
			gb_bold_source_close(&loader->brain[i]);
	}
	for (int m = 0; m < 3; m++)
		free(loader->present[m]);
	free(loader->linear);
	free(loader->use);
	free(loader->scratch);
	free(loader->scratch2);
	free(loader->code_row);
	free(loader->scored_row);
	free(loader->scored_run);
	memset(loader, 0, sizeof *loader);
}

gb_status gb_loader_split(gb_loader *loader, double share, int64_t gap, gb_err *err)
{
	int64_t *row, from, last = -1;
	int32_t *run;
	size_t count, block, fit = 0;

	if (gb_bold_source_rows(loader->set, NULL, GB_ROW_TRAIN, &row, &run, &count, err) != GB_OK)
		return err ? err->status : GB_SYSTEM;
	block = (size_t)floor((double)count * share);
	from = block ? row[count - block] : INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		/* A validation row reads a kernel of history, a train row's decoder reads ahead. */
		int use = i >= count - block                                ? GB_LOADER_VALIDATE
		          : row[i] < from - gap || run[i] != run[count - 1] ? GB_LOADER_FIT
		                                                            : GB_LOADER_NONE;

		loader->use[row[i]] = (uint8_t)use;
		fit += use == GB_LOADER_FIT;
		last = row[i];
	}
	free(row);
	free(run);
	if (fit < 2 || last < 0)
		return gb_fail(err, GB_DATA,
		               "data set: %zu of %zu train rows are left to fit after validation and its "
		               "gap: at least 2 are wanted; lower --validation",
		               fit, count);
	return GB_OK;
}

gb_status gb_loader_fit_network(gb_loader *loader, const gb_network *net, gb_err *err)
{
	free(loader->scored_row);
	free(loader->scored_run);
	loader->scored_row = gb_array(net->scored, sizeof *loader->scored_row, err);
	loader->scored_run = gb_array(net->scored, sizeof *loader->scored_run, err);
	return loader->scored_row && loader->scored_run ? GB_OK : GB_SYSTEM;
}

gb_status gb_loader_share(gb_loader *shared, const gb_loader *loader, const gb_network *net, gb_err *err)
{
	*shared = *loader;
	shared->scratch2 = NULL; /* for measuring */
	shared->scored_row = NULL;
	shared->scored_run = NULL;
	shared->scratch = gb_array(loader->scratch_count, sizeof(float), err);
	shared->code_row = gb_array(loader->shape.codebooks * loader->shape.code_frames,
	                            sizeof *shared->code_row, err);
	return shared->scratch && shared->code_row ? gb_loader_fit_network(shared, net, err) : GB_SYSTEM;
}

void gb_loader_unshare(gb_loader *shared)
{
	free(shared->scratch);
	free(shared->code_row);
	free(shared->scored_row);
	free(shared->scored_run);
}

void gb_loader_take_rows(gb_loader *loader, gb_loader *shared)
{
	int64_t *row = loader->scored_row;
	int *run = loader->scored_run;

	loader->scored_row = shared->scored_row;
	loader->scored_run = shared->scored_run;
	shared->scored_row = row;
	shared->scored_run = run;
}

gb_status gb_loader_windows(const gb_loader *loader, int use, size_t length, gb_window **window,
                            size_t *count, gb_err *err)
{
	gb_window *list = NULL;
	size_t n = 0;

	for (int64_t r = 0; r < loader->rows; r++) {
		int run = gb_clock_run_of(loader->clock, r);
		int64_t end = r;

		if (loader->use[r] != use)
			continue;
		while (end < loader->rows && loader->use[end] == use && end - r < (int64_t)length &&
		       gb_clock_run_of(loader->clock, end) == run)
			end++;
		if (gb_grow(&list, n + 1, sizeof *list, err) != GB_OK) {
			free(list);
			return GB_SYSTEM;
		}
		list[n++] = (gb_window){r, end - r};
		r = end - 1;
	}
	*window = list;
	*count = n;
	return GB_OK;
}
