/* SPDX-License-Identifier: MIT */
/* step.c: one step: micro-batches, their tree, AdamW. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/trainer_internal.h"

enum { KEY_ORDER = 0x6f726465 };
#define RUNNING_RATE 0.02

static size_t windows_per_step(const gb_trainer *t) { return (size_t)(t->options->micro_batches * t->options->batch_windows); }

int64_t gb_trainer_steps_per_epoch(const gb_trainer *t)
{
	return (int64_t)((t->learnt + windows_per_step(t) - 1) / windows_per_step(t));
}

/* Order of the windows in the epoch under way. */
void gb_trainer_shuffle(gb_trainer *t)
{
	gb_rng rng = gb_rng_at(t->options->seed, (uint32_t)t->epoch, 0, KEY_ORDER);

	for (size_t i = 0; i < t->fits; i++)
		t->order[i] = i;
	for (size_t i = t->fits; i > 1; i--) {
		size_t j = (size_t)gb_rng_below(&rng, i), keep = t->order[i - 1];

		t->order[i - 1] = t->order[j];
		t->order[j] = keep;
	}
}

/* Linear warm-up, then cosine, per step; the first step already learns. */
double gb_trainer_rate(const gb_trainer *t)
{
	const gb_train_options *o = t->options;
	double per = (double)gb_trainer_steps_per_epoch(t), at = (double)t->step, warm = o->warmup * per;
	double all = (double)t->schedule * per, part;

	if (at < warm)
		return o->lr * (at + 1) / (warm + 1);
	part = all > warm ? (at - warm) / (all - warm) : 1;
	part = part > 1 ? 1 : part;
	return o->lr_final + (o->lr - o->lr_final) * 0.5 * (1 + cos(3.14159265358979323846 * part));
}

/* z normalised by the running mean and variance, and back. */
void gb_trainer_use_running(gb_trainer *t)
{
	size_t b = t->net.bottleneck;

	for (size_t i = 0; i < b; i++) {
		double sd = sqrt(fmax(t->running[b + i], 1e-12));

		t->fixed.latent_scale[i] = (float)(1 / sd);
		t->fixed.latent_offset[i] = (float)(-t->running[i] / sd);
		t->fixed.latent_deviation[i] = (float)sd;
		t->fixed.latent_mean[i] = (float)t->running[i];
	}
	gb_network_upload_bottleneck(&t->net);
}

double gb_trainer_count_rows(gb_trainer *t)
{
	float *counts = t->row_counts.host;
	double rows = 0;

	for (size_t i = 0; i < t->net.scored; i++)
		rows += counts[i] = t->loader.scored_row[i] >= 0;
	gb_mirror_upload(&t->device, &t->row_counts);
	return rows;
}

static void collect_sums(gb_trainer *t, gb_partial *partial)
{
	const gb_network *net = &t->net;

	gb_loader_counts(net, partial->sums.count);
	memset(partial->sums.loss, 0, sizeof partial->sums.loss);
	for (int i = 0; i < GB_TERMS + (int)net->shape.subjects; i++)
		if (net->term[i] >= 0)
			partial->sums.loss[i < GB_TERM_BOLD ? i : GB_TERM_BOLD] += gb_graph_term(net->graph, net->term[i]);
}

gb_status gb_trainer_micro(gb_trainer *t, const gb_window *windows, uint32_t micro, gb_partial *partial, gb_err *err)
{
	size_t b = t->net.bottleneck;
	double *there = t->sums_of_z.device;
	gb_status status;
	gb_graph_run run = {true, t->options->seed, (uint32_t)t->step, micro};

	gb_trainer_fill(t, windows, micro);
	gb_graph_forward(t->net.graph, &run);
	status = gb_trainer_keep_moments(t, micro, err);
	if (status != GB_OK)
		return status;
	partial->moments[2 * b] = gb_trainer_count_rows(t);
	t->device.ops->fill(&t->device, there, 0, t->sums_of_z.bytes);
	GB_RUN(&t->device, moments, t->net.scored, b, gb_graph_value(t->net.graph, t->net.z_scored), t->row_counts.device, there, there + b);
	if (t->reduce_level < 0)
		gb_graph_backward(t->net.graph, &run, partial->gradient);
	else
		gb_graph_backward_in_parts(t->net.graph, &run, partial->gradient, gb_trainer_reduce_part, t);
	partial->empty = false;
	status = gb_mirror_download(&t->device, &t->sums_of_z, err);
	memcpy(partial->moments, t->sums_of_z.host, t->sums_of_z.bytes);
	collect_sums(t, partial);
	return status;
}

