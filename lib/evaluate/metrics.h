/* SPDX-License-Identifier: MIT */
/* metrics.h: the figures of a report, each with what it must be read beside.
 * One list makes metrics.tsv and the tables of report.html, so they cannot differ. */
#ifndef GB_EVALUATE_METRICS_H
#define GB_EVALUATE_METRICS_H

#include "base/status.h"

GB_BEGIN_DECLS

/* NaN: not there. */
typedef struct gb_metric {
	const char *direction;       /* "stimulus to brain", "brain to stimulus" */
	const char *target;          /* "mean of 8 subjects", "sub-01", "text" … */
	const char *figure;          /* "mean r over voxels" … */
	double value, low, high;     /* 95 % interval by moving blocks */
	double ceiling, share;       /* the same figure's upper limit, and value/ceiling */
	double baseline, difference, difference_low, difference_high; /* ridge; model − ridge, paired */
	double null_mean, null_sd, p;
	double nulls;                /* how many shifts, brains or regions the null has */
	double chance;               /* value without any knowledge */
	const char *control;         /* what null or chance is: "circular shifts", "train mean" … */
} gb_metric;

typedef struct gb_metrics { gb_metric *metric; size_t count; char **owned; size_t owneds; } gb_metrics;

/* All NaN and NULL. */
gb_metric gb_metric_none(void);
/* Strings of METRIC are copied.  GB_DATA for a figure without any control: it is not printed. */
GB_CHECK gb_status gb_metrics_add(gb_metrics *metrics, const gb_metric *metric, gb_err *err);
void gb_metrics_clear(gb_metrics *metrics);

/* As TSV, with a header line; n/a where nothing is.  To be released with free(). */
GB_CHECK char *gb_metrics_tsv(const gb_metrics *metrics, gb_err *err);

GB_END_DECLS
#endif
