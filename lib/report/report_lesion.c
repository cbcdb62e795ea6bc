/* SPDX-License-Identifier: MIT */
/* The report's part on lesions of a region. */
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "lesion/lesion_latent.h"
#include "plot/series.h"
#include "report/report_internal.h"

/* What was done, in words. */
static void words(gb_page *page, const gb_lesion *l)
{
	switch (l->kind) {
	case GB_LESION_ABLATED:
		gb_page_heading(page, l->keep ? "With only the region" : "Without the region");
		gb_page_text(page, "%zu of %zu voxels were %s: silenced voxels are held at their train mean, "
		                   "the decoder's weights stay. "
		             "Beside it, the same with %zu random contiguous regions of %zu "
		             "voxels.", l->keep ? l->voxels - l->size : l->size, l->voxels,
		             l->keep ? "silenced, all but the "
		                       "region" : "silenced, those of the region", l->controls, l->size);
		break;
	case GB_LESION_REFITTED:
		gb_page_text(page, "Refitted: ridge decoders trained %s, penalties chosen anew: %s. Beside "
		                   "it, the same for each of the %zu random regions, and ridge of all voxels "
		             "(intact).", l->keep ? "on the region alone" : "on all voxels but the region",
		             l->keep ? "what the region suffices "
		                       "for" : "a loss is what only this region carries, "
		                               "linearly", l->controls);
		break;
	case GB_LESION_LATENT:
		gb_page_heading(page, "Without what the region reads of z");
		gb_page_text(page, "To predict the region (%zu of %zu voxels) the model's head reads its "
		                   "bottleneck z: %g %% of the variance of what it reads, on the train rows, "
		             "lies in %zu of the %zu directions of z. These were held at their mean over the "
		             "train rows, and everything was decoded from the z that is left. "
		             "Beside it, the same with %zu random contiguous regions of %zu voxels, as many "
		             "directions each.", l->size, l->voxels,
		             100 * GB_LATENT_SHARE, l->rank, l->width, l->controls, l->size);
		if (l->brains)
			gb_page_text(page, "r of each voxel is in r_latent_lesion.nii.gz.");
		gb_page_text(page, "This is a statement about the model: what it has in common for this "
		                   "region and for others. It is none about what the brain, or a patient, "
		                   "would lose.");
		break;
	}
}

static gb_status histogram(gb_page *page, const gb_lesion *l, size_t f, gb_err *err)
{
	bool r = f < l->brains;
	float *value = gb_array(l->controls, sizeof *value, err);
	gb_mark mark[] = {{l->score[f], "region"}, {l->intact[f], "intact"}};
	gb_plot plot = {.title = l->feature[f],
	                .x = r ? "mean r over voxels"
	                       : "rank percentile of the true row",
	                .y = "regions", .width = 620, .height = 260, .mark = mark, .marks = 2};
	gb_canvas canvas;
	char caption[300];
	gb_status status;

	for (size_t k = 0; value && k < l->controls; k++)
		value[k] = (float)l->control[f * l->controls + k];
	status = value ? gb_plot_histogram(&canvas, &plot, value, l->controls, err) : GB_SYSTEM;
	free(value);
	if (status)
		return status;
	snprintf(caption, sizeof caption,
	         "%s%s%s: intact %.3f, with the lesion %.3f; random regions of the "
	         "same size %.3f on average.",
	         l->feature[f],
	         l->kind == GB_LESION_REFITTED       ? ", refitted"
	         : l->kind == GB_LESION_LATENT && !r ? ", stimulus to stimulus"
	                                             : "",
	         r ? ", mean r" : "", l->intact[f], l->score[f],
	         gb_score_mean(l->control + f * l->controls, l->controls));
	return gb_page_figure(page, &canvas, caption, err);
}

gb_status gb_report_lesions(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_lesion *all[] = {&r->lesions->ablated, &r->lesions->refitted, &r->lesions->from_stimulus};
	gb_status status = GB_OK;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i]->features)
			words(page, all[i]);
		for (size_t f = 0; !status && f < all[i]->features; f++)
			status = histogram(page, all[i], f, err);
	}
	return status;
}
