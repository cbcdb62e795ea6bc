/* SPDX-License-Identifier: MIT */
#include "evaluate/encoding_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

const double *gb_encoding_ceiling(const gb_encoding *e)
{
	return e->ceiling.subjects < 2 ? NULL : e->is_mean ? e->ceiling.many : e->ceiling.one;
}

const char *gb_encoding_no_ceiling(const gb_encoding *e)
{
	return e->subjects < 2 ? "not estimable: one subject"
	                       : "not estimable: subjects have their own voxels";
}

char *gb_encoding_target(const gb_encoding *e, const gb_dataset *set, gb_err *err)
{
	return e->is_mean && e->subjects > 1
	               ? gb_format(err, "mean of %zu subjects", e->subjects)
	               : gb_string(e->is_mean ? gb_dataset_subject(set, 0) : e->subject, err);
}

/* A figure whose chance is 0. */
static gb_metric of_brain(const char *target, const char *key, const char *figure, double value)
{
	gb_metric m = gb_metric_make("stimulus to brain", target, key, figure, value);

	m.chance = 0;
	return m;
}

static void add_null(gb_metric *m, const gb_encoding *e)
{
	m->control = "chance only: too few rows for shifts";
	if (e->null.shifts) {
		gb_metric_shifts(m, e->null.mean, e->null.sd, e->null.p, e->null.shifts);
	} else if (e->others) {
		gb_metric_null(m, e->other_r, e->others, false);
		m->control = "the same prediction with other brains";
	}
}

static gb_status mean_r(const gb_encoding *e, const char *target, gb_metrics *metrics, gb_err *err)
{
	const double *ceiling = gb_encoding_ceiling(e);
	gb_metric m = of_brain(target, "encoding.r.mean", "mean r over voxels", e->score.mean);

	m.low = e->low;
	m.high = e->high;
	add_null(&m, e);
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
	return gb_metrics_add(metrics, &m, err);
}

static gb_status other_r(const gb_encoding *e, const char *target, gb_metrics *metrics, gb_err *err)
{
	const struct { const char *key, *figure; double value, baseline;
	} all[] = {
		{"encoding.r.median", "median r over voxels", e->score.median, NAN},
		{"encoding.r.p95", "95th percentile of r over voxels", e->score.p95, NAN},
		{"encoding.r.mean-course", "r of the region's mean time course", e->score.region,
	         e->has_baseline ? e->baseline_region : NAN},
		{"encoding.r.less-mean-course", "mean r after removing the mean time course", e->score.rest,
	         NAN},
	};
	gb_status status = GB_OK;

	for (size_t k = 0; !status && k < sizeof all / sizeof *all; k++) {
		gb_metric m = of_brain(target, all[k].key, all[k].figure, all[k].value);

		m.control = "chance";
		m.baseline = all[k].baseline;
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}

static gb_status voxel_counts(const gb_encoding *e, const char *target, gb_metrics *metrics, gb_err *err)
{
	double fdr = 0, fwe = 0;
	gb_metric m;
	gb_status status;

	for (size_t v = 0; v < e->voxels; v++) {
		fdr += e->null.column_q[v] < 0.05;
		fwe += e->null.column_fwe[v] < 0.05;
	}
	m = of_brain(target, "encoding.voxels.fdr", "voxels with q < 0.05 (false discovery rate)", fdr);
	m.nulls = (double)e->null.shifts;
	m.control = e->null.pooled ? "circular shifts, tail pooled over voxels" : "circular shifts";
	status = gb_metrics_add(metrics, &m, err);
	m.key = "encoding.voxels.fwe";
	m.figure = "voxels with p < 0.05 (maximum over voxels)";
	m.value = fwe;
	m.control = "circular shifts, maximum over voxels";
	return status ? status : gb_metrics_add(metrics, &m, err);
}

/* The prediction compared with each subject.  Subjects that the model has heads for (OWN) have encodings
 * of their own. */
static gb_status each_subject(const gb_encoding *e, const gb_dataset *set, bool own, gb_metrics *metrics,
                              gb_err *err)
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
	m = of_brain("single subjects", "encoding.r.subjects", "mean r over voxels and subjects", sum / n);
	m.ceiling = one;
	m.share = m.value / one;
	m.control = common ? "ceiling of one subject" : "chance; subjects have their own voxels";
	status = n > 1 ? gb_metrics_add(metrics, &m, err) : GB_OK;
	for (size_t s = 0; !status && s < e->subjects; s++) {
		m.key = "encoding.r.mean";
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

/* Correlations between subjects: no model is involved. */
static gb_status between_subjects(const gb_encoding *e, gb_metrics *metrics, gb_err *err)
{
	bool common = e->ceiling.subjects > 1;
	gb_metric m = of_brain("single subjects", "isc.leave-one-out",
	                       "leave-one-out ISC: what the other people's mean predicts", NAN);
	gb_status status;

	if (common) {
		m.value = gb_score_mean(e->ceiling.left_out, e->voxels);
		m.ceiling = gb_score_mean(e->ceiling.one, e->voxels);
	}
	m.control = common ? "ceiling of one subject" : gb_encoding_no_ceiling(e);
	status = gb_metrics_add(metrics, &m, err);
	m = of_brain("single subjects", "isc.pairwise", "mean pairwise ISC",
	             common ? e->ceiling.mean_pairwise : NAN);
	m.control = common ? "chance" : gb_encoding_no_ceiling(e);
	return status ? status : gb_metrics_add(metrics, &m, err);
}

static gb_status ceilings(const gb_encoding *e, gb_metrics *metrics, gb_err *err)
{
	bool common = e->ceiling.subjects > 1;
	double n = (double)e->ceiling.subjects,
	       rho = common && e->ceiling.mean_pairwise > 0 ? e->ceiling.mean_pairwise : 0;
	gb_metric m = of_brain("ceilings", "ceiling.one", "of one subject, at the mean pairwise ISC",
	                       common ? sqrt(rho) : NAN);
	gb_status status;

	m.control = common ? "no common response" : gb_encoding_no_ceiling(e);
	status = gb_metrics_add(metrics, &m, err);
	m.key = "ceiling.mean";
	m.figure = n < (double)e->subjects && common
	                   ? "of the mean of the subjects that share a mask, at the mean pairwise ISC"
	                   : "of the mean of all subjects, at the mean pairwise ISC";
	m.value = common ? sqrt(n * rho / (1 + (n - 1) * rho)) : NAN;
	return status ? status : gb_metrics_add(metrics, &m, err);
}

gb_status gb_encoding_metrics(const gb_encoding *e, const gb_dataset *set, bool first, bool own,
                              gb_metrics *metrics, gb_err *err)
{
	char *target = gb_encoding_target(e, set, err);
	gb_status status;

	GB_TRY(target ? GB_OK : GB_SYSTEM);
	GB_TRY(mean_r(e, target, metrics, err));
	GB_TRY(other_r(e, target, metrics, err));
	if (e->null.shifts)
		GB_TRY(voxel_counts(e, target, metrics, err));
	if (first && e->subjects > 1) {
		GB_TRY(each_subject(e, set, own, metrics, err));
		GB_TRY(between_subjects(e, metrics, err));
		GB_TRY(ceilings(e, metrics, err));
	}
	GB_TRY(gb_metrics_identification(metrics, "encoding", "stimulus to brain", target, &e->identification,
	                                 err));
done:
	free(target);
	return status;
}
