/* SPDX-License-Identifier: MIT */
/* trainer_score.c: losses over whole parts of the data, and metrics.tsv. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/trainer_state.h"

/* Below this a ceiling is not worth dividing by. */
#define LEAST_CEILING 0.2

typedef struct courses { float *predicted, *target; size_t rows; } courses; /* [rows, voxels] of one subject */

static double correlation(const courses *c, size_t voxels, size_t v)
{
	double n = (double)c->rows, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;

	for (size_t r = 0; r < c->rows; r++) {
		sx += (double)c->predicted[r * voxels + v];
		sy += (double)c->target[r * voxels + v];
	}
	for (size_t r = 0; r < c->rows; r++) {
		double x = (double)c->predicted[r * voxels + v] - sx / n, y = (double)c->target[r * voxels + v] - sy / n;

		xx += x * x;
		yy += y * y;
		xy += x * y;
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* Mean over subjects of Σr/Σceiling, or of the mean r where no ceiling can be had. */
static double mean_r(const gb_trainer *t, const courses *course)
{
	double total = 0;

	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		double r = 0, under = 0;

		for (size_t v = 0; v < t->net.shape.voxels[k]; v++) {
			double ceiling = t->feed.brain[k].subjects > 1 ? (double)t->feed.statistics.ceiling[k][v] : 1;

			if (ceiling < LEAST_CEILING)
				continue;
			r += correlation(&course[k], t->net.shape.voxels[k], v);
			under += ceiling;
		}
		total += under > 0 ? r / under / (double)t->net.shape.subjects : 0;
	}
	return total;
}

static gb_status keep_courses(const gb_trainer *t, courses *course, gb_err *err)
{
	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		size_t v = t->net.shape.voxels[k];
		const float *predicted;
		gb_status status = gb_graph_fetch(t->net.graph, t->net.predicted_bold[k], &predicted, err);

		if (status != GB_OK)
			return status;
		for (size_t i = 0; i < t->net.scored; i++) {
			if (t->net.batch.weight_bold[k][i] == 0)
				continue;
			memcpy(course[k].predicted + course[k].rows * v, predicted + i * v, v * sizeof *predicted);
			memcpy(course[k].target + course[k].rows * v, t->net.batch.target_bold[k] + i * v, v * sizeof *predicted);
			course[k].rows++;
		}
	}
	return GB_OK;
}

/* Fill the batch with the next windows of LIST; false at its end. */
static bool next_batch(gb_trainer *t, const gb_window *list, size_t count, size_t *at)
{
	size_t groups = (size_t)t->options->groups;
	gb_feed_options fill = {.bold_one = -1, .seed = t->options->seed, .micro = (uint32_t)(*at / groups), .scored = true, .apart = t->feed.apart};

	if (*at >= count)
		return false;
	for (size_t g = 0; g < groups; g++)
		t->step_window[g] = *at + g < count ? list[*at + g] : (gb_window){0, 0};
	*at += groups;
	gb_feed_fill(&t->feed, &t->net, t->step_window, &fill);
	return true;
}

static void add_sums(gb_trainer *t, gb_term_sums *sums)
{
	double count[GB_TERMS];

	gb_feed_counts(&t->net, count);
	for (int i = 0; i < GB_TERMS; i++)
		sums->count[i] += count[i];
	for (int i = 0; i < GB_TERMS + (int)t->net.shape.subjects; i++)
		if (t->net.term[i] >= 0)
			sums->loss[i < GB_TERM_BOLD ? i : GB_TERM_BOLD] += gb_graph_term(t->net.graph, t->net.term[i]);
}

gb_status gb_trainer_evaluate(gb_trainer *t, int use, gb_evaluation *evaluation, gb_err *err)
{
	const gb_window *list = use == GB_FEED_FIT ? t->fit : t->validate;
	size_t count = use == GB_FEED_FIT ? t->fits : t->validates, at = 0, rows = 0;
	gb_graph_run run = {false, t->options->seed, 0, 0};
	courses course[GB_SUBJECTS_MAX] = {{0}};
	gb_status status = GB_OK;

	memset(evaluation, 0, sizeof *evaluation);
	for (size_t i = 0; i < count; i++)
		rows += (size_t)list[i].count;
	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		course[k].predicted = gb_array(rows * t->net.shape.voxels[k], sizeof(float), err);
		course[k].target = gb_array(rows * t->net.shape.voxels[k], sizeof(float), err);
		if (!course[k].predicted || !course[k].target)
			status = GB_SYSTEM;
	}
	while (status == GB_OK && next_batch(t, list, count, &at)) {
		gb_graph_forward(t->net.graph, &run);
		add_sums(t, &evaluation->sums);
		status = keep_courses(t, course, err);
	}
	evaluation->r = status == GB_OK ? mean_r(t, course) : 0;
	for (size_t k = 0; k < t->net.shape.subjects; k++) {
		free(course[k].predicted);
		free(course[k].target);
	}
	return status;
}

