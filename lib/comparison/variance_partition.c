/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"
#include "comparison/feature_sets.h"

/* What the full model owes to each group: its prediction less that with the group silenced. */
static gb_status products(gb_variance_partition *p, const gb_refit_options *o, const gb_groups *groups, gb_model *full, const float *predicted,
                          const float *base, double *resample, gb_err *err)
{
	const gb_encoding *e = o->encoding;
	size_t cells = e->scored.rows * e->voxels;
	gb_prediction prediction = {predicted, e->measured, base, e->scored.rows, e->voxels};
	float *part = gb_array(cells, sizeof *part, err);
	gb_status status = part ? GB_OK : GB_SYSTEM;

	for (size_t g = 0; !status && g < groups->count + o->nuisance->count; g++) {
		const gb_group *group = g < groups->count ? &groups->group[g] : &o->nuisance->group[0];
		double value;

		status = gb_model_ablate(full, group->name, group->names, err);
		if (!status)
			status = gb_model_encode(full, o->set, e->subject, e->row, e->scored.rows, part, o->pool, err);
		for (size_t i = 0; !status && i < cells; i++)
			part[i] = predicted[i] - part[i];
		if (!status)
			status = gb_bootstrap_mean_share(&e->blocks, &prediction, part, &value, resample, o->pool, err);
		if (!status)
			p->product[g] = gb_interval_of(&e->blocks, value, resample);
	}
	free(part);
	return status;
}

