/* SPDX-License-Identifier: MIT */
#include "comparison/nested_models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

gb_status gb_nested_models_make(gb_nested_models *n, const gb_refit_options *o, const gb_groups *groups,
                                gb_err *err)
{
	const gb_encoding *e = o->encoding;
	size_t bare = o->nuisance->count > 0, count = groups->count + bare;
	double *now = gb_array(2 * GB_RESAMPLES, sizeof *now, err), *before = now ? now + GB_RESAMPLES : NULL,
	       r;
	float *predicted = now ? gb_array(e->scored.rows * e->voxels, sizeof *predicted, err) : NULL;
	gb_status status;

	*n = (gb_nested_models){.step = predicted ? gb_array(count, sizeof *n->step, err) : NULL};
	GB_TRY(n->step ? GB_OK : GB_SYSTEM);
	for (size_t i = 0; i < count; i++) {
		gb_nested_model *step = &n->step[n->steps++];
		gb_model *model;

		gb_progress_report(o->progress, "nested models", i, count);
		step->added = bare && i == 0 ? "nuisance" : groups->group[i - bare].text;
		status = gb_refit_make(&model, o, groups, (1u << (i + 1 - bare)) - 1, predicted, err);
		gb_model_close(model);
		GB_TRY(status);
		GB_TRY(gb_interval_mean_r(e, predicted, &r, now, o->pool, err));
		step->gain = (gb_interval){NAN, NAN, NAN};
		for (size_t b = 0; i && b < e->blocks.resamples; b++)
			before[b] = now[b] - before[b];
		if (i)
			step->gain = gb_interval_of(&e->blocks, r - n->step[i - 1].r.value, before);
		memcpy(before, now, GB_RESAMPLES * sizeof *now);
		step->r = gb_interval_of(&e->blocks, r, now);
	}
	gb_progress_report(o->progress, "nested models", count, count);
done:
	free(predicted);
	free(now);
	if (status)
		gb_nested_models_clear(n);
	return status;
}

void gb_nested_models_clear(gb_nested_models *n)
{
	free(n->step);
	*n = (gb_nested_models){0};
}

gb_status gb_nested_models_metrics(const gb_nested_models *n, const char *target, gb_metrics *metrics,
                                   gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < n->steps; i++) {
		const gb_nested_model *step = &n->step[i];
		char *figure = gb_format(err, "nested ridge: mean r of %s%s", i ? "all before and " : "",
		                         step->added),
		     *key = gb_format(err, "nested.%s.r.mean", step->added);
		gb_metric m = gb_interval_metric(target, key, figure, step->r,
		                                 i ? "ridge: the model before, without it" : "chance");

		if (i) {
			m.baseline = n->step[i - 1].r.value;
			m.difference = step->gain.value;
			m.difference_low = step->gain.low;
			m.difference_high = step->gain.high;
		}
		status = figure && key ? gb_metrics_add(metrics, &m, err) : GB_SYSTEM;
		free(figure);
		free(key);
	}
	return status;
}
