/* SPDX-License-Identifier: MIT */
#include "lesion/lesion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "comparison/refit.h"
#include "lesion/region.h"

/* ---- the region, and random ones ---- */

gb_status gb_lesion_open(gb_lesion *l, gb_lesion_type kind, const gb_lesion_options *o, size_t features,
                         gb_err *err)
{
	size_t voxels = o->brain->mask.voxels;

	*l = (gb_lesion){.kind = kind, .keep = o->keep, .voxels = voxels, .features = features,
	                 .controls = o->controls ? o->controls : voxels};
	l->feature = gb_array(l->features, sizeof(const char *), err);
	l->intact = l->feature ? gb_array(2 * l->features, sizeof(double), err) : NULL;
	l->control = l->intact ? gb_array(l->features * l->controls, sizeof(double), err) : NULL;
	l->score = l->intact + l->features;
	if (!l->control)
		gb_lesion_clear(l);
	return l->control ? GB_OK : GB_SYSTEM;
}

static gb_status random_regions(gb_lesion *l, const gb_lesion_options *o, gb_lesion_scorer *scorer,
                                void *context, uint8_t *region, gb_err *err)
{
	const gb_nifti_mask *mask = &o->brain->mask;
	gb_rng rng = gb_rng_at(o->seed, 0x6c657369, 0, 0);
	size_t tries = 0, made = 0;
	bool whole;

	while (made < l->controls) {
		size_t seed = o->controls ? (size_t)gb_rng_below(&rng, mask->voxels) : tries;
		gb_status status;

		if (tries++ >= 100 * l->controls)
			return gb_fail(err, GB_DATA,
			               "%s: no contiguous region of %zu voxels fits into the mask", o->roi,
			               l->size);
		if (!o->controls && seed >= mask->voxels)
			break;
		status = gb_region_grow(mask, seed, l->size, region, &whole, err);
		if (!status && whole) {
			gb_progress_report(o->progress, "regions", made + 1, l->controls + 1);
			status = scorer(context, region, false, l->control + made++, l->controls, err);
		}
		if (status)
			return status;
	}
	if (made < l->controls) /* some voxels are in islands too small for the region: close the gaps */
		for (size_t f = 0; f < l->features; f++)
			memmove(l->control + f * made, l->control + f * l->controls,
			        made * sizeof *l->control);
	l->controls = made;
	return made ? GB_OK
	            : gb_fail(err, GB_DATA, "%s: no contiguous region of %zu voxels fits into the mask",
	                      o->roi, l->size);
}

gb_status gb_lesion_run(gb_lesion *l, const gb_lesion_options *o, gb_lesion_scorer *scorer, void *context,
                        gb_err *err)
{
	uint8_t *region = gb_array(l->voxels, 1, err);
	gb_status status;

	GB_TRY(region ? gb_region_load(o->roi, &o->brain->mask, region, &l->size, err) : GB_SYSTEM);
	gb_progress_report(o->progress, "regions", 0, l->controls + 1);
	GB_TRY(scorer(context, region, true, l->score, 1, err));
	GB_TRY(random_regions(l, o, scorer, context, region, err));
	gb_progress_report(o->progress, "regions", l->controls + 1, l->controls + 1);
done:
	free(region);
	if (status)
		gb_lesion_clear(l);
	return status;
}

void gb_lesion_clear(gb_lesion *l)
{
	free(l->feature);
	free(l->intact);
	free(l->control);
	*l = (gb_lesion){0};
}

/* ---- decoding from the brain ---- */

/* Ridge decoders of the features from the voxels with KEEP (NULL: all). */
static gb_status refit(const gb_lesion_options *o, const uint8_t *keep, gb_model **model, gb_err *err)
{
	const char *name[GB_LESION_FEATURES];
	gb_ridge_options ridge = {.tool = o->tool, .brain_kernel = "fir", .subject = o->decoding.subject,
	                          .feature = name, .seed = 1, .decoders = true, .decoders_alone = true,
	                          .voxels = keep};

	for (size_t f = 0; f < o->features && f < GB_LESION_FEATURES; f++)
		name[ridge.features++] = o->decoded[f].feature;
	return gb_refit_train(model, o->decoding.set, &ridge, o->refit, o->decoding.pool, err);
}

typedef struct ablation { const gb_lesion_options *o; uint8_t *keep; } ablation;

/* Percentiles of all features with REGION ablated (or everything else). */
static gb_status score_without(void *context, const uint8_t *region, bool asked, double *out, size_t stride,
                               gb_err *err)
{
	const gb_lesion_options *o = ((ablation *)context)->o;
	uint8_t *keep = ((ablation *)context)->keep;
	gb_model *refitted = NULL;
	gb_status status = GB_OK;

	(void)asked;
	for (size_t v = 0; v < o->brain->mask.voxels; v++)
		keep[v] = region[v] ? o->keep : !o->keep;
	if (o->refit)
		GB_TRY(refit(o, keep, &refitted, err));
	for (size_t f = 0; f < o->features; f++) {
		gb_decoding_options d = o->decoding;

		d.feature = o->decoded[f].feature;
		d.from_brain = true;
		d.keep = refitted ? NULL : keep;
		d.model = refitted ? refitted : d.model;
		GB_TRY(gb_decoded_percentile(&d, &o->decoded[f], &out[f * stride], err));
	}
done:
	gb_model_close(refitted);
	return status;
}

