/* SPDX-License-Identifier: MIT */
/* validate.c: losses and correlations over all train or validation windows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "train/trainer_internal.h"
#include "loader/batch.h"

/* Voxels with a lower noise ceiling are left out of the mean correlation. */
#define LEAST_CEILING 0.2

/* Time courses of one subject. */
typedef struct courses {
	float *predicted, *target; /* [rows of the windows, voxels] */
	uint8_t *counts;           /* [rows] 1: the row counts */
	double *r;                 /* [voxels] */
	size_t rows, voxels;
} courses;

/* Voxels that are correlated in one pass over the rows. */
enum { TOGETHER = 256 };

/* r of voxels FIRST … END−1, at most TOGETHER. */
static void correlate(const courses *c, size_t first, size_t end)
{
	double n = 0, sx[TOGETHER] = {0}, sy[TOGETHER] = {0}, xx[TOGETHER] = {0}, yy[TOGETHER] = {0},
	    xy[TOGETHER] = {0};

	for (size_t r = 0; r < c->rows; r++) {
		const float *predicted = c->predicted + r * c->voxels, *target = c->target + r * c->voxels;

		n += c->counts[r] != 0;
		for (size_t v = first; c->counts[r] && v < end; v++) {
			sx[v - first] += (double)predicted[v];
			sy[v - first] += (double)target[v];
		}
	}
	for (size_t r = 0; r < c->rows; r++) {
		const float *predicted = c->predicted + r * c->voxels, *target = c->target + r * c->voxels;

		for (size_t v = first; c->counts[r] && v < end; v++) {
			double x = (double)predicted[v] - sx[v - first] / n,
			    y = (double)target[v] - sy[v - first] / n;

			xx[v - first] += x * x;
			yy[v - first] += y * y;
			xy[v - first] += x * y;
		}
	}
	for (size_t v = 0; v < end - first; v++)
		c->r[first + v] = xx[v] > 0 && yy[v] > 0 ? xy[v] / sqrt(xx[v] * yy[v]) : 0;
}

/* Noise ceiling of voxel V of subject K; 1 where a single brain has none. */
static float ceiling_of(const gb_trainer *t, size_t k, size_t v)
{
	return t->loader.brain[k].subjects > 1 ? t->loader.statistics.ceiling[k][v] : 1;
}

/* Mean over subjects of Σr/Σceiling; the ranks divide the voxels among them. */
static gb_status mean_r(const gb_trainer *t, courses *course, double *mean, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	int rank = gb_comm_rank(comm);
	gb_status status = GB_OK;

	*mean = 0;
	for (size_t k = 0; status == GB_OK && k < t->net.shape.subjects; k++) {
		courses *c = &course[k];
		size_t end = gb_comm_first(comm, c->voxels, rank + 1);
		double r = 0, under = 0;

		for (size_t v = gb_comm_first(comm, c->voxels, rank); v < end; v += TOGETHER)
			correlate(c, v, v + TOGETHER < end ? v + TOGETHER : end);
		status = gb_comm_allgather(comm, c->r, NULL, c->voxels, sizeof *c->r, err);
		for (size_t v = 0; v < c->voxels; v++)
			if (ceiling_of(t, k, v) >= (float)LEAST_CEILING) {
				r += c->r[v];
				under += (double)ceiling_of(t, k, v);
			}
		*mean += under > 0 ? r / under / (double)t->net.shape.subjects : 0;
	}
	return status;
}

/* The rows of the batch, whose first is row AT of the windows. */
static gb_status keep_courses(const gb_trainer *t, courses *course, size_t at, gb_err *err)
{
	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		size_t v = course[k].voxels, row = at;
		const float *predicted;
		gb_status status = gb_graph_fetch(t->net.graph, t->net.predicted_bold[k], &predicted, err);

		if (status != GB_OK)
			return status;
		for (size_t i = 0; i < t->net.scored; i++) {
			if (t->loader.scored_row[i] < 0)
				continue;
			course[k].counts[row] = t->net.batch.weight_bold[k][i] > 0;
			memcpy(course[k].predicted + row * v, predicted + i * v, v * sizeof *predicted);
			memcpy(course[k].target + row * v, t->net.batch.target_bold[k] + i * v,
			       v * sizeof *predicted);
			row++;
		}
	}
	return GB_OK;
}

