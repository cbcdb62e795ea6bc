/* SPDX-License-Identifier: MIT */
#include "evaluate/subjects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/encoding_metrics.h"
#include "io/file.h"

/* Are the model's subjects all of the set, and alike? */
static gb_status have_mean(const gb_model *model, const gb_dataset *set, bool *have, gb_err *err)
{
	size_t heads = gb_model_subjects(model);
	const gb_feature *first = gb_dataset_find(set, "bold", gb_model_subject_at(model, 0)), *other;
	gb_status status = GB_OK;

	*have = heads > 1 && heads == gb_dataset_subjects(set) && first;
	for (size_t k = 1; !status && *have && k < heads; k++) {
		other = gb_dataset_find(set, "bold", gb_model_subject_at(model, k));
		*have = other != NULL;
		if (other)
			status = gb_bold_source_same_voxels(first, other, have, err);
	}
	return status;
}

static gb_status folder_of(gb_bold_source_scored *b, const char *folder, bool own, gb_err *err)
{
	if (own && (!*b->subject || *b->subject == '.' || strchr(b->subject, '/')))
		return gb_fail(err, GB_DATA, "subject %s: no name for a folder, where its maps belong",
		               b->subject);
	b->folder = own ? gb_format(err, "%s/%s", folder, b->subject) : gb_string(folder, err);
	return b->folder ? GB_OK : GB_SYSTEM;
}

gb_status gb_subjects_open(gb_subjects *brains, gb_model *model, const gb_dataset *set, const char *folder,
                           const char *tool, gb_pool *pool, gb_err *err)
{
	size_t heads = gb_model_subjects(model);
	bool mean;
	gb_status status;

	*brains = (gb_subjects){.several = heads > 1, .model = model, .set = set, .tool = tool, .pool = pool};
	status = have_mean(model, set, &mean, err);
	brains->brain = status ? NULL : gb_array(heads + 1, sizeof *brains->brain, err);
	if (!brains->brain)
		return status ? status : GB_SYSTEM;
	for (size_t i = 0; !status && i < heads + mean; i++) {
		gb_bold_source_scored *b = &brains->brain[brains->count++];

		b->subject = mean && i == 0 ? "mean" : gb_model_subject_at(model, i - mean);
		status = folder_of(b, folder, brains->several && !(mean && i == 0), err);
		if (!status)
			status = gb_maps_mask(model, set, b->subject, &b->mask, &b->has_mask, err);
	}
	return status;
}

void gb_subjects_clear(gb_subjects *brains)
{
	for (size_t i = brains->count; i-- > 0;) { /* the first lends its ceiling */
		free(brains->brain[i].folder);
		gb_nifti_mask_clear(&brains->brain[i].mask);
		gb_encoding_clear(&brains->brain[i].encoding);
	}
	free(brains->brain);
	*brains = (gb_subjects){0};
}

static gb_maps maps_of(const gb_subjects *brains, const gb_bold_source_scored *b)
{
	return (gb_maps){b->folder,     brains->tool, b->subject,  b->has_mask ? &b->mask : NULL,
	                 brains->model, brains->set,  brains->pool};
}

gb_status gb_subjects_predict(gb_subjects *brains, int64_t first, int64_t end, bool any, bool tensors,
                              gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < brains->count; i++) {
		gb_maps maps = maps_of(brains, &brains->brain[i]);

		status = gb_folder_make(maps.folder, err);
		if (!status)
			status = gb_maps_prediction(&maps, first, end, any, tensors, err);
	}
	return status;
}

/* With heads for several, a subject is predicted by its own. */
static void subjects_by_their_heads(gb_subjects *brains)
{
	gb_encoding *first = &brains->brain[0].encoding;

	for (size_t s = 0; brains->several && s < first->subjects; s++) {
		first->subject_r[s] = NAN;
		for (size_t i = 0; i < brains->count; i++)
			if (!strcmp(brains->brain[i].subject, gb_dataset_subject(brains->set, s)))
				first->subject_r[s] = brains->brain[i].encoding.score.mean;
	}
}

gb_status gb_subjects_score(gb_subjects *brains, const gb_encoding_options *options, gb_metrics *metrics,
                            gb_err *err)
{
	gb_encoding_options of = *options;
	bool beside = !of.baseline;
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < brains->count; i++) {
		gb_bold_source_scored *b = &brains->brain[i];
		gb_maps maps = maps_of(brains, b);

		of.subject = b->subject;
		of.ceiling =
			i && brains->brain[0].encoding.is_mean ? &brains->brain[0].encoding.ceiling : NULL;
		status = gb_encoding_make(&b->encoding, &of, err);
		if (!status)
			status = gb_maps_encoding(&maps, &b->encoding, err);
		if (i)
			gb_encoding_drop_rows(&b->encoding);
		beside |= b->encoding.has_baseline;
	}
	if (!status && !beside)
		status = gb_fail(err, GB_DATA,
		                 "baseline: a ridge of %zu voxels, for the brain of %s: it predicts none of "
		                 "the voxels that the model does",
		                 gb_model_voxels(of.baseline), gb_model_subject(of.baseline));
	if (!status)
		subjects_by_their_heads(brains);
	for (size_t i = 0; !status && i < brains->count; i++)
		status = gb_encoding_metrics(&brains->brain[i].encoding, brains->set, i == 0, brains->several,
		                             metrics, err);
	return status;
}
