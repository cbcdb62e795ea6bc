/* SPDX-License-Identifier: MIT */
/* The report's part on stimulus → brain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/statistic_maps.h"
#include "evaluate/encoding_metrics.h"
#include "plot/bars.h"
#include "plot/series.h"
#include "plot/sheet.h"
#include "report/report_internal.h"

static gb_status histogram(gb_page *page, const gb_encoding *e, gb_err *err)
{
	bool shifts = e->null.shifts > 0;
	size_t n = shifts ? e->null.shifts : e->others;
	const double *from = shifts ? e->null.r : e->other_r;
	float *value = gb_array(n, sizeof *value, err);
	gb_mark mark = {shifts ? e->null.observed : e->score.mean, "observed"};
	gb_plot plot = {.title = "The null, and what was observed",
	                .x = "mean r over voxels", .y = shifts ? "shifts" : "brains", .width = 760,
	                .height = 300, .mark = &mark, .marks = 1};
	gb_canvas canvas;
	gb_status status;
	char caption[400];

	if (!value)
		return GB_SYSTEM;
	for (size_t i = 0; i < n; i++)
		value[i] = (float)from[i];
	status = gb_plot_histogram(&canvas, &plot, value, n, err);
	free(value);
	if (status)
		return status;
	if (shifts)
		snprintf(caption, sizeof caption, "The same prediction against the same brain, shifted in "
		                                  "time by every possible amount of 45 s or more within runs "
		         "(%zu shifts). A model that knew nothing of the moment would land among them.", n);
	else
		snprintf(caption, sizeof caption, "The same prediction against %zu other brains, which saw "
		                                  "something else.", n);
	return gb_page_figure(page, &canvas, caption, err);
}

/* Mean over voxels of the z-scored columns. */
static void course(const float *x, size_t rows, size_t columns, float *out)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < rows; i++) {
		double sum = 0;

		for (size_t v = 0; v < columns; v++)
			sum += (double)x[i * columns + v];
		out[i] = (float)(sum / (double)columns);
		mean += (double)out[i] / (double)rows;
	}
	for (size_t i = 0; i < rows; i++)
		square += ((double)out[i] - mean) * ((double)out[i] - mean) / (double)rows;
	for (size_t i = 0; i < rows; i++)
		out[i] = (float)(square > 0 ? ((double)out[i] - mean) / sqrt(square) : 0);
}

static gb_status courses(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	size_t n = e->scored.rows;
	float *line = gb_array(2 * n, sizeof *line, err);
	gb_series series[] = {{line, n, "measured"}, {line + n, n, "predicted"}};
	gb_plot plot = {.title = "The region's mean over the scored "
	                         "rows", .x = "seconds of scored rows", .y = "z", .width = 960, .height = 280,
	                .x_step = e->scored.step};
	gb_canvas canvas;
	char caption[200];
	gb_status status;

	if (!line)
		return GB_SYSTEM;
	course(e->measured, n, e->voxels, line);
	course(e->predicted, n, e->voxels, line + n);
	status = gb_plot_series(&canvas, &plot, series, 2, err);
	free(line);
	if (status)
		return status;
	snprintf(caption, sizeof caption, "Mean over all %zu voxels, both z-scored: r = %.3f. After removing "
	                                  "it from both sides, the mean r over voxels is %.3f.",
	         e->voxels, e->score.region, e->score.rest);
	return gb_page_figure(page, &canvas, caption, err);
}

static gb_status mosaic(gb_page *page, const gb_nifti_mask *mask, const float *value, const char *title,
                        const char *what, const char *caption, gb_err *err)
{
	gb_plot plot = {.title = title, .value = what};
	gb_canvas canvas;
	int shape[3];
	float *volume = gb_maps_volume(mask, value, shape, err);
	gb_status status = volume ? gb_plot_mosaic(&canvas, &plot, volume, shape, err) : GB_SYSTEM;

	free(volume);
	return status ? status : gb_page_figure(page, &canvas, caption, err);
}

static gb_status maps(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	float *value = gb_array(e->voxels, sizeof *value, err);
	gb_status status = value ? GB_OK : GB_SYSTEM;
	char title[120], caption[240], folder[80] = "";

	if (r->brains->several && !e->is_mean)
		snprintf(folder, sizeof folder, "%.60s/", e->subject);
	snprintf(title, sizeof title, "r of each voxel%s%.60s", *folder ? " of " : "",
	         *folder ? e->subject : "");
	snprintf(caption, sizeof caption, "r on the scored rows, slices from below to above "
	                                  "(%sr.nii.gz).", folder);
	for (size_t v = 0; value && v < e->voxels; v++)
		value[v] = (float)e->r[v];
	if (!status)
		status = mosaic(page, r->mask, value, title, "r", caption, err);
	free(value);
	if (status || !gb_encoding_ceiling(e))
		return status;
	snprintf(caption, sizeof caption, "The share of what a perfect model of the stimulus could reach; "
	                                  "left out where the ceiling is below 0.2 "
	                                  "(%sr_of_ceiling.nii.gz).", folder);
	value = gb_maps_share(e, err);
	status = value ? mosaic(page, r->mask, value, "r/ceiling of each "
	                                              "voxel", "r/ceiling", caption, err) : GB_SYSTEM;
	free(value);
	return status;
}