gb_status gb_trainer_constants(gb_trainer *t, gb_err *err)
{
	(void)err;
	for (int part = 0; part < 2; part++) {
		const gb_window *list = part ? t->validate : t->fit;
		size_t count = part ? t->validates : t->fits, at = 0;
		double all[GB_TERMS] = {0}, counts[GB_TERMS] = {0}, one[GB_TERMS], rows = 0;

		for (size_t i = 0; i < count; i++)
			rows += (double)list[i].count;
		while (next_batch(t, list, count, &at)) {
			gb_feed_constants(&t->net, one);
			for (int i = 0; i < GB_TERMS; i++)
				all[i] += one[i];
			gb_feed_counts(&t->net, one);
			for (int i = 0; i < GB_TERMS; i++)
				counts[i] += one[i];
		}
		for (int i = 0; i < GB_TERMS; i++) {
			t->constant[part][i] = counts[i] > 0 ? all[i] / counts[i] : 0;
			if (part == 0) /* codes count frames and codebooks, BOLD subjects */
				t->per_row[i] = rows > 0 ? counts[i] / rows : 0;
		}
	}
	return GB_OK;
}

/* Loss in units of the constant predictor of PART. */
static double relative(const gb_trainer *t, const gb_term_sums *sums, int part, int term)
{
	double constant = t->constant[part][term];

	return sums->count[term] > 0 && constant > 0 ? sums->loss[term] / sums->count[term] / constant : NAN;
}

double gb_trainer_score(const gb_trainer *t, const gb_evaluation *validation)
{
	double sum = 0, n = 0;

	for (int i = GB_TERM_VIDEO; i <= GB_TERM_TEXT; i++) {
		double loss = relative(t, &validation->sums, 1, i);

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

static gb_status append(gb_trainer *t, const char *text, gb_err *err)
{
	size_t have = t->metrics ? strlen(t->metrics) : 0, more = strlen(text);

	if (gb_grow(&t->metrics, have + more + 1, 1, err) != GB_OK)
		return GB_SYSTEM;
	memcpy(t->metrics + have, text, more + 1);
	return GB_OK;
}

static gb_status append_value(gb_trainer *t, double value, gb_err *err)
{
	char text[40];

	snprintf(text, sizeof text, isfinite(value) ? "\t%.9g" : "\tn/a", value);
	return append(t, text, err);
}

static gb_status header(gb_trainer *t, gb_err *err)
{
	static const char *const kind[] = {"train.loss", "train.skill", "validation.loss", "validation.skill"};
	char text[64];

	if (append(t, "epoch\tstep\trate\tgradient", err) != GB_OK)
		return GB_SYSTEM;
	for (int k = 0; k < 4; k++)
		for (int i = 0; i < GB_TERMS; i++) {
			snprintf(text, sizeof text, "\t%s.%s", kind[k], gb_term_name(i));
			if (t->constant[0][i] > 0 && append(t, text, err) != GB_OK)
				return GB_SYSTEM;
		}
	return append(t, "\tvalidation.r\tscore\tscore.smooth\n", err);
}

gb_status gb_trainer_log(gb_trainer *t, const gb_term_sums *train, const gb_evaluation *validation, double score, double smooth, gb_err *err)
{
	double steps = (double)gb_trainer_steps_per_epoch(t);
	char text[64];

	if (!t->metrics && header(t, err) != GB_OK)
		return GB_SYSTEM;
	snprintf(text, sizeof text, "%lld\t%lld\t%.9g", (long long)t->epoch, (long long)t->step, gb_trainer_rate(t));
	if (append(t, text, err) != GB_OK || append_value(t, t->epoch ? t->norm_sum / steps : NAN, err) != GB_OK)
		return GB_SYSTEM;
	for (int k = 0; k < 4; k++)
		for (int i = 0; i < GB_TERMS; i++) {
			double loss = k < 2 ? relative(t, train, 0, i) : relative(t, &validation->sums, k == 3, i);

			if (t->constant[0][i] > 0 && append_value(t, k % 2 ? 1 - loss : loss, err) != GB_OK)
				return GB_SYSTEM;
		}
	if (append_value(t, validation->sums.count[GB_TERM_BOLD] > 0 ? validation->r : NAN, err) != GB_OK ||
	    append_value(t, score, err) != GB_OK || append_value(t, smooth, err) != GB_OK)
		return GB_SYSTEM;
	return append(t, "\n", err);
}
