/* SPDX-License-Identifier: MIT */
/* metrics.h: the figures of a report, each with what it must be compared with.
 * One list makes metrics.tsv and the tables of report.html, so they cannot differ. */
#ifndef GB_EVALUATE_METRICS_H
#define GB_EVALUATE_METRICS_H

#include "stats/identification.h"

GB_BEGIN_DECLS

/* NaN: unknown. */
typedef struct gb_metric {
	const char *key;             /* for programs: "encoding.r.mean", "decoding.video.psnr" … */
	const char *direction;       /* "stimulus to brain", "brain to stimulus", "stimulus to stimulus" */
	const char *target;          /* "mean of 8 subjects", "sub-01", "text" … */
	const char *figure;          /* for people: "mean r over voxels" … */
	double value, low, high;     /* 95 % interval by moving blocks */
	double ceiling, share;       /* upper limit of the value; value/ceiling */
	double baseline, difference, difference_low, difference_high; /* ridge; model − ridge, paired */
	double null_mean, null_sd, p;
	double nulls;                /* how many shifts, brains or regions the null has */
	double chance;               /* value of a prediction that knows nothing */
	const char *control;         /* what null or chance is: "circular shifts", "train mean" … */
} gb_metric;

typedef struct gb_metrics { gb_metric *metric; size_t count; char **owned; size_t owneds; } gb_metrics;

/* The rest is unknown: NaN and NULL. */
gb_metric gb_metric_make(const char *direction, const char *target, const char *key, const char *figure,
                         double value);
/* A null by COUNT circular shifts. */
void gb_metric_shifts(gb_metric *metric, double mean, double sd, double p, size_t count);
/* The null of COUNT values: mean, SD, and p, the share of values that reach the metric's (with itself): as
 * large, or, with LOW, as small. */
void gb_metric_null(gb_metric *metric, const double *null, size_t count, bool low);

/* Strings of METRIC are copied.  Its key is made of [a-z0-9_.-]: capitals become small, a run of other
 * bytes becomes `_`; where the same direction and target have it already, ".2", ".3" … is added.  GB_DATA
 * for a figure without any control: it is not printed. */
GB_CHECK gb_status gb_metrics_add(gb_metrics *metrics, const gb_metric *metric, gb_err *err);
/* Rank percentile and segments of ID, each with its chance; keys are "PREFIX.identification.…". */
GB_CHECK gb_status gb_metrics_identification(gb_metrics *metrics, const char *prefix, const char *direction,
                                             const char *target, const gb_identification *id, gb_err *err);
void gb_metrics_clear(gb_metrics *metrics);

/* As TSV with a header line, directions with hyphens, n/a for what is unknown.  Released with free(). */
GB_CHECK char *gb_metrics_tsv(const gb_metrics *metrics, gb_err *err);

GB_END_DECLS
#endif
