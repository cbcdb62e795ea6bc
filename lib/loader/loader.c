/* SPDX-License-Identifier: MIT */
/* loader.c: what a data set holds for the network, its rows and windows. */
#include "loader/loader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"

/* Order of the bands: pictures, sound, text, then the rest as the set has it. */
static int place(const gb_feed_band *band)
{
	return band->kind == GB_BAND_VIDEO ? 0 : band->kind == GB_BAND_MEL ? 1 : band->kind == GB_BAND_CODES ? 2 : strcmp(band->name, "text") ? 4 : 3;
}

static gb_status add_band(gb_feed *feed, const gb_feature *feature, gb_err *err)
{
	gb_feed_band band = {.elements = feature->elements}, *at;
	int before = 0;

	if (gb_band_of(&band.band, feature, err) != GB_OK)
		return err ? err->status : GB_DATA;
	if (feed->bands == GB_BANDS_MAX)
		return gb_fail(err, GB_DATA, "data set: more than %d stimulus tensors", GB_BANDS_MAX);
	band.kind = band.band.kind;
	band.width = band.band.width;
	snprintf(band.name, sizeof band.name, "%s", feature->name);
	while (before < feed->bands && place(&feed->band[before]) <= place(&band))
		before++;
	if (place(&band) < 3 && before && place(&feed->band[before - 1]) == place(&band))
		return gb_fail(err, GB_DATA, "%s: the network already has %s: name one of them with --features", band.name, feed->band[before - 1].name);
	at = &feed->band[before];
	memmove(at + 1, at, (size_t)(feed->bands - before) * sizeof *at);
	*at = band;
	feed->bands++;
	return GB_OK;
}

static void shape_of_band(gb_network_shape *shape, const gb_feed_band *band, const int64_t *dims)
{
	switch (band->kind) {
	case GB_BAND_VIDEO:
		shape->video_frames = (size_t)dims[0];
		shape->video_height = (size_t)dims[1];
		shape->video_width = (size_t)dims[2];
		break;
	case GB_BAND_MEL:
		shape->mel_bands = (size_t)dims[0];
		shape->mel_frames = (size_t)dims[1];
		break;
	case GB_BAND_CODES:
		shape->codebooks = (size_t)dims[0];
		shape->code_frames = (size_t)dims[1];
		break;
	case GB_BAND_FLOAT:
		shape->dense += band->width;
		if (place(band) == 3)
			shape->text = band->width;
		break;
	}
	shape->linear += band->width;
}

static gb_status open_brains(gb_feed *feed, const char *const *subjects, size_t count, gb_err *err)
{
	if (count > GB_SUBJECTS_MAX)
		return gb_fail(err, GB_USAGE, "%zu subjects: at most %d at once", count, GB_SUBJECTS_MAX);
	for (size_t s = 0; s < count; s++) {
		if (gb_brain_open(&feed->brain[s], feed->set, subjects[s], err) != GB_OK)
			return err ? err->status : GB_DATA;
		feed->shape.subjects = s + 1;
		feed->shape.voxels[s] = feed->brain[s].voxels;
		snprintf(feed->shape.subject[s], sizeof feed->shape.subject[s], "%s", subjects[s]);
		feed->brain_valid[s] = gb_array((size_t)feed->rows, 1, err);
		if (!feed->brain_valid[s])
			return GB_SYSTEM;
		for (int64_t r = 0; r < feed->rows; r++)
			feed->brain_valid[s][r] = gb_brain_valid(&feed->brain[s], r);
	}
	return GB_OK;
}

static int modality_of(gb_band_kind kind) { return kind == GB_BAND_VIDEO ? 0 : kind == GB_BAND_FLOAT ? 2 : 1; }

/* What every feed has once its bands and shape are known. */
static gb_status finish_open(gb_feed *feed, gb_err *err)
{
	size_t largest = 4096 /* also room for any rank */, first = 0;

	feed->use = gb_array((size_t)feed->rows, 1, err);
	feed->linear = gb_array((size_t)feed->rows * (feed->shape.linear ? feed->shape.linear : 1), sizeof(float), err);
	for (int m = 0; m < 3; m++)
		if (!(feed->present[m] = gb_array((size_t)feed->rows, 1, err)))
			return GB_SYSTEM;
	for (int b = 0; b < feed->bands; b++) {
		gb_feed_band *band = &feed->band[b];
		uint8_t *present = feed->present[modality_of(band->kind)];

		band->first = first;
		first += band->width;
		largest = band->elements > largest ? band->elements : largest;
		largest = band->width > largest ? band->width : largest;
		for (int64_t r = 0; r < feed->rows; r++)
			present[r] |= band->band.feature != NULL;
	}
	for (size_t s = 0; s < feed->shape.subjects; s++)
		largest = feed->shape.voxels[s] > largest ? feed->shape.voxels[s] : largest;
	feed->scratch_count = largest;
	feed->scratch = gb_array(largest, sizeof(float), err);
	feed->scratch2 = gb_array(largest, sizeof(float), err);
	feed->code_row = gb_array(feed->shape.codebooks * feed->shape.code_frames, sizeof *feed->code_row, err);
	return feed->use && feed->linear && feed->scratch && feed->scratch2 && feed->code_row ? GB_OK : GB_SYSTEM;
}