/* R² of the model of each set of groups: VALUE [1 << groups], RESAMPLE [1 << groups, GB_RESAMPLES]. */
static gb_status all_models(gb_variance_partition *p, const gb_refit_options *o, const gb_groups *groups, double *value, double *resample, gb_err *err)
{
	const gb_encoding *e = o->encoding;
	uint32_t all = (1u << groups->count) - 1, bare = o->nuisance->count > 0;
	float *predicted = gb_array(e->scored.rows * e->voxels, sizeof *predicted, err), *base = predicted ? gb_array(e->voxels, sizeof *base, err) : NULL;
	double *scratch = base ? gb_array(GB_RESAMPLES, sizeof *scratch, err) : NULL;
	gb_prediction prediction = {predicted, e->measured, base, e->scored.rows, e->voxels};
	gb_status status = scratch ? GB_OK : GB_SYSTEM;

	for (uint32_t which = all + 1; !status && which-- > 0;) {
		const float *mean;
		gb_model *model;

		if (which == 0 && !o->nuisance->count) /* no model: the train mean, whose R² is 0 */
			break;
		gb_progress_report(o->progress, "models of the partition", all - which, all + bare);
		status = gb_refit_make(&model, o, groups, which, predicted, err);
		if (!status && which == all)
			status = gb_checkpoint_floats(gb_model_file(model), "encode.offset", (int64_t)e->voxels, -1, &mean, err);
		if (!status && which == all)
			memcpy(base, mean, e->voxels * sizeof *base);
		if (!status)
			status = gb_bootstrap_mean_share(&e->blocks, &prediction, NULL, &value[which],
			                                 resample + (size_t)which * GB_RESAMPLES, o->pool, err);
		if (!status && which == all)
			status = products(p, o, groups, model, predicted, base, scratch, err);
		gb_model_close(model);
	}
	if (!status)
		gb_progress_report(o->progress, "models of the partition", all + bare, all + bare);
	free(predicted);
	free(base);
	free(scratch);
	return status;
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

gb_status gb_variance_partition_make(gb_variance_partition *p, const gb_refit_options *o, const gb_groups *groups, gb_err *err)
{
	const gb_bootstrap *blocks = &o->encoding->blocks;
	uint32_t count = 1u << groups->count, all = count - 1;
	double value[1 << GB_VARIANCE_PARTITION_MAX] = {0}, *resample, *one;
	gb_status status;

	*p = (gb_variance_partition){.groups = groups->count, .has_nuisance = o->nuisance->count > 0};
	resample = gb_array((size_t)(count + 1) * GB_RESAMPLES, sizeof *resample, err);
	if (!resample)
		return GB_SYSTEM;
	one = resample + (size_t)count * GB_RESAMPLES;
	status = all_models(p, o, groups, value, resample, err);
	for (uint32_t which = 1; !status && which < count; which++) {
		for (size_t b = 0; b < blocks->resamples; b++)
			one[b] = commonality(resample + b, GB_RESAMPLES, which, all);
		p->common[which] = gb_interval_of(blocks, commonality(value, 1, which, all), one);
	}
	for (size_t g = 0; !status && g < groups->count; g++)
		p->alone[g] = gb_interval_of(blocks, value[1u << g], resample + ((size_t)1 << g) * GB_RESAMPLES);
	if (!status) {
		p->full = gb_interval_of(blocks, value[all], resample + (size_t)all * GB_RESAMPLES);
		p->nuisance = gb_interval_of(blocks, value[0], resample);
	}
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
		longer = gb_format(err, "%s%s%s", text, *text ? which >> (g + 1) ? ", " : " and " : "", groups->group[g].text);
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

/* Of the groups WHICH: "partition: FIGURE text and mel", "partition.text_and_mel.KEY"; the R² of all is "partition.full.r2". */
static gb_status add_figure(const partition_figures *f, const char *key, const char *figure, uint32_t which, gb_interval x,
                            const char *control, gb_err *err)
{
	bool full = which == (1u << f->partition->groups) - 1 && !strcmp(key, "r2");
	char *name = gb_variance_partition_name(f->groups, which, err),
	     *text = name ? gb_format(err, "partition: %s %s", figure, name) : NULL,
	     *path = text ? gb_format(err, "partition.%s.%s", full ? "full" : name, key) : NULL;
	gb_metric m = gb_feature_set_metric(f->target, path, text, x, control);
	gb_status status = path ? gb_metrics_add(f->metrics, &m, err) : GB_SYSTEM;

	free(name);
	free(text);
	free(path);
	return status;
}

static gb_status add_nuisance(const partition_figures *f, const char *key, const char *figure, gb_interval x, const char *control, gb_err *err)
{
	gb_metric m = gb_feature_set_metric(f->target, key, figure, x, control);

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
			status = size == 1 ? add_figure(f, "unique", "unique R² of", which, x, "ridge of all, less that without it, refitted", err)
			                   : add_figure(f, "shared", "R² shared by", which, x,
			                                "inclusion and exclusion of refitted ridges; may be negative", err);
		}
	return status;
}

gb_status gb_variance_partition_metrics(const gb_variance_partition *p, const gb_groups *groups, const char *target,
                                        gb_metrics *metrics, gb_err *err)
{
	const partition_figures f = {p, groups, target, metrics};
	const char *mean = "the train mean", *than = p->has_nuisance ? "the train mean; nuisance is in the model" : mean,
	           *one_model = "the one full model, nothing refitted";
	gb_status status;

	GB_TRY(add_figure(&f, "r2", "R² of", (1u << p->groups) - 1, p->full, than, err));
	GB_TRY(add_nuisance(&f, "partition.nuisance.r2", "partition: R² of nuisance alone", p->nuisance, mean, err));
	for (size_t g = 0; g < p->groups; g++)
		GB_TRY(add_figure(&f, "r2", "R² of the model of", 1u << g, p->alone[g], than, err));
	GB_TRY(add_common(&f, err));
	for (size_t g = 0; g < p->groups; g++)
		GB_TRY(add_figure(&f, "product", "product measure of", 1u << g, p->product[g], one_model, err));
	GB_TRY(add_nuisance(&f, "partition.nuisance.product", "partition: product measure of nuisance", p->product[p->groups], one_model, err));
done:
	return status;
}
