/* SPDX-License-Identifier: MIT */
#include "lesion/input_ablation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

gb_status gb_ablations_parse(gb_ablations *s, const char *text, gb_model *model, const gb_dataset *set, gb_err *err)
{
	gb_status status = gb_groups_parse(&s->groups, "lesion-input", text, 1, GB_GROUPS_MAX, false, NULL, set, err);

	for (size_t g = 0; !status && g < s->groups.count; g++)
		status = gb_model_ablate(model, s->groups.group[g].name, s->groups.group[g].names, err);
	return status || !text ? status : gb_model_ablate(model, NULL, 0, err);
}

/* r without the group, and the loss against INTACT [GB_RESAMPLES]. */
static gb_status encode(gb_ablation *s, const gb_encoding *e, const gb_decoding_options *o, const double *intact, gb_err *err)
{
	float *predicted = gb_array(e->scored.rows * e->voxels, sizeof *predicted, err);
	double *now = predicted ? gb_array(2 * GB_RESAMPLES, sizeof *now, err) : NULL, r;
	gb_status status = now ? gb_encoding_predict(o->model, o->set, e->subject, e->row, e->scored.rows, predicted, o->pool, err) : GB_SYSTEM;

	if (!status)
		status = gb_feature_set_score(e, predicted, &r, now, o->pool, err);
	if (!status) {
		for (size_t b = 0; b < e->blocks.resamples; b++)
			now[GB_RESAMPLES + b] = intact[b] - now[b];
		s->loss = gb_interval_of(&e->blocks, e->score.mean - r, now + GB_RESAMPLES);
		s->r = gb_interval_of(&e->blocks, r, now);
	}
	free(predicted);
	free(now);
	return status;
}

static gb_status decode(gb_ablation *s, const gb_decoding_options *options, const gb_decoded *decoded, size_t count, gb_err *err)
{
	gb_decoding_options o = *options;
	gb_status status = GB_OK;

	for (size_t f = 0; !status && f < count; f++) {
		o.feature = decoded[f].feature;
		s->percentile[f] = NAN;
		if (!decoded[f].from_brain)
			status = gb_decoded_percentile(&o, &decoded[f], &s->percentile[f], err);
	}
	return status;
}

static gb_status encoding_metrics(const gb_ablation *s, const gb_encoding *e, const char *name, const gb_dataset *set,
                                  gb_metrics *metrics, gb_err *err)
{
	char *target = gb_encoding_target(e, set, err), *r = target ? gb_format(err, "mean r with %s silenced", name) : NULL,
	     *loss = r ? gb_format(err, "loss of mean r with %s silenced", name) : NULL,
	     *r_key = loss ? gb_format(err, "lesion.%s.encoding.r.mean", name) : NULL,
	     *loss_key = r_key ? gb_format(err, "lesion.%s.encoding.r.loss", name) : NULL;
	gb_metric m = gb_feature_set_metric(target, r_key, r, s->r, "ceiling: intact; the weights as they are");
	gb_status status;

	m.ceiling = e->score.mean;
	GB_TRY(loss_key ? gb_metrics_add(metrics, &m, err) : GB_SYSTEM);
	m = gb_feature_set_metric(target, loss_key, loss, s->loss, "nothing silenced, paired; the weights as they are");
	GB_TRY(gb_metrics_add(metrics, &m, err));
done:
	free(target);
	free(r);
	free(loss);
	free(r_key);
	free(loss_key);
	return status;
}

static gb_status decoding_metrics(const gb_ablation *s, const gb_decoded *decoded, size_t count, const char *name, gb_metrics *metrics,
                                  gb_err *err)
{
	char *figure = gb_format(err, "rank percentile with %s silenced", name),
	     *key = figure ? gb_format(err, "lesion.%s.decoding.identification.percentile", name) : NULL;
	gb_status status = key ? GB_OK : GB_SYSTEM;

	for (size_t f = 0; !status && f < count; f++) {
		gb_metric m = gb_metric_make(decoded[f].direction, decoded[f].feature, key, figure, s->percentile[f]);

		m.ceiling = decoded[f].identification.percentile;
		m.chance = 0.5;
		m.control = "chance; ceiling: intact; the weights as they are";
		if (!decoded[f].from_brain)
			status = gb_metrics_add(metrics, &m, err);
	}
	free(figure);
	free(key);
	return status;
}

gb_status gb_ablations_make(gb_ablations *s, const gb_encoding *e, gb_decoding_options o, const gb_decoded *decoded, size_t count,
                           gb_metrics *metrics, gb_err *err)
{
	double *intact = gb_array(GB_RESAMPLES, sizeof *intact, err), r;
	gb_status status = GB_OK, back;

	s->silence = intact ? gb_array(s->groups.count, sizeof *s->silence, err) : NULL;
	status = !s->silence ? GB_SYSTEM : e ? gb_feature_set_score(e, e->predicted, &r, intact, o.pool, err) : GB_OK;
	for (size_t g = 0; !status && g < s->groups.count; g++) {
		gb_ablation *one = &s->silence[s->count++];
		const gb_group *group = &s->groups.group[g];

		one->r = one->loss = (gb_interval){NAN, NAN, NAN};
		one->percentile = gb_array(count + 1, sizeof *one->percentile, err);
		status = one->percentile ? gb_model_ablate(o.model, group->name, group->names, err) : GB_SYSTEM;
		if (!status && e)
			status = encode(one, e, &o, intact, err);
		if (!status)
			status = decode(one, &o, decoded, count, err);
		if (!status && e)
			status = encoding_metrics(one, e, group->text, o.set, metrics, err);
		if (!status)
			status = decoding_metrics(one, decoded, count, group->text, metrics, err);
	}
	free(intact);
	back = status ? GB_OK : gb_model_ablate(o.model, NULL, 0, err);
	return status ? status : back;
}

void gb_ablations_clear(gb_ablations *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->silence[i].percentile);
	free(s->silence);
	gb_groups_clear(&s->groups);
	*s = (gb_ablations){0};
}