static bool wanted(const char *name, const char *const *features, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(features[i], name))
			return true;
	return !features;
}

gb_status gb_feed_open(gb_feed *feed, const gb_dataset *set, const char *const *features, size_t feature_count,
                       const char *const *subjects, size_t subject_count, gb_err *err)
{
	memset(feed, 0, sizeof *feed);
	feed->set = set;
	feed->clock = gb_dataset_clock(set);
	feed->rows = gb_dataset_rows(set);
	for (size_t i = 0; features && i < feature_count; i++)
		if (!gb_dataset_find(set, features[i], NULL))
			return gb_fail(err, GB_USAGE, "feature %s: not in the set; gb-cache ls names what it holds", features[i]);
	for (size_t i = 0; i < gb_dataset_features(set); i++) {
		const gb_feature *feature = gb_dataset_feature(set, i);

		if (!feature->subject && wanted(feature->name, features, feature_count) && add_band(feed, feature, err) != GB_OK)
			return err ? err->status : GB_DATA;
	}
	for (int b = 0; b < feed->bands; b++)
		shape_of_band(&feed->shape, &feed->band[b], feed->band[b].band.feature->shape);
	if (open_brains(feed, subjects, subject_count, err) != GB_OK)
		return err ? err->status : GB_DATA;
	return finish_open(feed, err);
}

static gb_status stored_band(gb_feed *feed, const gb_json *json, gb_err *err)
{
	gb_feed_band *band = &feed->band[feed->bands];
	const char *name = gb_json_text(gb_json_get(json, "name"));
	const gb_feature *feature = name ? gb_dataset_find(feed->set, name, NULL) : NULL;
	int64_t kind = 0, elements = 0, width = 0, dims[4] = {0};

	gb_json_read_integer(gb_json_get(json, "kind"), &kind);
	gb_json_read_integer(gb_json_get(json, "elements"), &elements);
	gb_json_read_integer(gb_json_get(json, "width"), &width);
	for (size_t i = 0; i < 4; i++)
		gb_json_read_integer(gb_json_at(gb_json_get(json, "shape"), i), &dims[i]);
	if (!name || feed->bands == GB_BANDS_MAX || kind < 0 || kind > GB_BAND_VIDEO || elements < 1 || width < 1)
		return gb_fail(err, GB_DATA, "checkpoint: its list of tensors is damaged");
	*band = (gb_feed_band){.kind = (gb_band_kind)kind, .elements = (size_t)elements, .width = (size_t)width};
	snprintf(band->name, sizeof band->name, "%s", name);
	if (feature) {
		if (gb_band_of(&band->band, feature, err) != GB_OK)
			return err ? err->status : GB_DATA;
		if (band->band.kind != band->kind || feature->elements != band->elements || band->band.width != band->width)
			return gb_fail(err, GB_DATA, "%s: %zu numbers a row in the set, %zu in the model: make it with the options of the training set",
			               name, feature->elements, band->elements);
	}
	shape_of_band(&feed->shape, band, dims);
	feed->bands++;
	return GB_OK;
}

gb_status gb_feed_open_stored(gb_feed *feed, const gb_dataset *set, gb_tensor_file *file, const gb_json *dims, gb_err *err)
{
	const gb_json *bands = gb_json_get(dims, "bands"), *subjects = gb_json_get(dims, "subjects");

	(void)file;
	memset(feed, 0, sizeof *feed);
	feed->set = set;
	feed->clock = gb_dataset_clock(set);
	feed->rows = gb_dataset_rows(set);
	for (size_t i = 0; i < gb_json_size(bands); i++)
		if (stored_band(feed, gb_json_at(bands, i), err) != GB_OK)
			return err ? err->status : GB_DATA;
	if (gb_json_size(subjects) > GB_SUBJECTS_MAX)
		return gb_fail(err, GB_DATA, "checkpoint: %zu subjects", gb_json_size(subjects));
	for (size_t s = 0; s < gb_json_size(subjects); s++) {
		const gb_json *one = gb_json_at(subjects, s);
		int64_t voxels = 0;

		gb_json_read_integer(gb_json_get(one, "voxels"), &voxels);
		if (!gb_json_text(gb_json_get(one, "name")) || voxels < 1)
			return gb_fail(err, GB_DATA, "checkpoint: its list of subjects is damaged");
		snprintf(feed->shape.subject[s], sizeof feed->shape.subject[s], "%s", gb_json_text(gb_json_get(one, "name")));
		feed->shape.voxels[s] = (size_t)voxels;
		feed->shape.subjects = s + 1;
		feed->brain_valid[s] = gb_array((size_t)feed->rows, 1, err);
		if (!feed->brain_valid[s])
			return GB_SYSTEM;
	}
	return finish_open(feed, err);
}

