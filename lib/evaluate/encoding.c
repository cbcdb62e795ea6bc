/* SPDX-License-Identifier: MIT */
#include "evaluate/encoding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "fmri/mask_tensor.h"

enum { SEED = 20 /* of the bootstrap */ };

gb_status gb_scored_parse(const char *text, const gb_dataset *set, int64_t *first, int64_t *end, bool *any,
                          gb_err *err)
{
	long long from = 0, to, rows = (long long)gb_dataset_rows(set);
	int used = 0;

	to = rows;
	*any = strcmp(text, "test") != 0;
	if (*any && strcmp(text, "all") != 0 &&
	    (sscanf(text, "%lld:%lld%n", &from, &to, &used) != 2 || text[used] || from < 0 || to <= from ||
	     to > rows))
		return gb_fail(err, GB_USAGE, "--rows %s: test, all, or A:B with 0 ≤ A < B ≤ %lld is wanted",
		               text, rows);
	*first = from;
	*end = to;
	return GB_OK;
}

gb_status gb_scored_find(gb_scored *scored, const gb_dataset *set, int64_t first, int64_t end, int64_t **row,
                         int32_t **run, gb_err *err)
{
	size_t count, kept = 0;
	gb_status status = gb_bold_source_rows(set, NULL, GB_ROW_TEST, row, run, &count, err);

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
	return gb_fail(err, GB_DATA,
	               "data set: %zu valid test rows among those asked for, 3 or more are wanted; "
	               "--no-score predicts without",
	               kept);
}

gb_status gb_encoding_predict(gb_model *model, const gb_dataset *set, const char *subject, const int64_t *row,
                              size_t rows, float *out, gb_pool *pool, gb_err *err)
{
	size_t heads = gb_model_subjects(model), cells;
	float *one = NULL;
	gb_status status = GB_OK;

	if (heads == 1 || strcmp(subject, "mean"))
		return gb_model_encode(model, set, subject, row, rows, out, pool, err);
	if (!gb_size_mul(rows, gb_model_voxels_of(model, subject), &cells) ||
	    !(one = gb_array(cells, sizeof *one, err)))
		return GB_SYSTEM;
	memset(out, 0, cells * sizeof *out);
	for (size_t k = 0; !status && k < heads; k++) {
		status =
			gb_model_encode(model, set, gb_model_subject_at(model, k), row, rows, one, pool, err);
		for (size_t i = 0; !status && i < cells; i++)
			out[i] += one[i];
	}
	for (size_t i = 0; i < cells; i++)
		out[i] /= (float)heads;
	free(one);
	return status;
}

static gb_status read_rows(const gb_dataset *set, const char *subject, const gb_scored *scored, size_t voxels,
                           float *out, gb_err *err)
{
	gb_bold_source brain;
	gb_status status = gb_bold_source_open(&brain, set, subject, err);
	float *scratch;

	if (status)
		return status;
	if (brain.voxels != voxels) {
		gb_fail(err, GB_DATA, "subject %s: %zu voxels, the model predicts %zu", subject, brain.voxels,
		        voxels);
		gb_bold_source_close(&brain);
		return GB_DATA;
	}
	scratch = gb_array(voxels, sizeof *scratch, err);
	for (size_t i = 0; scratch && i < scored->rows; i++)
		gb_bold_source_read(&brain, scored->row[i], scratch, out + i * voxels);
	gb_bold_source_close(&brain);
	if (!scratch)
		return GB_SYSTEM;
	free(scratch);
	return GB_OK;
}

/* Which subjects of SET have the voxels of SUBJECT ("mean": of the first): ALIKE [subjects]; a subject it
 * lacks is like none. */
static gb_status find_alike(const gb_dataset *set, const char *subject, bool *alike, gb_err *err)
{
	const char *of = strcmp(subject, "mean") ? subject : gb_dataset_subject(set, 0);
	const gb_feature *bold = gb_dataset_find(set, "bold", of), *other;
	gb_status status = GB_OK;

	for (size_t s = 0; bold && !status && s < gb_dataset_subjects(set); s++) {
		other = gb_dataset_find(set, "bold", gb_dataset_subject(set, s));
		status = other ? gb_bold_source_same_voxels(bold, other, &alike[s], err) : GB_OK;
	}
	return status;
}

typedef struct reader { const gb_dataset *set; const gb_encoding *encoding; } reader;

/* The SUBJECT-th of those alike. */
static gb_status read_subject(void *context, size_t subject, float *out, gb_err *err)
{
	reader *r = context;
	size_t s = 0;

	for (size_t seen = 0; s < r->encoding->subjects; s++)
		if (r->encoding->alike[s] && seen++ == subject)
			break;
	return read_rows(r->set, gb_dataset_subject(r->set, s), &r->encoding->scored, r->encoding->voxels,
	                 out, err);
}

