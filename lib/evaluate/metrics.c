/* SPDX-License-Identifier: MIT */
#include "evaluate/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "stats/correlation.h"

gb_metric gb_metric_make(const char *direction, const char *target, const char *key, const char *figure,
                         double value)
{
	return (gb_metric){.key = key, .direction = direction, .target = target, .figure = figure,
	                   .value = value, .low = NAN, .high = NAN, .ceiling = NAN, .share = NAN,
	                   .baseline = NAN, .difference = NAN, .difference_low = NAN, .difference_high = NAN,
	                   .null_mean = NAN, .null_sd = NAN, .p = NAN, .nulls = NAN, .chance = NAN};
}

void gb_metric_shifts(gb_metric *m, double mean, double sd, double p, size_t count)
{
	m->null_mean = mean;
	m->null_sd = sd;
	m->p = p;
	m->nulls = (double)count;
	m->control = "circular shifts of 45 s and more";
}

void gb_metric_null(gb_metric *m, const double *null, size_t count, bool low)
{
	double square = 0, reached = 0, n = (double)count;

	m->null_mean = gb_score_mean(null, count);
	for (size_t i = 0; i < count; i++) {
		square += (null[i] - m->null_mean) * (null[i] - m->null_mean);
		reached += low ? null[i] <= m->value : null[i] >= m->value;
	}
	m->null_sd = sqrt(square / n);
	m->p = (1 + reached) / (1 + n);
	m->nulls = n;
}

/* TEXT becomes owned by M; NULL where it is NULL, or memory is short. */
static const char *own(gb_metrics *m, char *text, gb_err *err)
{
	if (!text || gb_grow(&m->owned, m->owneds + 1, sizeof *m->owned, err)) {
		free(text);
		return NULL;
	}
	m->owned[m->owneds++] = text;
	return text;
}

static char *clean_key(const char *text, gb_err *err)
{
	char *key = gb_string(text, err), *to = key;

	for (; key && *text; text++) {
		bool capital = *text >= 'A' && *text <= 'Z';

		if (capital || (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		    *text == '.' || *text == '-')
			*to++ = capital ? (char)(*text - 'A' + 'a') : *text;
		else if (to == key || to[-1] != '_')
			*to++ = '_';
	}
	if (key)
		*to = 0;
	return key;
}

static bool has_key(const gb_metrics *m, const gb_metric *metric, const char *key)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->metric[i].key, key) && !strcmp(m->metric[i].direction, metric->direction) &&
		    !strcmp(m->metric[i].target, metric->target))
			return true;
	return false;
}

static const char *own_key(gb_metrics *m, const gb_metric *metric, gb_err *err)
{
	const char *clean = own(m, clean_key(metric->key, err), err), *key = clean;

	for (int n = 2; key && has_key(m, metric, key); n++)
		key = own(m, gb_format(err, "%s.%d", clean, n), err);
	return key;
}

gb_status gb_metrics_add(gb_metrics *m, const gb_metric *metric, gb_err *err)
{
	gb_metric *to;

	if (isnan(metric->chance) && isnan(metric->null_mean) && isnan(metric->ceiling) &&
	    isnan(metric->baseline) && isnan(metric->low))
		return gb_fail(err, GB_DATA, "%s: %s: a figure without its control is not printed",
		               metric->target, metric->figure);
	if (gb_grow(&m->metric, m->count + 1, sizeof *m->metric, err))
		return GB_SYSTEM;
	to = &m->metric[m->count];
	*to = *metric;
	to->key = own_key(m, metric, err);
	to->direction = own(m, gb_string(metric->direction, err), err);
	to->target = own(m, gb_string(metric->target, err), err);
	to->figure = own(m, gb_string(metric->figure, err), err);
	to->control = own(m, gb_string(metric->control ? metric->control : "", err), err);
	if (!to->key || !to->direction || !to->target || !to->figure || !to->control)
		return GB_SYSTEM;
	m->count++;
	return GB_OK;
}

gb_status gb_metrics_identification(gb_metrics *metrics, const char *prefix, const char *direction,
                                    const char *target, const gb_identification *id, gb_err *err)
{
	double segments = (double)id->segments;
	const struct { const char *key, *figure; double value, chance; } of_segments[] = {
	    {"segment.first", "30 s segments identified (first of all)", id->top1, 1 / segments},
	    {"segment.five", "30 s segments among the first five", id->top5, fmin(1, 5 / segments)},
	    {"segment.percentile", "rank percentile of the true 30 s segment", id->segment_percentile, 0.5},
	};
	char key[80], control[48];
	gb_metric m =
		gb_metric_make(direction, target, key, "rank percentile of the true row", id->percentile);
	gb_status status;

	snprintf(key, sizeof key, "%s.identification.percentile", prefix);
	m.chance = 0.5;
	m.control = "chance";
	if (id->shifts)
		gb_metric_shifts(&m, id->null_mean, id->null_sd, id->p, id->shifts);
	status = gb_metrics_add(metrics, &m, err);
	for (int k = 0; !status && id->segments > 1 && k < 3; k++) {
		snprintf(key, sizeof key, "%s.identification.%s", prefix, of_segments[k].key);
		snprintf(control, sizeof control, "chance among %zu segments", id->segments);
		m = gb_metric_make(direction, target, key, of_segments[k].figure, of_segments[k].value);
		m.chance = of_segments[k].chance;
		m.control = control;
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
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
	fputs("key\tdirection\ttarget\tfigure\tvalue\tlow\thigh\tceiling\tof_ceiling\tridge\tminus_"
	      "ridge\tminus_ridge_low\tminus_ridge_high\t"
	      "null_mean\tnull_sd\tp\tnulls\tchance\tcontrol\n",
	      out);
	for (size_t i = 0; i < m->count; i++) {
		const gb_metric *x = &m->metric[i];
		const double number[] = {x->value,           x->low,       x->high,       x->ceiling,
		                         x->share,           x->baseline,  x->difference, x->difference_low,
		                         x->difference_high, x->null_mean, x->null_sd,    x->p,
		                         x->nulls,           x->chance};

		fprintf(out, "%s\t", x->key);
		for (const char *c = x->direction; *c; c++)
			fputc(*c == ' ' ? '-' : *c, out);
		fprintf(out, "\t%s\t%s", x->target, x->figure);
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
