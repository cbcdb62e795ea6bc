/* SPDX-License-Identifier: MIT */
#include "loader/bold_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fmri/mask_tensor.h"

gb_status gb_bold_source_same_voxels(const gb_feature *a, const gb_feature *b, bool *alike, gb_err *err)
{
	*alike = a->elements == b->elements;
	return *alike ? gb_mask_tensor_same((gb_tensor_file *)a->file, (gb_tensor_file *)b->file, "bold.mask",
	                                    alike, err)
	              : GB_OK;
}

/* One more subject, whose voxels must be those of the first. */
static gb_status add(gb_bold_source *brain, const char *name, const gb_feature *bold, gb_err *err)
{
	bool alike = true;
	gb_status status = bold ? GB_OK : gb_fail(err, GB_DATA, "subject %s: it has no BOLD", name);

	if (!status && brain->subjects)
		status = gb_bold_source_same_voxels(brain->subject[0], bold, &alike, err);
	if (!status && !alike && bold->elements == brain->voxels)
		status =
		    gb_fail(err, GB_DATA,
		            "subject %s: %zu voxels, but not those of %s (another bold.mask): one mask for "
		            "all is wanted",
		            name, bold->elements, brain->subject[0]->subject);
	if (!status && !alike)
		status = gb_fail(err, GB_DATA,
		                 "subject %s: %zu voxels, where another has %zu: one mask for all is wanted",
		                 name, bold->elements, brain->voxels);
	if (status)
		return status;
	brain->voxels = bold->elements;
	brain->subject[brain->subjects++] = bold;
	return GB_OK;
}

gb_status gb_bold_source_open(gb_bold_source *brain, const gb_dataset *set, const char *subject, gb_err *err)
{
	size_t all = gb_dataset_subjects(set);
	bool mean = strcmp(subject, "mean") == 0;

	*brain = (gb_bold_source){.set = set};
	if (all == 0)
		return gb_fail(err, GB_DATA, "data set: no BOLD in it; pack it with --subject NAME=FILE");
	brain->subject = gb_array(all, sizeof(const gb_feature *), err);
	if (!brain->subject)
		return GB_SYSTEM;
	for (size_t i = 0; i < all; i++) {
		const char *name = gb_dataset_subject(set, i);
		const gb_feature *f = gb_dataset_find(set, "bold", name);

		if (!mean && strcmp(name, subject))
			continue;
		if (add(brain, name, f, err)) {
			gb_bold_source_close(brain);
			return err ? err->status : GB_DATA;
		}
	}
	if (brain->subjects == 0) {
		gb_bold_source_close(brain);
		return gb_fail(err, GB_USAGE,
		               "subject %s: not in the set, which has %zu (the first is %s); \"mean\" is the "
		               "mean of all",
		               subject, all, gb_dataset_subject(set, 0));
	}
	return GB_OK;
}

void gb_bold_source_close(gb_bold_source *brain)
{
	free(brain->subject);
	*brain = (gb_bold_source){0};
}

void gb_bold_source_read(const gb_bold_source *brain, int64_t row, float *scratch, float *out)
{
	gb_dataset_read(brain->set, brain->subject[0], row, false, out);
	for (size_t s = 1; s < brain->subjects; s++) {
		gb_dataset_read(brain->set, brain->subject[s], row, false, scratch);
		for (size_t v = 0; v < brain->voxels; v++)
			out[v] += scratch[v];
	}
	for (size_t v = 0; brain->subjects > 1 && v < brain->voxels; v++)
		out[v] /= (float)brain->subjects;
}

bool gb_bold_source_valid(const gb_bold_source *brain, int64_t row)
{
	for (size_t s = 0; s < brain->subjects; s++)
		if (brain->subject[s]->valid && !brain->subject[s]->valid[row])
			return false;
	return true;
}

static bool set_valid(const gb_dataset *set, const gb_bold_source *brain, int64_t row)
{
	if (brain && !gb_bold_source_valid(brain, row))
		return false;
	for (size_t i = 0; i < gb_dataset_features(set); i++) {
		const gb_feature *f = gb_dataset_feature(set, i);

		if (f->valid && !f->valid[row] && !(brain && f->subject))
			return false;
	}
	return true;
}

gb_status gb_bold_source_rows(const gb_dataset *set, const gb_bold_source *brain, uint8_t use, int64_t **row,
                              int32_t **run, size_t *count, gb_err *err)
{
	const uint8_t *uses = gb_dataset_use(set);
	int64_t rows = gb_dataset_rows(set);

	*count = 0;
	*row = gb_array((size_t)rows, sizeof **row, err);
	*run = *row ? gb_array((size_t)rows, sizeof **run, err) : NULL;
	if (!*run) {
		free(*row);
		*row = NULL;
		return GB_SYSTEM;
	}
	for (int64_t r = 0; r < rows; r++)
		if (uses[r] == use && set_valid(set, brain, r)) {
			(*row)[*count] = r;
			(*run)[(*count)++] = gb_clock_run_of(gb_dataset_clock(set), r);
		}
	return GB_OK;
}

