/* SPDX-License-Identifier: MIT */
#include "comparison/variance_partition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"

typedef struct work {
	gb_variance_partition *partition;
	const gb_refit_options *o;
	const gb_groups *groups;
	double *value,
		/* [1 << groups] R² of the model of each set of groups; [1 << groups, GB_RESAMPLES] */
		*resample;
	float *predicted, *base;     /* [rows, voxels] of the model at hand; [voxels] the train mean */
} work;

static gb_prediction prediction_of(const work *w)
{
	const gb_encoding *e = w->o->encoding;

	return (gb_prediction){w->predicted, e->measured, w->base, e->scored.rows, e->voxels};
}

/* The product measure of each group: its part is the full prediction less the one with the group ablated. */
static gb_status products(const work *w, gb_model *full, gb_err *err)
{
	const gb_refit_options *o = w->o;
	const gb_encoding *e = o->encoding;
	size_t cells = e->scored.rows * e->voxels;
	gb_prediction prediction = prediction_of(w);
	float *part = gb_array(cells, sizeof *part, err);
	double *resample = part ? gb_array(GB_RESAMPLES, sizeof *resample, err) : NULL, value;
	gb_status status;

	GB_TRY(resample ? GB_OK : GB_SYSTEM);
	for (size_t g = 0; g < w->groups->count + o->nuisance->count; g++) {
		const gb_group *group = g < w->groups->count ? &w->groups->group[g] : &o->nuisance->group[0];

		GB_TRY(gb_model_ablate(full, group->name, group->names, err));
		GB_TRY(gb_model_encode(full, o->set, e->subject, e->row, e->scored.rows, part, o->pool, err));
		for (size_t i = 0; i < cells; i++)
			part[i] = w->predicted[i] - part[i];
		GB_TRY(gb_bootstrap_mean_share(&e->blocks, &prediction, part, &value, resample, o->pool,
		                               err));
		w->partition->product[g] = gb_interval_of(&e->blocks, value, resample);
	}
done:
	free(resample);
	free(part);
	return status;
}

/* R² of the model of the groups WHICH, and products of the full one. */
static gb_status score_model(const work *w, uint32_t which, gb_err *err)
{
	const gb_encoding *e = w->o->encoding;
	bool full = which == (1u << w->groups->count) - 1;
	gb_prediction prediction = prediction_of(w);
	const float *mean;
	gb_model *model;
	gb_status status;

	GB_TRY(gb_refit_make(&model, w->o, w->groups, which, w->predicted, err));
	if (full) {
		GB_TRY(gb_checkpoint_floats(gb_model_file(model), "encode.offset", (int64_t)e->voxels, -1,
		                            &mean, err));
		memcpy(w->base, mean, e->voxels * sizeof *w->base);
	}
	GB_TRY(gb_bootstrap_mean_share(&e->blocks, &prediction, NULL, &w->value[which],
	                               w->resample + (size_t)which * GB_RESAMPLES, w->o->pool, err));
	if (full)
		GB_TRY(products(w, model, err));
done:
	gb_model_close(model);
	return status;
}

static gb_status score_models(const work *w, gb_err *err)
{
	uint32_t all = (1u << w->groups->count) - 1, bare = w->o->nuisance->count > 0;

	/* Without nuisance no groups are no model: the train mean, whose R² is 0. */
	for (uint32_t which = all + 1; which-- > !bare;) {
		gb_status status;

		gb_progress_report(w->o->progress, "models of the partition", all - which, all + bare);
		status = score_model(w, which, err);
		if (status)
			return status;
	}
	gb_progress_report(w->o->progress, "models of the partition", all + bare, all + bare);
	return GB_OK;
}

/* Σ over the subsets T of WHICH of −(−1)^|T| R²(T and all that is not in WHICH). */
static double commonality(const double *value, size_t stride, uint32_t which, uint32_t all)
{
	double sum = 0;

	for (uint32_t t = which;; t = (t - 1) & which) {
		sum += (__builtin_popcount(t) & 1 ? 1 : -1) * value[(size_t)(t | (all & ~which)) * stride];
		if (!t)
			return sum;
	}
}