gb_status gb_lesion_make(gb_lesion *l, const gb_lesion_options *o, gb_err *err)
{
	ablation context = {o, gb_array(o->brain->mask.voxels, 1, err)};
	gb_status status;

	GB_TRY(context.keep ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_lesion_open(l, o->refit ? GB_LESION_REFITTED : GB_LESION_ABLATED, o, o->features, err));
	for (size_t f = 0; f < l->features; f++) {
		l->feature[f] = o->decoded[f].feature;
		l->intact[f] = o->decoded[f].identification.percentile;
	}
	GB_TRY(gb_lesion_run(l, o, score_without, &context, err));
done:
	free(context.keep);
	return status;
}

gb_status gb_lesion_refit(gb_lesion *l, const gb_lesion_options *options, const char *folder, gb_err *err)
{
	gb_lesion_options o = *options;
	gb_decoded *own = gb_array(o.features, sizeof *own, err);
	gb_model *model = NULL;
	gb_status status;

	*l = (gb_lesion){0};
	o.refit = folder;
	o.features = o.features < GB_LESION_FEATURES ? o.features : GB_LESION_FEATURES;
	GB_TRY(own ? refit(&o, NULL, &model, err) : GB_SYSTEM);
	o.decoded = own;
	o.features = 0;
	for (size_t f = 0; f < options->features; f++) {
		gb_decoding_options d = o.decoding;

		d.feature = options->decoded[f].feature;
		d.from_brain = true;
		d.model = model;
		d.weights = d.medium = NULL;
		if (gb_model_decodes(model, d.feature, true))
			GB_TRY(gb_decoded_make(&own[o.features++], &d, err));
	}
	gb_model_close(model);
	model = NULL;
	GB_TRY(o.features ? GB_OK
	                  : gb_fail(err, GB_USAGE,
	                            "--refit: ridge decodes none of these tensors from the brain"));
	GB_TRY(gb_lesion_make(l, &o, err));
	for (size_t f = 0; f < l->features; f++) /* names that outlive OWN */
		l->feature[f] = gb_dataset_find(o.decoding.set, l->feature[f], NULL)->name;
done:
	for (size_t f = 0; o.decoded == own && f < o.features; f++)
		gb_decoded_clear(&own[f]);
	gb_model_close(model);
	free(own);
	return status;
}

/* ---- figures ---- */

typedef struct lesion_figure { const char *key, *figure; } lesion_figure;

static const lesion_figure of_ablation[] = {
    {"lesion.region.decoding.identification.percentile", "rank percentile with the region silenced"},
    {"lesion.keep.decoding.identification.percentile", "rank percentile with all but the region silenced"},
};
static const lesion_figure of_refit[] = {
    {"lesion.region.refit.decoding.identification.percentile",
     "rank percentile, ridge refitted without the region"},
    {"lesion.keep.refit.decoding.identification.percentile",
     "rank percentile, ridge refitted with the region alone"},
};
static const lesion_figure of_latent[] = {
    {"lesion.latent.encoding.r.mean", "mean r over voxels, what the region reads taken out of z"},
    {"lesion.latent.encoding.r.region", "mean r in the region, what it reads taken out of z"},
    {"lesion.latent.encoding.r.outside", "mean r outside the region, what it reads taken out of z"},
    {"lesion.latent.decoding.identification.percentile",
     "rank percentile, what the region reads taken out of z"},
};

static lesion_figure figure_of(const gb_lesion *l, size_t f)
{
	if (l->kind == GB_LESION_LATENT)
		return of_latent[f < l->brains ? f : 3];
	return l->kind == GB_LESION_REFITTED ? of_refit[l->keep] : of_ablation[l->keep];
}

static const char *direction_of(const gb_lesion *l, size_t f)
{
	if (l->kind != GB_LESION_LATENT)
		return "brain to stimulus";
	return f < l->brains ? "stimulus to brain" : "stimulus to stimulus";
}

gb_status gb_lesion_metrics(const gb_lesion *l, const char *target, gb_metrics *metrics, gb_err *err)
{
	static const char *const control[] = {
		[GB_LESION_ABLATED] = "random contiguous regions of the same size; ceiling: intact",
		[GB_LESION_REFITTED] =
			"random contiguous regions of the same size, refitted; ceiling: ridge of all voxels",
	};
	char *at_rank = NULL;
	gb_status status = GB_OK;

	if (l->kind == GB_LESION_LATENT) {
		at_rank = gb_format(err,
		                    "random contiguous regions of the same size, at the same rank: %zu of "
		                    "%zu; ceiling: intact",
		                    l->rank, l->width);
		GB_TRY(at_rank ? GB_OK : GB_SYSTEM);
	}
	for (size_t f = 0; f < l->features; f++) {
		lesion_figure of = figure_of(l, f);
		gb_metric m = gb_metric_make(direction_of(l, f), f < l->brains ? target : l->feature[f],
		                             of.key, of.figure, l->score[f]);

		/* A random region reaches it by losing as much; with keep, by retaining as much. */
		gb_metric_null(&m, l->control + f * l->controls, l->controls, !l->keep);
		m.ceiling = l->intact[f];
		m.chance = f < l->brains ? 0 : 0.5;
		m.control = at_rank ? at_rank : control[l->kind];
		GB_TRY(gb_metrics_add(metrics, &m, err));
	}
done:
	free(at_rank);
	return status;
}