void gb_feed_silence(gb_feed *feed, const char *const *name, size_t names)
{
	bool present[3] = {false};

	for (int b = 0; b < feed->bands; b++) {
		gb_feed_band *band = &feed->band[b];

		for (size_t i = 0; i < names; i++)
			if (!strcmp(band->name, name[i]))
				band->band.feature = NULL;
		present[modality_of(band->kind)] |= band->band.feature != NULL;
	}
	for (int m = 0; m < 3; m++)
		memset(feed->present[m], present[m], (size_t)feed->rows);
}

void gb_feed_close(gb_feed *feed)
{
	gb_feed_statistics *s = &feed->statistics;
	float **all[] = {&s->linear_mean, &s->linear_std, &s->video_mean, &s->video_scale, &s->video_base, &s->mel_mean, &s->mel_std, &s->code_base, &s->code_mean, &s->text_unit};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(*all[i]);
	for (size_t i = 0; i < GB_SUBJECTS_MAX; i++) {
		free(s->bold_mean[i]);
		free(s->bold_std[i]);
		free(s->voxel_weight[i]);
		free(s->ceiling[i]);
		free(feed->brain_valid[i]);
		if (feed->brain[i].set)
			gb_brain_close(&feed->brain[i]);
	}
	for (int m = 0; m < 3; m++)
		free(feed->present[m]);
	free(feed->linear);
	free(feed->use);
	free(feed->scratch);
	free(feed->scratch2);
	free(feed->code_row);
	free(feed->scored_row);
	free(feed->scored_run);
	memset(feed, 0, sizeof *feed);
}

gb_status gb_feed_split(gb_feed *feed, double share, int64_t gap, gb_err *err)
{
	int64_t *row, from, last = -1;
	int32_t *run;
	size_t count, block, fit = 0;

	if (gb_brain_rows(feed->set, NULL, GB_ROW_TRAIN, &row, &run, &count, err) != GB_OK)
		return err ? err->status : GB_SYSTEM;
	block = (size_t)floor((double)count * share);
	from = block ? row[count - block] : INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		/* A validation row reads a kernel of history, a train row's decoder reads ahead. */
		int use = i >= count - block ? GB_FEED_VALIDATE : row[i] < from - gap || run[i] != run[count - 1] ? GB_FEED_FIT : GB_FEED_NONE;

		feed->use[row[i]] = (uint8_t)use;
		fit += use == GB_FEED_FIT;
		last = row[i];
	}
	free(row);
	free(run);
	if (fit < 2 || last < 0)
		return gb_fail(err, GB_DATA, "data set: %zu of %zu train rows are left to fit after validation and its gap: at least 2 are wanted; lower --validation",
		               fit, count);
	return GB_OK;
}

gb_status gb_feed_fit_network(gb_feed *feed, const gb_network *net, gb_err *err)
{
	free(feed->scored_row);
	free(feed->scored_run);
	feed->scored_row = gb_array(net->scored, sizeof *feed->scored_row, err);
	feed->scored_run = gb_array(net->scored, sizeof *feed->scored_run, err);
	return feed->scored_row && feed->scored_run ? GB_OK : GB_SYSTEM;
}

gb_status gb_feed_share(gb_feed *shared, const gb_feed *feed, const gb_network *net, gb_err *err)
{
	*shared = *feed;
	shared->scratch2 = NULL; /* for measuring */
	shared->scored_row = NULL;
	shared->scored_run = NULL;
	shared->scratch = gb_array(feed->scratch_count, sizeof(float), err);
	shared->code_row = gb_array(feed->shape.codebooks * feed->shape.code_frames, sizeof *shared->code_row, err);
	return shared->scratch && shared->code_row ? gb_feed_fit_network(shared, net, err) : GB_SYSTEM;
}

void gb_feed_unshare(gb_feed *shared)
{
	free(shared->scratch);
	free(shared->code_row);
	free(shared->scored_row);
	free(shared->scored_run);
}

void gb_feed_take_rows(gb_feed *feed, gb_feed *shared)
{
	int64_t *row = feed->scored_row;
	int *run = feed->scored_run;

	feed->scored_row = shared->scored_row;
	feed->scored_run = shared->scored_run;
	shared->scored_row = row;
	shared->scored_run = run;
}

gb_status gb_feed_windows(const gb_feed *feed, int use, size_t length, gb_window **window, size_t *count, gb_err *err)
{
	gb_window *list = NULL;
	size_t n = 0;

	for (int64_t r = 0; r < feed->rows; r++) {
		int run = gb_clock_run_of(feed->clock, r);
		int64_t end = r;

		if (feed->use[r] != use)
			continue;
		while (end < feed->rows && feed->use[end] == use && end - r < (int64_t)length && gb_clock_run_of(feed->clock, end) == run)
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
