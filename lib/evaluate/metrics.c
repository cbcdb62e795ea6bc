/* SPDX-License-Identifier: MIT */
#include "evaluate/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

gb_metric gb_metric_none(void)
{
	return (gb_metric){NULL, NULL, NULL, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NULL};
}

static const char *keep(gb_metrics *m, const char *text, gb_err *err)
{
	char *copy;

	if (!text)
		return NULL;
	copy = gb_string(text, err);
	if (!copy || gb_grow(&m->owned, m->owneds + 1, sizeof *m->owned, err)) {
		free(copy);
		return NULL;
	}
	m->owned[m->owneds++] = copy;
	return copy;
}

gb_status gb_metrics_add(gb_metrics *m, const gb_metric *metric, gb_err *err)
{
	gb_metric *to;

	if (isnan(metric->chance) && isnan(metric->null_mean) && isnan(metric->ceiling) && isnan(metric->baseline) && isnan(metric->low))
		return gb_fail(err, GB_DATA, "%s: %s: a figure without its control is not printed", metric->target, metric->figure);
	if (gb_grow(&m->metric, m->count + 1, sizeof *m->metric, err))
		return GB_SYSTEM;
	to = &m->metric[m->count];
	*to = *metric;
	to->direction = keep(m, metric->direction, err);
	to->target = keep(m, metric->target, err);
	to->figure = keep(m, metric->figure, err);
	to->control = keep(m, metric->control ? metric->control : "", err);
	if (!to->direction || !to->target || !to->figure || !to->control)
		return GB_SYSTEM;
	m->count++;
	return GB_OK;
}

void gb_metrics_clear(gb_metrics *m)
{
	for (size_t i = 0; i < m->owneds; i++)
		free(m->owned[i]);
	free(m->owned);
	free(m->metric);
	*m = (gb_metrics){0};
}

static void print_number(FILE *out, double value)
{
	if (isnan(value))
		fputs("\tn/a", out);
	else
		fprintf(out, "\t%.6g", value);
}

char *gb_metrics_tsv(const gb_metrics *m, gb_err *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		gb_fail(err, GB_SYSTEM, "metrics: memory is short");
		return NULL;
	}
	fputs("direction\ttarget\tfigure\tvalue\tlow\thigh\tceiling\tof_ceiling\tridge\tminus_ridge\tminus_ridge_low\tminus_ridge_high\t"
	      "null_mean\tnull_sd\tp\tnulls\tchance\tcontrol\n", out);
	for (size_t i = 0; i < m->count; i++) {
		const gb_metric *x = &m->metric[i];
		const double number[] = {x->value, x->low, x->high, x->ceiling, x->share, x->baseline, x->difference, x->difference_low,
		                         x->difference_high, x->null_mean, x->null_sd, x->p, x->nulls, x->chance};

		fprintf(out, "%s\t%s\t%s", x->direction, x->target, x->figure);
		for (size_t k = 0; k < sizeof number / sizeof *number; k++)
			print_number(out, number[k]);
		fprintf(out, "\t%s\n", *x->control ? x->control : "n/a");
	}
	if (fclose(out)) {
		free(text);
		gb_fail(err, GB_SYSTEM, "metrics: memory is short");
		return NULL;
	}
	return text;
}