/* MEAN: r of the prediction with each subject of SET (ALIKE, if not NULL; the others NaN). */
static gb_status each_subject(const gb_encoding *e, const gb_encoding_options *o, const gb_dataset *set,
                              const bool *alike, double *mean, gb_err *err)
{
	float *measured = gb_array(e->scored.rows * e->voxels, sizeof *measured, err);
	double *r = measured ? gb_array(e->voxels, sizeof *r, err) : NULL;
	gb_status status = r ? GB_OK : GB_SYSTEM;

	for (size_t s = 0; !status && s < gb_dataset_subjects(set); s++) {
		mean[s] = NAN;
		if (alike && !alike[s])
			continue;
		status = read_rows(set, gb_dataset_subject(set, s), &e->scored, e->voxels, measured, err);
		if (!status)
			status = gb_score_r(e->predicted, measured, e->scored.rows, e->voxels, r, o->pool,
			                    err);
		if (!status)
			mean[s] = gb_score_mean(r, e->voxels);
	}
	free(measured);
	free(r);
	return status;
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
	gb_status status = course ? gb_bootstrap_make(&e->blocks, &e->scored, course, SEED, err) : GB_SYSTEM;

	free(course);
	e->low = e->high = e->difference_low = e->difference_high = NAN;
	if (status || e->blocks.resamples == 0)
		return status;
	status = gb_bootstrap_mean_r(&e->blocks, e->predicted, e->measured, rows, e->voxels, own, o->pool,
	                             err);
	if (!status && baseline) {
		status = gb_bootstrap_mean_r(&e->blocks, baseline, e->measured, rows, e->voxels, other,
		                             o->pool, err);
		for (size_t i = 0; i < GB_RESAMPLES; i++)
			other[i] = own[i] - other[i];
		if (!status)
			gb_bootstrap_interval(other, &e->difference_low, &e->difference_high);
	}
	if (!status)
		gb_bootstrap_interval(own, &e->low, &e->high);
	return status;
}

/* The model's own scores. */
static gb_status score(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	size_t rows = e->scored.rows;
	gb_status status;

	GB_TRY(gb_encoding_predict(o->model, o->set, e->subject, e->row, rows, e->predicted, o->pool, err));
	GB_TRY(read_rows(o->set, e->subject, &e->scored, e->voxels, e->measured, err));
	GB_TRY(gb_score_r(e->predicted, e->measured, rows, e->voxels, e->r, o->pool, err));
	GB_TRY(gb_score_summary(&e->score, e->predicted, e->measured, rows, e->voxels, e->r, o->pool, err));
	if (rows >= GB_SHIFT_ROWS_MIN)
		GB_TRY(gb_shift_null_make(&e->null, &e->scored, e->predicted, e->measured, e->voxels, o->pool,
		                          err));
	GB_TRY(gb_identification_make(&e->identification, &e->scored, e->predicted, e->measured, e->voxels,
	                              o->pool, err));
done:
	return status;
}

/* Does the ridge predict the voxels of this brain? */
static gb_status has_these_voxels(const gb_encoding *e, const gb_encoding_options *o, bool *has, gb_err *err)
{
	const gb_feature *bold =
		gb_dataset_find(o->set, "bold", e->is_mean ? gb_dataset_subject(o->set, 0) : e->subject);
	gb_tensor_file *ridge = gb_model_file(o->baseline),
		       *measured = bold ? (gb_tensor_file *)bold->file : NULL;

	*has = gb_model_voxels(o->baseline) == e->voxels;
	if (!*has || !measured || !gb_tensor_file_find(ridge, "bold.mask") ||
	    !gb_tensor_file_find(measured, "bold.mask"))
		return GB_OK;
	return gb_mask_tensor_same(ridge, measured, "bold.mask", has, err);
}

static gb_status compare_with_baseline(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	size_t rows = e->scored.rows;
	float *baseline = NULL;
	gb_score other;
	double *r = NULL;
	bool has = false;
	gb_status status;

	if (o->baseline)
		GB_TRY(has_these_voxels(e, o, &has, err));
	if (has) {
		baseline = gb_array(rows * e->voxels, sizeof *baseline, err);
		r = baseline ? gb_array(e->voxels, sizeof *r, err) : NULL;
		GB_TRY(r ? gb_model_encode(o->baseline, o->set, e->subject, e->row, rows, baseline, o->pool,
		                           err)
		         : GB_SYSTEM);
		GB_TRY(gb_score_r(baseline, e->measured, rows, e->voxels, r, o->pool, err));
		GB_TRY(gb_score_summary(&other, baseline, e->measured, rows, e->voxels, r, o->pool, err));
		e->has_baseline = true;
		e->baseline = other.mean;
		e->baseline_region = other.region;
	}
	GB_TRY(resample(e, o, baseline, err));
done:
	free(r);
	free(baseline);
	return status;
}

