/* SPDX-License-Identifier: MIT */
/* The report's part on stimulus → brain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "report/maps.h"
#include "report/report.h"

static gb_status histogram(gb_page *page, const gb_encoding *e, gb_err *err)
{
	bool shifts = e->null.shifts > 0;
	size_t n = shifts ? e->null.shifts : e->others;
	const double *from = shifts ? e->null.r : e->other_r;
	float *value = gb_array(n, sizeof *value, err);
	gb_mark mark = {shifts ? e->null.observed : e->score.mean, "observed"};
	gb_plot plot = {.title = "The null, and what was observed", .x = "mean r over voxels", .y = shifts ? "shifts" : "brains", .width = 760,
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
		snprintf(caption, sizeof caption, "The same prediction against the same brain, shifted in time by every possible amount of 45 s or more within runs "
		         "(%zu shifts). A model that knew nothing of the moment would land among them.", n);
	else
		snprintf(caption, sizeof caption, "The same prediction against %zu other brains, which saw something else.", n);
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
	gb_plot plot = {.title = "The region's mean over the scored rows", .x = "seconds of scored rows", .y = "z", .width = 960, .height = 280,
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
	snprintf(caption, sizeof caption, "Mean over all %zu voxels, both z-scored: r = %.3f. After removing it from both sides, the mean r over voxels is %.3f.",
	         e->voxels, e->score.region, e->score.rest);
	return gb_page_figure(page, &canvas, caption, err);
}

static gb_status mosaic(gb_page *page, const gb_report *r, const float *value, const char *title, const char *what, const char *caption, gb_err *err)
{
	gb_plot plot = {.title = title, .value = what};
	gb_canvas canvas;
	int shape[3];
	float *volume = gb_maps_volume(r->mask, value, shape, err);
	gb_status status = volume ? gb_plot_mosaic(&canvas, &plot, volume, shape, err) : GB_SYSTEM;

	free(volume);
	return status ? status : gb_page_figure(page, &canvas, caption, err);
}

static gb_status maps(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	float *value = gb_array(e->voxels, sizeof *value, err);
	gb_status status = value ? GB_OK : GB_SYSTEM;

	for (size_t v = 0; value && v < e->voxels; v++)
		value[v] = (float)e->r[v];
	if (!status)
		status = mosaic(page, r, value, "r of each voxel", "r", "r on the scored rows, slices from below to above (r.nii.gz).", err);
	free(value);
	if (status || e->subjects < 2)
		return status;
	value = gb_maps_share(e, err);
	status = value ? mosaic(page, r, value, "r/ceiling of each voxel", "r/ceiling",
	                        "The share of what a perfect model of the stimulus could reach; left out where the ceiling is below 0.2 (r_of_ceiling.nii.gz).", err)
	               : GB_SYSTEM;
	free(value);
	return status;
}

static gb_status subjects(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_encoding *e = r->encoding;
	size_t n = e->subjects < 40 ? e->subjects : 40;
	const char **name = gb_array(n, sizeof(const char *), err);
	gb_plot plot = {.title = "Single subjects", .x = "mean r over voxels", .width = 760};
	gb_canvas canvas;
	gb_status status;
	char caption[400];

	if (!name)
		return GB_SYSTEM;
	for (size_t i = 0; i < n; i++)
		name[i] = gb_dataset_subject(r->set, i);
	status = gb_plot_bars(&canvas, &plot, name, e->subject_r, NULL, NULL, (int)n, err);
	free(name);
	if (status)
		return status;
	snprintf(caption, sizeof caption, "What the model predicts for each subject, against that subject: mean %.3f. The ceiling of one subject is %.3f; "
	         "the mean of the other people's brains predicts a subject with r = %.3f.", gb_score_mean(e->subject_r, e->subjects),
	         gb_score_mean(e->ceiling.one, e->voxels), gb_score_mean(e->ceiling.left_out, e->voxels));
	return gb_page_figure(page, &canvas, caption, err);
}

static void sentences(gb_page *page, const gb_report *r)
{
	const gb_encoding *e = r->encoding;

	gb_page_text(page, "The model predicted the BOLD signal of %zu voxels on %zu rows that it was not trained on. Predicted and measured time courses correlate with a mean r of %.3f over voxels "
	             "(median %.3f, 95th percentile %.3f).", e->voxels, e->scored.rows, e->score.mean, e->score.median, e->score.p95);
	if (e->null.shifts) {
		double fdr = 0, fwe = 0;

		for (size_t v = 0; v < e->voxels; v++) {
			fdr += e->null.column_q[v] < 0.05;
			fwe += e->null.column_fwe[v] < 0.05;
		}
		gb_page_text(page, "Of %zu circular shifts, %.0f did as well or better: p = %.4f. The shifts themselves have a mean r of %.3f with a standard deviation of %.3f: "
		             "that is how far a single correlation strays by chance. %.0f voxels pass a false discovery rate of 5 %%%s, %.0f the stricter test against the maximum over voxels.",
		             e->null.shifts, e->null.p * (1 + (double)e->null.shifts) - 1, e->null.p, e->null.mean, e->null.sd, fdr,
		             e->null.pooled ? " (tail pooled over voxels, as the shifts are too few for each alone)" : "", fwe);
	}
	if (e->subjects < 2)
		gb_page_text(page, "The set has one subject: a ceiling is not estimable, and the r has no upper limit to be read beside.");
	if (e->has_baseline)
		gb_page_text(page, "Ridge regression on the same rows reaches %.3f. %s", e->baseline,
		             isnan(e->difference_low)       ? "There are too few rows for an interval of the difference."
		             : e->difference_low > 0        ? "The model is better: the paired interval of the difference excludes 0."
		             : e->difference_high < 0       ? "The model is worse: the paired interval of the difference excludes 0."
		                                            : "The paired interval of the difference includes 0: neither is better.");
	else if (strcmp(gb_model_kind(r->model), "ridge"))
		gb_page_text(page, "No ridge baseline was given. Train one on the same set (gb-train --model ridge) and name it with --baseline: a network that does not beat ridge has learned nothing beyond it.");
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
	if (!status && e->subjects > 1)
		status = subjects(page, r, err);
	if (status)
		return status;
	gb_page_text(page, "Identification: given what the model predicts for a row, the measured row ranks at %.1f %% on average among all rows more than 20 s away (chance 50 %%)%s.",
	             100 * e->identification.percentile, e->identification.shifts ? "" : "; there are too few rows for a p");
	if (e->identification.shifts)
		gb_page_text(page, "Against circular shifts: p = %.4f (null %.1f %% ± %.1f).", e->identification.p, 100 * e->identification.null_mean,
		             100 * e->identification.null_sd);
	if (e->identification.segments > 1)
		gb_page_text(page, "Of %zu segments of 30 s, %.0f %% are identified (chance %.0f %%), %.0f %% are among the first five (chance %.0f %%).",
		             e->identification.segments, 100 * e->identification.top1, 100.0 / (double)e->identification.segments,
		             100 * e->identification.top5, fmin(100, 500.0 / (double)e->identification.segments));
	return GB_OK;
}
