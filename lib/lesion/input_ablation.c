/* SPDX-License-Identifier: MIT */
#include "lesion/input_ablation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/encoding_metrics.h"

gb_status gb_ablations_parse(gb_ablations *s, const char *text, gb_model *model, const gb_dataset *set,
                             gb_err *err)
{
	const gb_groups_rule rule = {.option = "lesion-input", .least = 1, .most = GB_GROUPS_MAX};
	gb_status status = gb_groups_parse(&s->groups, text, &rule, set, err);

	for (size_t g = 0; !status && g < s->groups.count; g++)
		status = gb_model_ablate(model, s->groups.group[g].name, s->groups.group[g].names, err);
	return status || !text ? status : gb_model_ablate(model, NULL, 0, err);
}

/* r without the group, and its loss against INTACT [GB_RESAMPLES]. */
static gb_status encode(gb_ablation *s, const gb_encoding *e, const gb_decoding_options *o,
                        const double *intact, gb_err *err)
{
	float *predicted = gb_array(e->scored.rows * e->voxels, sizeof *predicted, err);
	double *now = predicted ? gb_array(2 * GB_RESAMPLES, sizeof *now, err) : NULL, r;
	gb_status status;

	GB_TRY(now ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_encoding_predict(o->model, o->set, e->subject, e->row, e->scored.rows, predicted, o->pool,
	                           err));
	GB_TRY(gb_interval_mean_r(e, predicted, &r, now, o->pool, err));
	for (size_t b = 0; b < e->blocks.resamples; b++)
		now[GB_RESAMPLES + b] = intact[b] - now[b];
	s->loss = gb_interval_of(&e->blocks, e->score.mean - r, now + GB_RESAMPLES);
	s->r = gb_interval_of(&e->blocks, r, now);
done:
	free(now);
	free(predicted);
	return status;
}

static gb_status decode(gb_ablation *s, const gb_decoding_options *options, const gb_intact *intact,
                        gb_err *err)
{
	gb_decoding_options o = *options;
	gb_status status = GB_OK;

	for (size_t f = 0; !status && f < intact->decodeds; f++) {
		o.feature = intact->decoded[f].feature;
		s->percentile[f] = NAN;
		if (!intact->decoded[f].from_brain)
			status = gb_decoded_percentile(&o, &intact->decoded[f], &s->percentile[f], err);
	}
	return status;
}

static gb_status encoding_metrics(const gb_ablation *s, const gb_encoding *e, const char *name,
                                  const gb_dataset *set, gb_metrics *metrics, gb_err *err)
{
	char *target = gb_encoding_target(e, set, err),
	     *r = target ? gb_format(err, "mean r with %s silenced", name) : NULL,
	     *loss = r ? gb_format(err, "loss of mean r with %s silenced", name) : NULL,
	     *r_key = loss ? gb_format(err, "lesion.%s.encoding.r.mean", name) : NULL,
	     *loss_key = r_key ? gb_format(err, "lesion.%s.encoding.r.loss", name) : NULL;
	gb_metric m = gb_interval_metric(target, r_key, r, s->r, "ceiling: intact; the weights as they are");
	gb_status status;

	m.ceiling = e->score.mean;
	GB_TRY(loss_key ? gb_metrics_add(metrics, &m, err) : GB_SYSTEM);
	m = gb_interval_metric(target, loss_key, loss, s->loss,
	                       "nothing silenced, paired; the weights as they are");
	GB_TRY(gb_metrics_add(metrics, &m, err));
done:
	free(target);
	free(r);
	free(loss);
	free(r_key);
	free(loss_key);
	return status;
}

static gb_status decoding_metrics(const gb_ablation *s, const gb_intact *intact, const char *name,
                                  gb_metrics *metrics, gb_err *err)
{
	char *figure = gb_format(err, "rank percentile with %s silenced", name),
	     *key = figure ? gb_format(err, "lesion.%s.decoding.identification.percentile", name) : NULL;
	gb_status status = key ? GB_OK : GB_SYSTEM;

	for (size_t f = 0; !status && f < intact->decodeds; f++) {
		const gb_decoded *d = &intact->decoded[f];
		gb_metric m = gb_metric_make(d->direction, d->feature, key, figure, s->percentile[f]);

		m.ceiling = d->identification.percentile;
		m.chance = 0.5;
		m.control = "chance; ceiling: intact; the weights as they are";
		if (!d->from_brain)
			status = gb_metrics_add(metrics, &m, err);
	}
	free(figure);
	free(key);
	return status;
}

gb_status gb_ablations_make(gb_ablations *s, const gb_intact *intact, gb_decoding_options o,
                            gb_metrics *metrics, gb_err *err)
{
	const gb_encoding *e = intact->encoding;
	double *r_intact = gb_array(GB_RESAMPLES, sizeof *r_intact, err), r;
	gb_status status;

	s->ablation = r_intact ? gb_array(s->groups.count, sizeof *s->ablation, err) : NULL;
	GB_TRY(s->ablation ? GB_OK : GB_SYSTEM);
	if (e)
		GB_TRY(gb_interval_mean_r(e, e->predicted, &r, r_intact, o.pool, err));
	for (size_t g = 0; g < s->groups.count; g++) {
		gb_ablation *one = &s->ablation[s->count++];
		const gb_group *group = &s->groups.group[g];

		one->r = one->loss = (gb_interval){NAN, NAN, NAN};
		one->percentile = gb_array(intact->decodeds + 1, sizeof *one->percentile, err);
		GB_TRY(one->percentile ? gb_model_ablate(o.model, group->name, group->names, err)
		                       : GB_SYSTEM);
		if (e)
			GB_TRY(encode(one, e, &o, r_intact, err));
		GB_TRY(decode(one, &o, intact, err));
		if (e)
			GB_TRY(encoding_metrics(one, e, group->text, o.set, metrics, err));
		GB_TRY(decoding_metrics(one, intact, group->text, metrics, err));
	}
	GB_TRY(gb_model_ablate(o.model, NULL, 0, err));
done:
	free(r_intact);
	return status;
}

void gb_ablations_clear(gb_ablations *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->ablation[i].percentile);
	free(s->ablation);
	gb_groups_clear(&s->groups);
	*s = (gb_ablations){0};
}
