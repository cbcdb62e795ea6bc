/* SPDX-License-Identifier: MIT */
#include "comparison/interval.h"

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

gb_status gb_interval_mean_r(const gb_encoding *e, const float *predicted, double *r, double *resample,
                             gb_pool *pool, gb_err *err)
{
	size_t rows = e->scored.rows;
	double *voxel = gb_array(e->voxels, sizeof *voxel, err);
	gb_status status;

	*r = NAN;
	GB_TRY(voxel ? gb_score_r(predicted, e->measured, rows, e->voxels, voxel, pool, err) : GB_SYSTEM);
	*r = gb_score_mean(voxel, e->voxels);
	if (e->blocks.resamples)
		GB_TRY(gb_bootstrap_mean_r(&e->blocks, predicted, e->measured, rows, e->voxels, resample,
		                           pool, err));
done:
	free(voxel);
	return status;
}

gb_metric gb_interval_metric(const char *target, const char *key, const char *figure, gb_interval x,
                             const char *control)
{
	gb_metric m = gb_metric_make("stimulus to brain", target, key, figure, x.value);

	m.low = x.low;
	m.high = x.high;
	m.chance = 0;
	m.control = control;
	return m;
}
