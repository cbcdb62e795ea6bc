/* SPDX-License-Identifier: MIT */
#include "comparison/feature_sets.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

gb_interval gb_interval_of(const gb_bootstrap *blocks, double value, double *resample)
{
	gb_interval out = {value, NAN, NAN};

	if (blocks->resamples)
		gb_bootstrap_interval(resample, &out.low, &out.high);
	return out;
}

gb_metric gb_feature_set_metric(const char *target, const char *key, const char *figure, gb_interval x, const char *control)
{
	gb_metric m = gb_metric_make("stimulus to brain", target, key, figure, x.value);

	m.low = x.low;
	m.high = x.high;
	m.chance = 0;
	m.control = control;
	return m;
}

gb_status gb_feature_set_score(const gb_encoding *e, const float *predicted, double *r, double *resample, gb_pool *pool, gb_err *err)
{
	double *voxel = gb_array(e->voxels, sizeof *voxel, err);
	gb_status status = voxel ? gb_score_r(predicted, e->measured, e->scored.rows, e->voxels, voxel, pool, err) : GB_SYSTEM;

	*r = status ? NAN : gb_score_mean(voxel, e->voxels);
	free(voxel);
	return status || !e->blocks.resamples
	           ? status
	           : gb_bootstrap_mean_r(&e->blocks, predicted, e->measured, e->scored.rows, e->voxels, resample, pool, err);
}

gb_status gb_feature_sets_parse(gb_feature_sets *a, const char *nested, const char *partition, const char *nuisance, const gb_dataset *set, gb_err *err)
{
	gb_status status = gb_groups_parse(&a->nuisance, "nuisance", nuisance, 1, 1, true, NULL, set, err);

	if (!status && nuisance && !nested && !partition)
		status = gb_fail(err, GB_USAGE, "--nuisance: stands in every model of --nested or --partition; one of them is wanted");
	if (!status)
		status = gb_groups_parse(&a->steps, "nested", nested, 1, GB_GROUPS_MAX, true, &a->nuisance, set, err);
	return status ? status : gb_groups_parse(&a->parts, "partition", partition, 2, GB_VARIANCE_PARTITION_MAX, true, &a->nuisance, set, err);
}

gb_status gb_feature_sets_make(gb_feature_sets *a, const gb_refit_options *options, gb_metrics *metrics, gb_err *err)
{
	gb_refit_options o = *options;
	char *target = gb_encoding_target(o.encoding, o.set, err);
	gb_status status = target ? GB_OK : GB_SYSTEM;

	o.nuisance = &a->nuisance;
	if (!status && a->steps.count)
		status = gb_nested_models_make(&a->nested, &o, &a->steps, err);
	if (!status)
		status = gb_nested_models_metrics(&a->nested, target, metrics, err);
	if (!status && a->parts.count)
		status = gb_variance_partition_make(&a->partition, &o, &a->parts, err);
	if (!status && a->parts.count)
		status = gb_variance_partition_metrics(&a->partition, &a->parts, target, metrics, err);
	free(target);
	return status;
}

void gb_feature_sets_clear(gb_feature_sets *a)
{
	gb_nested_models_clear(&a->nested);
	gb_groups_clear(&a->steps);
	gb_groups_clear(&a->parts);
	gb_groups_clear(&a->nuisance);
	*a = (gb_feature_sets){0};
}
