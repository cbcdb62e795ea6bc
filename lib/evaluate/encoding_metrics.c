/* SPDX-License-Identifier: MIT */
/* What encoding.c found, as figures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/encoding.h"

const double *gb_encoding_ceiling(const gb_encoding *e)
{
	return e->ceiling.subjects < 2 ? NULL : e->is_mean ? e->ceiling.many : e->ceiling.one;
}

const char *gb_encoding_no_ceiling(const gb_encoding *e)
{
	return e->subjects < 2 ? "not estimable: one subject" : "not estimable: subjects have their own voxels";
}

char *gb_encoding_target(const gb_encoding *e, const gb_dataset *set, gb_err *err)
{
	return e->is_mean && e->subjects > 1 ? gb_format(err, "mean of %zu subjects", e->subjects)
	                                     : gb_string(e->is_mean ? gb_dataset_subject(set, 0) : e->subject, err);
}

static gb_metric base_metric(const char *target, const char *figure, double value)
{
	gb_metric m = gb_metric_none();

	m.direction = "stimulus to brain";
	m.target = target;
	m.figure = figure;
	m.value = value;
	return m;
}

static void add_null(gb_metric *m, const gb_encoding *e)
{
	if (e->null.shifts) {
		m->null_mean = e->null.mean;
		m->null_sd = e->null.sd;
		m->p = e->null.p;
		m->nulls = (double)e->null.shifts;
		m->control = "circular shifts of 45 s and more";
	} else if (e->others) {
		double square = 0, reached = 0;

		m->null_mean = gb_score_mean(e->other_r, e->others);
		for (size_t i = 0; i < e->others; i++) {
			square += (e->other_r[i] - m->null_mean) * (e->other_r[i] - m->null_mean);
			reached += e->other_r[i] >= e->score.mean;
		}
		m->null_sd = sqrt(square / (double)e->others);
		m->p = (1 + reached) / (1 + (double)e->others);
		m->nulls = (double)e->others;
		m->control = "the same prediction with other brains";
	}
}

static gb_status main_figures(const gb_encoding *e, const char *target, gb_metrics *metrics, gb_err *err)
{
	const double *ceiling = gb_encoding_ceiling(e);
	gb_metric m = base_metric(target, "mean r over voxels", e->score.mean);
	gb_status status;

	m.low = e->low;
	m.high = e->high;
	add_null(&m, e);
	m.chance = 0;
	m.control = m.control ? m.control : "chance only: too few rows for shifts";
	if (ceiling) {
		m.ceiling = gb_score_mean(ceiling, e->voxels);
		m.share = gb_ceiling_share(e->r, ceiling, e->voxels);
	}
	if (e->has_baseline) {
		m.baseline = e->baseline;
		m.difference = e->score.mean - e->baseline;
		m.difference_low = e->difference_low;
		m.difference_high = e->difference_high;
	}
	status = gb_metrics_add(metrics, &m, err);
	for (int k = 0; !status && k < 4; k++) {
		static const char *const name[] = {"median r over voxels", "95th percentile of r over voxels", "r of the region's mean time course",
		                                   "mean r after removing the mean time course"};
		const double value[] = {e->score.median, e->score.p95, e->score.region, e->score.rest};

		m = base_metric(target, name[k], value[k]);
		m.chance = 0;
		m.control = "chance";
		if (k == 2 && e->has_baseline)
			m.baseline = e->baseline_region;
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}

static gb_status voxel_figures(const gb_encoding *e, const char *target, gb_metrics *metrics, gb_err *err)
{
	double fdr = 0, fwe = 0;
	gb_metric m;
	gb_status status;

	for (size_t v = 0; v < e->voxels; v++) {
		fdr += e->null.column_q[v] < 0.05;
		fwe += e->null.column_fwe[v] < 0.05;
	}
	m = base_metric(target, "voxels with q < 0.05 (false discovery rate)", fdr);
	m.chance = 0;
	m.nulls = (double)e->null.shifts;
	m.control = e->null.pooled ? "circular shifts, tail pooled over voxels" : "circular shifts";
	status = gb_metrics_add(metrics, &m, err);
	m.figure = "voxels with p < 0.05 (maximum over voxels)";
	m.value = fwe;
	m.control = "circular shifts, maximum over voxels";
	return status ? status : gb_metrics_add(metrics, &m, err);
}

/* Subjects beside each other.  Those that the model has heads for (OWN) have figures of their own. */
static gb_status subject_figures(const gb_encoding *e, const gb_dataset *set, bool own, gb_metrics *metrics, gb_err *err)
{
	bool common = e->ceiling.subjects > 1;
	double one = common ? gb_score_mean(e->ceiling.one, e->voxels) : NAN, n = 0, sum = 0;
	gb_metric m;
	gb_status status;

	for (size_t s = 0; s < e->subjects; s++)
		if (!isnan(e->subject_r[s])) {
			sum += e->subject_r[s];
			n++;
		}
	m = base_metric("single subjects", "mean r over voxels and subjects", sum / n);
	m.ceiling = one;
	m.share = m.value / one;
	m.chance = 0;
	m.control = common ? "ceiling of one subject" : "chance; subjects have their own voxels";
	status = n > 1 ? gb_metrics_add(metrics, &m, err) : GB_OK;
	for (size_t s = 0; !status && s < e->subjects; s++) {
		m.target = gb_dataset_subject(set, s);
		m.figure = "mean r over voxels";
		m.value = e->subject_r[s];
		m.share = m.value / one;
		if (isnan(m.value))
			m.control = "not predicted: the model has no weights for these voxels";
		if (isnan(m.value) || (!own && strcmp(m.target, e->subject)))
			status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}

/* What subjects have in common, whoever is predicted. */
static gb_status common_figures(const gb_encoding *e, gb_metrics *metrics, gb_err *err)
{
	bool common = e->ceiling.subjects > 1;
	gb_metric m = base_metric("single subjects", "leave-one-out ISC: what the other people's mean predicts", NAN);
	gb_status status;

	if (common) {
		m.value = gb_score_mean(e->ceiling.left_out, e->voxels);
		m.ceiling = gb_score_mean(e->ceiling.one, e->voxels);
	}
	m.chance = 0;
	m.control = common ? "ceiling of one subject" : gb_encoding_no_ceiling(e);
	status = gb_metrics_add(metrics, &m, err);
	m = base_metric("single subjects", "mean pairwise ISC", common ? e->ceiling.mean_pairwise : NAN);
	m.chance = 0;
	m.control = common ? "chance" : gb_encoding_no_ceiling(e);
	return status ? status : gb_metrics_add(metrics, &m, err);
}

static gb_status ceiling_figures(const gb_encoding *e, gb_metrics *metrics, gb_err *err)
{
	bool common = e->ceiling.subjects > 1;
	double n = (double)e->ceiling.subjects, rho = common && e->ceiling.mean_pairwise > 0 ? e->ceiling.mean_pairwise : 0;
	gb_metric m = base_metric("ceilings", "of one subject, at the mean pairwise ISC", common ? sqrt(rho) : NAN);
	gb_status status;

	m.chance = 0;
	m.control = common ? "no common response" : gb_encoding_no_ceiling(e);
	status = gb_metrics_add(metrics, &m, err);
	m.figure = n < (double)e->subjects && common ? "of the mean of the subjects that share a mask, at the mean pairwise ISC"
	                                             : "of the mean of all subjects, at the mean pairwise ISC";
	m.value = common ? sqrt(n * rho / (1 + (n - 1) * rho)) : NAN;
	return status ? status : gb_metrics_add(metrics, &m, err);
}

gb_status gb_metrics_identification(gb_metrics *metrics, const char *direction, const char *target, const gb_identification *id, gb_err *err)
{
	gb_metric m = gb_metric_none();
	gb_status status;

	m.direction = direction;
	m.target = target;
	m.figure = "rank percentile of the true row";
	m.value = id->percentile;
	m.chance = 0.5;
	m.control = "chance";
	if (id->shifts) {
		m.null_mean = id->null_mean;
		m.null_sd = id->null_sd;
		m.p = id->p;
		m.nulls = (double)id->shifts;
		m.control = "circular shifts of 45 s and more";
	}
	status = gb_metrics_add(metrics, &m, err);
	for (int k = 0; !status && id->segments > 1 && k < 3; k++) {
		static const char *const name[] = {"30 s segments identified (first of all)", "30 s segments among the first five",
		                                   "rank percentile of the true 30 s segment"};
		const double value[] = {id->top1, id->top5, id->segment_percentile},
		             chance[] = {1 / (double)id->segments, fmin(1, 5 / (double)id->segments), 0.5};
		char control[48];

		m = gb_metric_none();
		snprintf(control, sizeof control, "chance among %zu segments", id->segments);
		m.direction = direction;
		m.target = target;
		m.figure = name[k];
		m.value = value[k];
		m.chance = chance[k];
		m.control = control;
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}

gb_status gb_encoding_metrics(const gb_encoding *e, const gb_dataset *set, bool first, bool own, gb_metrics *metrics, gb_err *err)
{
	char *target = gb_encoding_target(e, set, err);
	gb_status status = target ? main_figures(e, target, metrics, err) : GB_SYSTEM;

	if (!status && e->null.shifts)
		status = voxel_figures(e, target, metrics, err);
	if (!status && first && e->subjects > 1)
		status = subject_figures(e, set, own, metrics, err);
	if (!status && first && e->subjects > 1)
		status = common_figures(e, metrics, err);
	if (!status && first && e->subjects > 1)
		status = ceiling_figures(e, metrics, err);
	if (!status)
		status = gb_metrics_identification(metrics, "stimulus to brain", target, &e->identification, err);
	free(target);
	return status;
}