/* Fill the batch with the windows of LIST from AT. */
static void fill_batch(gb_trainer *t, const gb_window *list, size_t count, size_t at)
{
	size_t windows = (size_t)t->options->batch_windows;
	gb_loader_options fill = {.bold_one = -1, .seed = t->options->seed, .micro = (uint32_t)(at / windows),
	                          .scored = true, .apart = t->loader.apart};

	for (size_t g = 0; g < windows; g++)
		t->step_window[g] = at + g < count ? list[at + g] : (gb_window){0, 0};
	gb_loader_fill_batch(&t->loader, &t->net, t->step_window, &fill);
}

static void batch_sums(gb_trainer *t, gb_term_sums *sums)
{
	memset(sums, 0, sizeof *sums);
	gb_loader_counts(&t->net, sums->count);
	for (int i = 0; i < GB_TERMS + (int)t->net.shape.subjects; i++)
		if (t->net.term[i] >= 0)
			sums->loss[i < GB_TERM_BOLD ? i : GB_TERM_BOLD] += gb_graph_term(t->net.graph,
			        t->net.term[i]);
}

/* Σ decoded·target and Σ decoded² of text over the batch's rows whose BOLD window is complete. */
static gb_status text_sums(const gb_trainer *t, double sum[2], gb_err *err)
{
	size_t n = t->net.shape.text;
	const gb_batch *b = &t->net.batch;
	const float *decoded;
	gb_status status;

	if (t->net.decoded[1][3] < 0)
		return GB_OK;
	status = gb_graph_fetch(t->net.graph, t->net.decoded[1][3], &decoded, err);
	for (size_t i = 0; status == GB_OK && i < t->net.scored; i++)
		for (size_t k = 0; b->weight_brain[2][i] > 0 && k < n; k++) {
			double value = (double)decoded[i * n + k];

			sum[0] += value * (double)b->target_text[i * n + k];
			sum[1] += value * value;
		}
	return status;
}

/* Windows in batches, of which each rank evaluates a block. */
typedef struct evaluating {
	const gb_window *list;
	size_t windows, batches, *first_row; /* [ranks + 1] rows before each rank's block */
	gb_term_sums *sums;                  /* [batches] */
	bool keeps_courses;                  /* keep time courses, not only sums */
	double (*text)[2];                   /* [batches] of text_sums, with time courses */
	courses course[GB_SUBJECTS_MAX];
} evaluating;

static size_t rows_before(const evaluating *e, size_t window)
{
	size_t rows = 0;

	for (size_t i = 0; i < window && i < e->windows; i++)
		rows += (size_t)e->list[i].count;
	return rows;
}

static gb_status begin_evaluating(const gb_trainer *t, evaluating *e, int use, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	size_t windows = (size_t)t->options->batch_windows, rows;
	bool good;

	*e = use == GB_LOADER_FIT ? (evaluating){.list = t->fit, .windows = t->fits}
	                          : (evaluating){.list = t->validate, .windows = t->validates};
	e->batches = (e->windows + windows - 1) / windows;
	rows = rows_before(e, e->windows);
	e->sums = gb_array(e->batches, sizeof *e->sums, err);
	e->first_row = gb_array((size_t)gb_comm_size(comm) + 1, sizeof *e->first_row, err);
	e->text = gb_array(e->batches, sizeof *e->text, err);
	good = e->sums && e->first_row && e->text;
	for (int r = 0; good && r <= gb_comm_size(comm); r++)
		e->first_row[r] = rows_before(e, gb_comm_first(comm, e->batches, r) * windows);
	e->keeps_courses = use == GB_LOADER_VALIDATE;
	for (size_t k = 0; good && e->keeps_courses && k < t->net.shape.subjects; k++) {
		courses *c = &e->course[k];
		size_t v = t->net.shape.voxels[k];

		*c = (courses){.rows = rows, .voxels = v, .predicted = gb_array(rows * v, sizeof(float), err),
		               .target = gb_array(rows * v, sizeof(float), err),
		               .counts = gb_array(rows, 1, err), .r = gb_array(v, sizeof(double), err)};
		good = c->predicted && c->target && c->counts && c->r;
	}
	return good ? GB_OK : GB_SYSTEM;
}

static void end_evaluating(const gb_trainer *t, evaluating *e)
{
	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		free(e->course[k].predicted);
		free(e->course[k].target);
		free(e->course[k].counts);
		free(e->course[k].r);
	}
	free(e->sums);
	free(e->text);
	free(e->first_row);
}

