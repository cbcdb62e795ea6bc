/* SPDX-License-Identifier: MIT */
#include "report/encoding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "model/brain.h"

enum { SEED = 20 };

gb_status gb_scored_parse(const char *text, const gb_dataset *set, int64_t *first, int64_t *end, bool *any, gb_err *err)
{
	long long from = 0, to, rows = (long long)gb_dataset_rows(set);
	int used = 0;

	to = rows;
	*any = strcmp(text, "test") != 0;
	if (*any && strcmp(text, "all") != 0 &&
	    (sscanf(text, "%lld:%lld%n", &from, &to, &used) != 2 || text[used] || from < 0 || to <= from || to > rows))
		return gb_fail(err, GB_USAGE, "--rows %s: test, all, or A:B with 0 ≤ A < B ≤ %lld is wanted", text, rows);
	*first = from;
	*end = to;
	return GB_OK;
}

gb_status gb_scored_find(gb_scored *scored, const gb_dataset *set, int64_t first, int64_t end, int64_t **row, int32_t **run, gb_err *err)
{
	size_t count, kept = 0;
	gb_status status = gb_brain_rows(set, NULL, GB_ROW_TEST, row, run, &count, err);

	if (status)
		return status;
	for (size_t i = 0; i < count; i++)
		if ((*row)[i] >= first && (*row)[i] < end) {
			(*row)[kept] = (*row)[i];
			(*run)[kept++] = (*run)[i];
		}
	*scored = (gb_scored){kept, *row, *run, gb_rational_double(gb_dataset_clock(set)->step)};
	if (kept >= 3)
		return GB_OK;
	free(*row);
	free(*run);
	*row = NULL;
	*run = NULL;
	return gb_fail(err, GB_DATA, "data set: %zu valid test rows among those asked for, 3 or more are wanted; --no-score predicts without", kept);
}

static gb_status read_rows(const gb_dataset *set, const char *subject, const gb_scored *scored, size_t voxels, float *out, gb_err *err)
{
	gb_brain brain;
	gb_status status = gb_brain_open(&brain, set, subject, err);
	float *scratch;

	if (status)
		return status;
	if (brain.voxels != voxels) {
		gb_fail(err, GB_DATA, "subject %s: %zu voxels, the model predicts %zu", subject, brain.voxels, voxels);
		gb_brain_close(&brain);
		return GB_DATA;
	}
	scratch = gb_array(voxels, sizeof *scratch, err);
	for (size_t i = 0; scratch && i < scored->rows; i++)
		gb_brain_read(&brain, scored->row[i], scratch, out + i * voxels);
	gb_brain_close(&brain);
	if (!scratch)
		return GB_SYSTEM;
	free(scratch);
	return GB_OK;
}

typedef struct reader { const gb_dataset *set; const gb_encoding *encoding; } reader;

static gb_status read_subject(void *context, size_t subject, float *out, gb_err *err)
{
	reader *r = context;

	return read_rows(r->set, gb_dataset_subject(r->set, subject), &r->encoding->scored, r->encoding->voxels, out, err);
}