/* r of the voxels of each subject who has a head, in their own mask. */
static gb_status own_maps(gb_page *page, const gb_subjects *brains, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 1; !status && i < brains->count; i++) {
		const gb_bold_source_scored *b = &brains->brain[i];
		float *value = b->has_mask ? gb_array(b->encoding.voxels, sizeof *value, err) : NULL;
		char title[120], caption[200];

		if (!b->has_mask)
			continue;
		if (!value)
			return GB_SYSTEM;
		for (size_t v = 0; v < b->encoding.voxels; v++)
			value[v] = (float)b->encoding.r[v];
		snprintf(title, sizeof title, "r of each voxel of %.60s", b->subject);
		snprintf(caption, sizeof caption, "r on the scored rows, slices from below to above "
		                                  "(%.60s/r.nii.gz).", b->subject);
		status = mosaic(page, &b->mask, value, title, "r", caption, err);
		free(value);
	}
	return status;
}

/* What each head predicts of its subject. */
static void own_table(gb_page *page, const gb_subjects *brains)
{
	gb_page_table_begin(page, "subject\tvoxels\tmean r\t95 % interval\tmedian\t95th percentile\tnull: "
	                          "mean (SD)\tp\tridge");
	for (size_t i = 0; i < brains->count; i++) {
		const gb_encoding *e = &brains->brain[i].encoding;
		char t[5][32], interval[64] = "–", null[64] = "–";

		if (!isnan(e->low))
			snprintf(interval, sizeof interval, "%.3f to %.3f", e->low, e->high);
		if (e->null.shifts)
			snprintf(null, sizeof null, "%.3f (%.3f)", e->null.mean, e->null.sd);
		gb_page_row(page, "%s\t%zu\t%s\t%s\t%s\t%s\t%s\t%s\t%s",
		            e->is_mean ? "mean of all" : e->subject, e->voxels,
		            gb_page_format(e->score.mean, 3, t[0]), interval,
		            gb_page_format(e->score.median, 3, t[1]), gb_page_format(e->score.p95, 3, t[2]),
		            null, gb_page_format(e->null.shifts ? e->null.p : NAN, 4, t[3]),
		            gb_page_format(e->has_baseline ? e->baseline : NAN, 3, t[4]));
	}
	gb_page_table_end(page);
}

static gb_status subjects(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	const char **name = gb_array(e->subjects, sizeof(const char *), err);
	double *value = name ? gb_array(e->subjects, sizeof *value, err) : NULL, sum = 0;
	gb_plot plot = {.title = "Single subjects", .x = "mean r over voxels", .width = 760};
	gb_canvas canvas;
	gb_status status;
	char caption[400];
	int n = 0;

	for (size_t s = 0; value && s < e->subjects; s++)
		if (!isnan(e->subject_r[s])) {
			name[n] = gb_dataset_subject(r->set, s);
			value[n++] = e->subject_r[s];
			sum += e->subject_r[s];
		}
	status = value ? gb_plot_bars(&canvas, &plot, name, value, NULL, NULL, n < 40 ? n : 40, err)
	               : GB_SYSTEM;
	free(name);
	free(value);
	if (status)
		return status;
	if (e->ceiling.subjects > 1)
		snprintf(caption, sizeof caption,
		         "What the model predicts for each subject, against that "
		         "subject: mean %.3f. The ceiling of one subject is %.3f; "
		         "the mean of the other people's brains predicts a subject with r = %.3f.",
		         sum / n, gb_score_mean(e->ceiling.one, e->voxels),
		         gb_score_mean(e->ceiling.left_out, e->voxels));
	else
		snprintf(caption, sizeof caption, "What the model predicts for each subject, against that "
		                                  "subject, in the subject's own voxels: mean "
		                                  "%.3f.", sum / n);
	return gb_page_figure(page, &canvas, caption, err);
}