/* Where the gradient climbs part by part, it has been added already. */
static void merge(gb_trainer *t, gb_partial *into, const gb_partial *from)
{
	if (from->empty)
		return;
	if (into->empty) {
		t->device.ops->copy(&t->device, into->gradient, from->gradient, t->parameters * sizeof *into->gradient);
		memcpy(into->moments, from->moments, (2 * t->net.bottleneck + 1) * sizeof *into->moments);
		into->sums = from->sums;
		into->empty = false;
		return;
	}
	if (t->reduce_level < 0)
		GB_RUN(&t->device, add, t->parameters, 1.0f, from->gradient, 1.0f, into->gradient);
	for (size_t i = 0; i < 2 * t->net.bottleneck + 1; i++)
		into->moments[i] += from->moments[i];
	for (int i = 0; i < GB_TERMS; i++) {
		into->sums.loss[i] += from->sums.loss[i];
		into->sums.count[i] += from->sums.count[i];
	}
}

static void swap(gb_partial *a, gb_partial *b)
{
	gb_partial keep = *a;

	*a = *b;
	*b = keep;
}

/* partial[0] works; partial[1 + l] holds a sum of 2^l micro-batches that waits
 * for its right neighbour.  A rank's share is a power of two and aligned, so
 * partial[0] ends with its part of the tree. */
static gb_status run_tree(gb_trainer *t, const gb_window *windows, gb_partial **whole, gb_err *err)
{
	size_t groups = (size_t)t->options->batch_windows;
	int rank = gb_comm_rank(t->options->comm), level = 0;
	uint32_t begin = gb_trainer_first_micro(t, rank), end = gb_trainer_first_micro(t, rank + 1);
	gb_status status = GB_OK;

	for (uint32_t micro = begin; status == GB_OK && micro < end; micro++) {
		const gb_window *own = windows + micro * groups;
		gb_partial *work = &t->partial[0];

		work->empty = true;
		t->reduce_level = micro + 1 < end ? -1 : gb_trainer_reduce_level(t, micro - begin);
		for (size_t g = 0; g < groups; g++)
			if (own[g].count && work->empty && status == GB_OK)
				status = gb_trainer_micro(t, own, micro, work, err);
		if (work->empty)
			t->reduce_level = -1;
		for (level = 0; (micro - begin) >> level & 1; level++) {
			merge(t, &t->partial[1 + level], work);
			swap(&t->partial[1 + level], work);
		}
		if (micro + 1 < end)
			swap(&t->partial[1 + level], work);
	}
	*whole = &t->partial[0];
	return status == GB_OK ? gb_trainer_sum_ranks(t, *whole, err) : status;
}

static void update_running(gb_trainer *t, const double *moments)
{
	size_t b = t->net.bottleneck;
	double rows = moments[2 * b];

	for (size_t i = 0; rows > 1 && !t->options->from && i < b; i++) {
		double mean = moments[i] / rows, variance = moments[b + i] / rows - mean * mean, off = mean - t->running[i];

		/* Variance about the running mean, so that drift counts. */
		t->running[b + i] += RUNNING_RATE * (fmax(variance, 0) + off * off * (1 - RUNNING_RATE) - t->running[b + i]);
		t->running[i] += RUNNING_RATE * off;
	}
	gb_trainer_use_running(t);
}

gb_status gb_trainer_step(gb_trainer *t, gb_err *err)
{
	const gb_train_options *o = t->options;
	size_t per = windows_per_step(t);
	double rows = 0, norm;
	gb_partial *whole;
	gb_status status;

	for (size_t i = 0; i < per; i++) {
		t->step_window[i] = gb_trainer_window(t, t->step_in_epoch, i);
		rows += (double)t->step_window[i].count;
	}
	for (int i = 0; i < GB_TERMS; i++) /* the mean over the step's rows of loss/constant */
		t->net.scale[i] = t->constant[0][i] > 0 ? (float)(o->weight[i] / (t->constant[0][i] * t->per_row[i] * rows)) : 0.0f;
	status = run_tree(t, t->step_window, &whole, err);
	if (status != GB_OK)
		return status;
	gb_trainer_freeze(t, whole->gradient);
	GB_RUN(&t->device, square_sum, t->parameters, whole->gradient, t->norm.device);
	status = gb_mirror_download(&t->device, &t->norm, err);
	if (status != GB_OK)
		return status;
	norm = sqrt(*(const double *)t->norm.host);
	status = gb_trainer_check_step(t, &whole->sums, norm, err);
	if (status == GB_OK)
		status = gb_trainer_update_running(t, err);
	if (status != GB_OK)
		return status;
	GB_RUN(&t->device, adamw, (size_t)gb_graph_parameters(t->net.graph), t->segment.device,
	       gb_graph_weights(t->net.graph)->device, t->first.device, t->second.device,
	       whole->gradient, o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1.0f, (float)gb_trainer_rate(t), 0.9f, 0.95f, 1e-8f,
	       (uint64_t)t->step + 1, t->parameters);
	for (int i = 0; i < GB_TERMS; i++) {
		t->sums.loss[i] += whole->sums.loss[i];
		t->sums.count[i] += whole->sums.count[i];
	}
	t->norm_sum += norm;
	t->rows += rows;
	update_running(t, whole->moments);
	t->step++;
	t->step_in_epoch++;
	return GB_OK;
}