/* Mean r of what the model predicts for each subject of SET with that subject; PREDICTION, if not NULL, is the same for all. */
static gb_status each_subject(const gb_encoding *e, const gb_encoding_options *o, const gb_dataset *set, const float *prediction,
                              double *mean, gb_err *err)
{
	size_t cells = e->scored.rows * e->voxels;
	float *measured = gb_array(cells, sizeof *measured, err), *own = measured ? gb_array(prediction ? 1 : cells, sizeof *own, err) : NULL;
	double *r = own ? gb_array(e->voxels, sizeof *r, err) : NULL;
	gb_status status = r ? GB_OK : GB_SYSTEM;

	for (size_t s = 0; !status && s < gb_dataset_subjects(set); s++) {
		const char *name = gb_dataset_subject(set, s);

		status = read_rows(set, name, &e->scored, e->voxels, measured, err);
		if (!status && !prediction)
			status = gb_model_encode(o->model, set, name, e->row, e->scored.rows, own, o->pool, err);
		if (!status)
			status = gb_score_r(prediction ? prediction : own, measured, e->scored.rows, e->voxels, r, o->pool, err);
		if (!status)
			mean[s] = gb_score_mean(r, e->voxels);
	}
	free(measured);
	free(own);
	free(r);
	return status;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void interval(double *value, size_t count, double *low, double *high)
{
	qsort(value, count, sizeof *value, ascending);
	*low = value[(size_t)(0.025 * (double)(count - 1))];
	*high = value[(size_t)ceil(0.975 * (double)(count - 1))];
}

static float *mean_course(const float *x, size_t rows, size_t columns, gb_err *err)
{
	float *out = gb_array(rows, sizeof *out, err);

	for (size_t i = 0; out && i < rows; i++) {
		double sum = 0;

		for (size_t v = 0; v < columns; v++)
			sum += (double)x[i * columns + v];
		out[i] = (float)(sum / (double)columns);
	}
	return out;
}

/* Intervals of the mean r, and of its difference from the baseline's: the same blocks for both. */
static gb_status resample(gb_encoding *e, const gb_encoding_options *o, const float *baseline, gb_err *err)
{
	size_t rows = e->scored.rows;
	float *course = mean_course(e->measured, rows, e->voxels, err);
	double own[GB_RESAMPLES], other[GB_RESAMPLES];
	gb_status status = course ? gb_blocks_make(&e->blocks, &e->scored, course, SEED, err) : GB_SYSTEM;

	free(course);
	e->low = e->high = e->difference_low = e->difference_high = NAN;
	if (status || e->blocks.resamples == 0)
		return status;
	status = gb_blocks_mean_r(&e->blocks, e->predicted, e->measured, rows, e->voxels, own, o->pool, err);
	if (!status && baseline) {
		status = gb_blocks_mean_r(&e->blocks, baseline, e->measured, rows, e->voxels, other, o->pool, err);
		for (size_t i = 0; i < GB_RESAMPLES; i++)
			other[i] = own[i] - other[i];
		if (!status)
			interval(other, GB_RESAMPLES, &e->difference_low, &e->difference_high);
	}
	if (!status)
		interval(own, GB_RESAMPLES, &e->low, &e->high);
	return status;
}

/* The model's own figures. */
static gb_status score(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	size_t rows = e->scored.rows;
	const char *subject = gb_model_subject(o->model);
	gb_status status = gb_model_encode(o->model, o->set, subject, e->row, rows, e->predicted, o->pool, err);

	if (!status)
		status = read_rows(o->set, subject, &e->scored, e->voxels, e->measured, err);
	if (!status)
		status = gb_score_r(e->predicted, e->measured, rows, e->voxels, e->r, o->pool, err);
	if (!status)
		status = gb_score_summary(&e->score, e->predicted, e->measured, rows, e->voxels, e->r, o->pool, err);
	if (!status && rows >= GB_SHIFT_ROWS_MIN)
		status = gb_shift_null_make(&e->null, &e->scored, e->predicted, e->measured, e->voxels, o->pool, err);
	if (!status)
		status = gb_identify(&e->identification, &e->scored, e->predicted, e->measured, e->voxels, o->pool, err);
	return status;
}

static gb_status compare(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	size_t rows = e->scored.rows;
	float *baseline = NULL;
	gb_score other;
	double *r = NULL;
	gb_status status = GB_OK;

	if (o->baseline) {
		baseline = gb_array(rows * e->voxels, sizeof *baseline, err);
		r = baseline ? gb_array(e->voxels, sizeof *r, err) : NULL;
		status = r ? gb_model_encode(o->baseline, o->set, gb_model_subject(o->model), e->row, rows, baseline, o->pool, err) : GB_SYSTEM;
		if (!status)
			status = gb_score_r(baseline, e->measured, rows, e->voxels, r, o->pool, err);
		if (!status)
			status = gb_score_summary(&other, baseline, e->measured, rows, e->voxels, r, o->pool, err);
		if (!status) {
			e->has_baseline = true;
			e->baseline = other.mean;
			e->baseline_region = other.region;
		}
	}
	if (!status)
		status = resample(e, o, baseline, err);
	free(baseline);
	free(r);
	return status;
}

static gb_status against_others(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	if (!o->others)
		return GB_OK;
	if (!gb_clock_equal(gb_dataset_clock(o->others), gb_dataset_clock(o->set)))
		return gb_fail(err, GB_DATA, "--null: that set has another clock");
	e->others = gb_dataset_subjects(o->others);
	e->other_r = gb_array(e->others, sizeof *e->other_r, err);
	return e->other_r ? each_subject(e, o, o->others, e->predicted, e->other_r, err) : GB_SYSTEM;
}

gb_status gb_encoding_make(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	reader context = {o->set, e};
	size_t cells;
	gb_status status;

	*e = (gb_encoding){.voxels = gb_model_voxels(o->model), .subjects = gb_dataset_subjects(o->set)};
	e->is_mean = strcmp(gb_model_subject(o->model), "mean") == 0;
	status = gb_scored_find(&e->scored, o->set, o->first, o->end, &e->row, &e->run, err);
	if (!status && !gb_size_mul(e->scored.rows, e->voxels, &cells))
		status = gb_fail(err, GB_SYSTEM, "%zu rows by %zu voxels are too many", e->scored.rows, e->voxels);
	if (!status) {
		e->predicted = gb_array(cells, sizeof *e->predicted, err);
		e->measured = e->predicted ? gb_array(cells, sizeof *e->measured, err) : NULL;
		e->r = e->measured ? gb_array(e->voxels, sizeof *e->r, err) : NULL;
		e->subject_r = e->r ? gb_array(e->subjects, sizeof *e->subject_r, err) : NULL;
		status = e->subject_r ? score(e, o, err) : GB_SYSTEM;
	}
	if (!status)
		status = gb_ceiling_make(&e->ceiling, read_subject, &context, e->subjects, e->scored.rows, e->voxels, o->pool, err);
	if (!status && e->subjects > 1)
		status = each_subject(e, o, o->set, NULL, e->subject_r, err);
	if (!status)
		status = compare(e, o, err);
	if (!status)
		status = against_others(e, o, err);
	if (status)
		gb_encoding_clear(e);
	return status;
}

void gb_encoding_clear(gb_encoding *e)
{
	free(e->row);
	free(e->run);
	free(e->predicted);
	free(e->measured);
	free(e->r);
	free(e->subject_r);
	free(e->other_r);
	gb_shift_null_clear(&e->null);
	gb_blocks_clear(&e->blocks);
	gb_ceiling_clear(&e->ceiling);
	*e = (gb_encoding){0};
}

gb_status gb_baseline_open(gb_model **baseline, const gb_model *model, const char *run, const char *named, const gb_dataset *set, gb_err *err)
{
	char *path = named ? gb_string(named, err) : gb_format(err, "%s/ridge.safetensors", run);
	struct stat about;
	gb_status status = path ? GB_OK : GB_SYSTEM;

	*baseline = NULL;
	if (!status && (named || (strcmp(gb_model_kind(model), "ridge") && stat(path, &about) == 0)))
		status = gb_model_open(baseline, path, err);
	if (!status && *baseline && strcmp(gb_model_kind(*baseline), "ridge"))
		status = gb_fail(err, GB_USAGE, "--baseline %s: a model of kind %s; a ridge run is wanted", path, gb_model_kind(*baseline));
	free(path);
	return !status && *baseline ? gb_model_fits(*baseline, set, err) : status;
}

/* ---- as figures ---- */

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
	const double *ceiling = e->subjects < 2 ? NULL : e->is_mean ? e->ceiling.many : e->ceiling.one;
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

static gb_status subject_figures(const gb_encoding *e, const gb_dataset *set, gb_metrics *metrics, gb_err *err)
{
	double one = gb_score_mean(e->ceiling.one, e->voxels), left_out = gb_score_mean(e->ceiling.left_out, e->voxels);
	gb_metric m = base_metric("single subjects", "mean r over voxels and subjects", gb_score_mean(e->subject_r, e->subjects));
	gb_status status;

	m.ceiling = one;
	m.share = m.value / one;
	m.chance = 0;
	m.control = "ceiling of one subject";
	status = gb_metrics_add(metrics, &m, err);
	for (size_t s = 0; !status && s < e->subjects; s++) {
		m.target = gb_dataset_subject(set, s);
		m.figure = "mean r over voxels";
		m.value = e->subject_r[s];
		m.share = m.value / one;
		status = gb_metrics_add(metrics, &m, err);
	}
	m = base_metric("single subjects", "leave-one-out ISC: what the other people's mean predicts", left_out);
	m.ceiling = one;
	m.chance = 0;
	m.control = "ceiling of one subject";
	if (!status)
		status = gb_metrics_add(metrics, &m, err);
	m = base_metric("single subjects", "mean pairwise ISC", e->ceiling.mean_pairwise);
	m.chance = 0;
	m.control = "chance";
	if (!status)
		status = gb_metrics_add(metrics, &m, err);
	return status;
}

static gb_status ceiling_figures(const gb_encoding *e, gb_metrics *metrics, gb_err *err)
{
	double n = (double)e->subjects, rho = e->ceiling.mean_pairwise > 0 ? e->ceiling.mean_pairwise : 0;
	gb_metric m = base_metric("ceilings", "of one subject, at the mean pairwise ISC", sqrt(rho));
	gb_status status;

	m.chance = 0;
	m.control = "no common response";
	status = gb_metrics_add(metrics, &m, err);
	m.figure = "of the mean of all subjects, at the mean pairwise ISC";
	m.value = sqrt(n * rho / (1 + (n - 1) * rho));
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

gb_status gb_encoding_metrics(const gb_encoding *e, const gb_dataset *set, const char *subject, gb_metrics *metrics, gb_err *err)
{
	char *target = e->is_mean && e->subjects > 1 ? gb_format(err, "mean of %zu subjects", e->subjects)
	                                             : gb_string(e->is_mean ? gb_dataset_subject(set, 0) : subject, err);
	gb_status status = target ? main_figures(e, target, metrics, err) : GB_SYSTEM;

	if (!status && e->null.shifts)
		status = voxel_figures(e, target, metrics, err);
	if (!status && e->subjects > 1)
		status = subject_figures(e, set, metrics, err);
	if (!status && e->subjects > 1)
		status = ceiling_figures(e, metrics, err);
	if (!status)
		status = gb_metrics_identification(metrics, "stimulus to brain", target, &e->identification, err);
	free(target);
	return status;
}