static gb_status gather(const gb_trainer *t, evaluating *e, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	gb_status status = gb_comm_allgather(comm, e->sums, NULL, e->batches, sizeof *e->sums, err);

	if (status == GB_OK && e->keeps_courses)
		status = gb_comm_allgather(comm, e->text, NULL, e->batches, sizeof *e->text, err);
	for (size_t k = 0; status == GB_OK && e->keeps_courses && k < t->net.shape.subjects; k++) {
		courses *c = &e->course[k];

		status = gb_comm_allgather(comm, c->predicted, e->first_row, 0,
		                           c->voxels * sizeof *c->predicted, err);
		if (status == GB_OK)
			status = gb_comm_allgather(comm, c->target, e->first_row, 0,
			                           c->voxels * sizeof *c->target, err);
		if (status == GB_OK)
			status = gb_comm_allgather(comm, c->counts, e->first_row, 0, 1, err);
	}
	return status;
}

gb_status gb_trainer_evaluate(gb_trainer *t, int use, gb_evaluation *evaluation, gb_err *err)
{
	gb_graph_run run = {false, t->options->seed, 0, 0};
	int rank = gb_comm_rank(t->options->comm);
	size_t windows = (size_t)t->options->batch_windows, end;
	evaluating e;
	gb_status status;

	memset(evaluation, 0, sizeof *evaluation);
	GB_TRY(begin_evaluating(t, &e, use, err));
	end = gb_comm_first(t->options->comm, e.batches, rank + 1);
	for (size_t i = gb_comm_first(t->options->comm, e.batches, rank); i < end; i++) {
		fill_batch(t, e.list, e.windows, i * windows);
		gb_graph_forward(t->net.graph, &run);
		batch_sums(t, &e.sums[i]);
		if (!e.keeps_courses)
			continue;
		GB_TRY(keep_courses(t, e.course, rows_before(&e, i * windows), err));
		GB_TRY(text_sums(t, e.text[i], err));
	}
	GB_TRY(gather(t, &e, err));
	for (size_t i = 0; i < e.batches; i++) { /* in the order of the batches, whichever rank ran them */
		for (int j = 0; j < GB_TERMS; j++) {
			evaluation->sums.loss[j] += e.sums[i].loss[j];
			evaluation->sums.count[j] += e.sums[i].count[j];
		}
		evaluation->text_product += e.text[i][0];
		evaluation->text_power += e.text[i][1];
	}
	if (e.keeps_courses)
		status = mean_r(t, e.course, &evaluation->r, err);
done:
	end_evaluating(t, &e);
	return status;
}

void gb_trainer_measure_constants(gb_trainer *t)
{
	for (int part = 0; part < 2; part++) {
		const gb_window *list = part ? t->validate : t->fit;
		size_t count = part ? t->validates : t->fits, at = 0;
		double all[GB_TERMS] = {0}, counts[GB_TERMS] = {0}, one[GB_TERMS], rows = 0;

		for (size_t i = 0; i < count; i++)
			rows += (double)list[i].count;
		for (; at < count; at += (size_t)t->options->batch_windows) {
			fill_batch(t, list, count, at);
			gb_loader_constants(&t->net, one);
			for (int i = 0; i < GB_TERMS; i++)
				all[i] += one[i];
			gb_loader_counts(&t->net, one);
			for (int i = 0; i < GB_TERMS; i++)
				counts[i] += one[i];
		}
		for (int i = 0; i < GB_TERMS; i++) {
			t->constant[part][i] = counts[i] > 0 && t->net.term[i] >= 0 ? all[i] / counts[i] : 0;
			/* the weights of codes sum over frames and codebooks, those of BOLD over subjects */
			if (part == 0)
				t->per_row[i] = rows > 0 ? counts[i] / rows : 0;
		}
	}
}

double gb_trainer_relative_loss(const gb_trainer *t, const gb_term_sums *sums, int part, int term)
{
	double constant = t->constant[part][term];

	return sums->count[term] > 0 && constant > 0 ? sums->loss[term] / sums->count[term] / constant : NAN;
}

double gb_trainer_score(const gb_trainer *t, const gb_evaluation *validation)
{
	double sum = 0, n = 0;

	for (int i = GB_TERM_VIDEO; i <= GB_TERM_TEXT; i++) {
		double loss = gb_trainer_relative_loss(t, &validation->sums, 1, i);

		if (isfinite(loss)) {
			sum += 1 - loss;
			n++;
		}
	}
	if (validation->sums.count[GB_TERM_BOLD] > 0) {
		sum += validation->r;
		n++;
	}
	return n > 0 ? sum / n : NAN;
}