gb_status gb_variance_partition_make(gb_variance_partition *p, const gb_refit_options *o,
                                     const gb_groups *groups, gb_err *err)
{
	const gb_encoding *e = o->encoding;
	uint32_t count = 1u << groups->count, all = count - 1;
	double value[1 << GB_VARIANCE_PARTITION_MAX] = {0},
			  *resample = gb_array((size_t)(count + 1) * GB_RESAMPLES, sizeof *resample, err),
			  *one = resample ? resample + (size_t)count * GB_RESAMPLES : NULL;
	float *predicted = resample ? gb_array(e->scored.rows * e->voxels, sizeof *predicted, err) : NULL,
	      *base = predicted ? gb_array(e->voxels, sizeof *base, err) : NULL;
	const work w = {p, o, groups, value, resample, predicted, base};
	gb_status status;

	*p = (gb_variance_partition){.groups = groups->count, .has_nuisance = o->nuisance->count > 0};
	GB_TRY(base ? GB_OK : GB_SYSTEM);
	GB_TRY(score_models(&w, err));
	for (uint32_t which = 1; which < count; which++) {
		for (size_t b = 0; b < e->blocks.resamples; b++)
			one[b] = commonality(resample + b, GB_RESAMPLES, which, all);
		p->common[which] = gb_interval_of(&e->blocks, commonality(value, 1, which, all), one);
	}
	for (size_t g = 0; g < groups->count; g++)
		p->alone[g] = gb_interval_of(&e->blocks, value[1u << g],
		                             resample + ((size_t)1 << g) * GB_RESAMPLES);
	p->full = gb_interval_of(&e->blocks, value[all], resample + (size_t)all * GB_RESAMPLES);
	p->nuisance = gb_interval_of(&e->blocks, value[0], resample);
done:
	free(base);
	free(predicted);
	free(resample);
	return status;
}

char *gb_variance_partition_name(const gb_groups *groups, uint32_t which, gb_err *err)
{
	char *text = gb_string("", err);

	for (size_t g = 0; text && g < groups->count; g++) {
		char *longer;

		if (!(which >> g & 1))
			continue;
		longer = gb_format(err, "%s%s%s", text, *text ? which >> (g + 1) ? ", " : " and " : "",
		                   groups->group[g].text);
		free(text);
		text = longer;
	}
	return text;
}

typedef struct partition_figures {
	const gb_variance_partition *partition;
	const gb_groups *groups;
	const char *target;
	gb_metrics *metrics;
} partition_figures;

/* Of the groups WHICH: "partition: FIGURE text and mel", "partition.text_and_mel.KEY"; the R² of all is
 * "partition.full.r2". */
static gb_status add_figure(const partition_figures *f, const char *key, const char *figure, uint32_t which,
                            gb_interval x, const char *control, gb_err *err)
{
	bool full = which == (1u << f->partition->groups) - 1 && !strcmp(key, "r2");
	char *name = gb_variance_partition_name(f->groups, which, err),
	     *text = name ? gb_format(err, "partition: %s %s", figure, name) : NULL,
	     *path = text ? gb_format(err, "partition.%s.%s", full ? "full" : name, key) : NULL;
	gb_metric m = gb_interval_metric(f->target, path, text, x, control);
	gb_status status = path ? gb_metrics_add(f->metrics, &m, err) : GB_SYSTEM;

	free(name);
	free(text);
	free(path);
	return status;
}

static gb_status add_nuisance(const partition_figures *f, const char *key, const char *figure, gb_interval x,
                              const char *control, gb_err *err)
{
	gb_metric m = gb_interval_metric(f->target, key, figure, x, control);

	return f->partition->has_nuisance ? gb_metrics_add(f->metrics, &m, err) : GB_OK;
}

/* Unique parts, then what two groups share, then three … */
static gb_status add_common(const partition_figures *f, gb_err *err)
{
	gb_status status = GB_OK;

	for (int size = 1; !status && size <= (int)f->partition->groups; size++)
		for (uint32_t which = 1; !status && which < 1u << f->partition->groups; which++) {
			gb_interval x = f->partition->common[which];

			if (__builtin_popcount(which) != size)
				continue;
			status = size == 1 ? add_figure(f, "unique", "unique R² of", which, x,
			                                "ridge of all, less that without it, refitted", err)
			                   : add_figure(f, "shared", "R² shared by", which, x,
			                                "inclusion and exclusion of refitted ridges; may be "
			                                "negative",
			                                err);
		}
	return status;
}

gb_status gb_variance_partition_metrics(const gb_variance_partition *p, const gb_groups *groups,
                                        const char *target, gb_metrics *metrics, gb_err *err)
{
	const partition_figures f = {p, groups, target, metrics};
	const char *mean = "the train mean",
		   *than = p->has_nuisance ? "the train mean; nuisance is in the model" : mean,
		   *one_model = "the one full model, nothing refitted";
	gb_status status;

	GB_TRY(add_figure(&f, "r2", "R² of", (1u << p->groups) - 1, p->full, than, err));
	GB_TRY(add_nuisance(&f, "partition.nuisance.r2", "partition: R² of nuisance alone", p->nuisance, mean,
	                    err));
	for (size_t g = 0; g < p->groups; g++)
		GB_TRY(add_figure(&f, "r2", "R² of the model of", 1u << g, p->alone[g], than, err));
	GB_TRY(add_common(&f, err));
	for (size_t g = 0; g < p->groups; g++)
		GB_TRY(add_figure(&f, "product", "product measure of", 1u << g, p->product[g], one_model,
		                  err));
	GB_TRY(add_nuisance(&f, "partition.nuisance.product", "partition: product measure of nuisance",
	                    p->product[p->groups], one_model, err));
done:
	return status;
}