static void sentences(gb_page *page, const gb_report *r)
{
	const gb_encoding *e = r->encoding;

	if (r->brains->several && e->is_mean)
		gb_page_text(page, "The model has a head for each subject. First the mean of what it "
		                   "predicts for all, against the mean of all; then each subject.");
	else if (r->brains->several)
		gb_page_text(page, "The model has a head for each subject, in voxels of their own: there is "
		                   "no mean brain. The first figures are of %s; then each "
		                   "subject.", e->subject);
	gb_page_text(page, "The model predicted the BOLD signal of %zu voxels on %zu rows that it was not "
	                   "trained on. Predicted and measured time courses correlate with a mean r of %.3f "
	                   "over voxels (median %.3f, 95th percentile "
	             "%.3f).", e->voxels, e->scored.rows, e->score.mean, e->score.median, e->score.p95);
	if (e->null.shifts) {
		double fdr = 0, fwe = 0;

		for (size_t v = 0; v < e->voxels; v++) {
			fdr += e->null.column_q[v] < 0.05;
			fwe += e->null.column_fwe[v] < 0.05;
		}
		gb_page_text(page,
		             "Of %zu circular shifts, %.0f did as well or better: p = %.4f. The shifts "
		             "themselves have a mean r of %.3f with a standard deviation of %.3f: "
		             "that is how far a single correlation strays by chance. %.0f voxels pass a "
		             "false discovery rate of 5 %%%s, %.0f the stricter test against the maximum "
		             "over voxels.",
		             e->null.shifts, e->null.p * (1 + (double)e->null.shifts) - 1, e->null.p,
		             e->null.mean, e->null.sd, fdr,
		             e->null.pooled ? " (tail pooled over voxels, as the shifts are too few for each "
		                              "alone)"
		                            : "",
		             fwe);
	}
	if (e->subjects < 2)
		gb_page_text(page, "The set has one subject: a ceiling is not estimable, and the r has no "
		                   "upper limit to be read beside.");
	else if (e->ceiling.subjects < 2)
		gb_page_text(page, "A ceiling is not estimable: subjects have their own voxels. The r has no "
		                   "upper limit to be read beside.");
	else if (e->ceiling.subjects < e->subjects)
		gb_page_text(page, "The ceiling is that of the %zu subjects, of %zu, who share these "
		                   "voxels.", e->ceiling.subjects, e->subjects);
	if (e->has_baseline)
		gb_page_text(page, "Ridge regression on the same rows reaches %.3f. %s", e->baseline,
		             isnan(e->difference_low)       ? "There are too few rows for an interval of the "
		                                              "difference."
		             : e->difference_low > 0        ? "The model is better: the paired interval of "
		                                              "the difference excludes 0."
		             : e->difference_high < 0       ? "The model is worse: the paired interval of "
		                                              "the difference excludes 0."
		                                            : "The paired interval of the difference "
		                                              "includes 0: neither is better.");
	else if (strcmp(gb_model_type(r->model), "ridge"))
		gb_page_text(page, "No ridge baseline was given. Train one on the same set (gb-train --model "
		                   "ridge) and name it with --baseline: a network that does not beat ridge "
		                   "has learned nothing beyond it.");
	else
		gb_page_text(page, "This model is the ridge baseline itself.");
}

gb_status gb_report_encoding(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	gb_status status = GB_OK;

	gb_page_heading(page, "From stimulus to brain");
	sentences(page, r);
	if (e->null.shifts || e->others)
		status = histogram(page, e, err);
	if (!status)
		status = courses(page, r, err);
	if (!status && r->mask)
		status = maps(page, r, err);
	if (r->brains->several)
		own_table(page, r->brains);
	if (!status && e->subjects > 1)
		status = subjects(page, r, err);
	if (!status)
		status = own_maps(page, r->brains, err);
	if (status)
		return status;
	gb_page_text(page, "Identification: given what the model predicts for a row, the measured row ranks "
	                   "at %.1f %% on average among all rows more than 20 s away (chance 50 %%)%s.",
	             100 * e->identification.percentile, e->identification.shifts ? "" : "; there are too "
	                                                                                 "few rows for a p");
	if (e->identification.shifts)
		gb_page_text(page, "Against circular shifts: p = %.4f (null %.1f %% ± "
		                   "%.1f).", e->identification.p, 100 * e->identification.null_mean,
		             100 * e->identification.null_sd);
	if (e->identification.segments > 1)
		gb_page_text(page,
		             "Of %zu segments of 30 s, %.0f %% are identified (chance %.0f %%), %.0f "
		             "%% are among the first five (chance %.0f %%).",
		             e->identification.segments, 100 * e->identification.top1,
		             100.0 / (double)e->identification.segments, 100 * e->identification.top5,
		             fmin(100, 500.0 / (double)e->identification.segments));
	return GB_OK;
}