static gb_status compare_with_others(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	if (!o->others)
		return GB_OK;
	if (!gb_clock_equal(gb_dataset_clock(o->others), gb_dataset_clock(o->set)))
		return gb_fail(err, GB_DATA, "--null: that set has another clock");
	e->others = gb_dataset_subjects(o->others);
	e->other_r = gb_array(e->others, sizeof *e->other_r, err);
	return e->other_r ? each_subject(e, o, o->others, NULL, e->other_r, err) : GB_SYSTEM;
}

/* Ceilings, and r with each subject, of the subjects that have these voxels. */
static gb_status compare_with_subjects(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	reader context = {o->set, e};
	size_t alike = 0;
	gb_status status;

	if (o->ceiling) {
		e->ceiling = *o->ceiling;
		e->ceiling_is_borrowed = true;
		return GB_OK;
	}
	for (size_t s = 0; s < e->subjects; s++)
		alike += e->alike[s];
	status = gb_ceiling_make(&e->ceiling, read_subject, &context, alike, e->scored.rows, e->voxels,
	                         o->pool, err);
	return status || e->subjects < 2 ? status : each_subject(e, o, o->set, e->alike, e->subject_r, err);
}

gb_status gb_encoding_make(gb_encoding *e, const gb_encoding_options *o, gb_err *err)
{
	size_t cells;
	gb_status status;

	*e = (gb_encoding){.subject = o->subject, .voxels = gb_model_voxels_of(o->model, o->subject),
	                   .subjects = gb_dataset_subjects(o->set)};
	e->is_mean = strcmp(o->subject, "mean") == 0;
	GB_TRY(gb_scored_find(&e->scored, o->set, o->first, o->end, &e->row, &e->run, err));
	if (!gb_size_mul(e->scored.rows, e->voxels, &cells))
		GB_TRY(gb_fail(err, GB_SYSTEM, "%zu rows by %zu voxels are too many", e->scored.rows,
		               e->voxels));
	e->predicted = gb_array(cells, sizeof *e->predicted, err);
	e->measured = e->predicted ? gb_array(cells, sizeof *e->measured, err) : NULL;
	e->r = e->measured ? gb_array(e->voxels, sizeof *e->r, err) : NULL;
	e->subject_r = e->r ? gb_array(e->subjects, sizeof *e->subject_r, err) : NULL;
	e->alike = e->subject_r ? gb_array(e->subjects, sizeof *e->alike, err) : NULL;
	GB_TRY(e->alike ? find_alike(o->set, o->subject, e->alike, err) : GB_SYSTEM);
	GB_TRY(score(e, o, err));
	GB_TRY(compare_with_subjects(e, o, err));
	GB_TRY(compare_with_baseline(e, o, err));
	GB_TRY(compare_with_others(e, o, err));
done:
	if (status)
		gb_encoding_clear(e);
	return status;
}

void gb_encoding_drop_rows(gb_encoding *e)
{
	free(e->predicted);
	free(e->measured);
	e->predicted = e->measured = NULL;
}

void gb_encoding_clear(gb_encoding *e)
{
	gb_encoding_drop_rows(e);
	free(e->row);
	free(e->run);
	free(e->r);
	free(e->subject_r);
	free(e->other_r);
	gb_shift_null_clear(&e->null);
	gb_bootstrap_clear(&e->blocks);
	free(e->alike);
	if (!e->ceiling_is_borrowed)
		gb_ceiling_clear(&e->ceiling);
	*e = (gb_encoding){0};
}

gb_status gb_baseline_open(gb_model **baseline, const gb_model *model, const char *run, const char *named,
                           const gb_dataset *set, gb_err *err)
{
	char *path = named ? gb_string(named, err) : gb_format(err, "%s/ridge.safetensors", run);
	struct stat about;
	gb_status status = path ? GB_OK : GB_SYSTEM;

	*baseline = NULL;
	if (!status && (named || (strcmp(gb_model_type(model), "ridge") && stat(path, &about) == 0)))
		status = gb_model_open(baseline, path, err);
	if (!status && *baseline && strcmp(gb_model_type(*baseline), "ridge"))
		status = gb_fail(err, GB_USAGE, "--baseline %s: a model of kind %s; a ridge run is wanted",
		                 path, gb_model_type(*baseline));
	free(path);
	return !status && *baseline ? gb_model_fits(*baseline, set, err) : status;
}
