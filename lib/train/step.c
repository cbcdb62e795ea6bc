/* SPDX-License-Identifier: MIT */
/* step.c: one training step: micro-batches, the sum of their gradients, AdamW. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/trainer_internal.h"
#include "loader/batch.h"

enum { KEY_ORDER = 0x6f726465 };
/* Part of the way that the running moments of z go to those of a step. */
#define RUNNING_RATE 0.02

static size_t windows_per_step(const gb_trainer *t)
{
	return (size_t)(t->options->micro_batches * t->options->batch_windows);
}

int64_t gb_trainer_steps_per_epoch(const gb_trainer *t)
{
	return (int64_t)((t->learnt + windows_per_step(t) - 1) / windows_per_step(t));
}

/* Order of the windows in the epoch in progress. */
void gb_trainer_shuffle(gb_trainer *t)
{
	gb_rng rng = gb_rng_at(t->options->seed, (uint32_t)t->progress.epoch, 0, KEY_ORDER);

	for (size_t i = 0; i < t->fits; i++)
		t->order[i] = i;
	for (size_t i = t->fits; i > 1; i--) {
		size_t j = (size_t)gb_rng_below(&rng, i), keep = t->order[i - 1];

		t->order[i - 1] = t->order[j];
		t->order[j] = keep;
	}
}

/* Linear warm-up, then cosine, by steps; the rate of the first step is above 0. */
double gb_trainer_lr(const gb_trainer *t)
{
	const gb_train_options *o = t->options;
	double per = (double)gb_trainer_steps_per_epoch(t), at = (double)t->progress.step;
	double warm = o->warmup * per, all = (double)t->progress.schedule * per, part;

	if (at < warm)
		return o->lr * (at + 1) / (warm + 1);
	part = all > warm ? (at - warm) / (all - warm) : 1;
	part = part > 1 ? 1 : part;
	return o->lr_final + (o->lr - o->lr_final) * 0.5 * (1 + cos(3.14159265358979323846 * part));
}

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

static void collect_sums(gb_trainer *t, gb_term_sums *sums)
{
	const gb_network *net = &t->net;

	gb_loader_counts(net, sums->count);
	memset(sums->loss, 0, sizeof sums->loss);
	for (int i = 0; i < GB_TERMS + (int)net->shape.subjects; i++)
		if (net->term[i] >= 0)
			sums->loss[i < GB_TERM_BOLD ? i : GB_TERM_BOLD] += gb_graph_term(net->graph,
			        net->term[i]);
}

gb_status gb_trainer_micro(gb_trainer *t, const gb_window *windows, uint32_t micro,
                           const gb_reduce_plan *plan, gb_err *err)
{
	size_t b = t->net.bottleneck;
	gb_partial *partial = &t->reducer.partial[0];
	double *sums = t->sums_of_z.device;
	const float *z;
	gb_status status;
	gb_graph_run run = {true, t->options->seed, (uint32_t)t->progress.step, micro};

	gb_trainer_fill(t, windows, micro);
	gb_graph_forward(t->net.graph, &run);
	GB_TRY(gb_trainer_keep_moments(t, micro, err));
	partial->moments[2 * b] = gb_trainer_count_rows(t);
	z = gb_graph_value(t->net.graph, t->net.z_scored);
	t->device.ops->fill(&t->device, sums, 0, t->sums_of_z.bytes);
	GB_RUN(&t->device, moments, t->net.scored, b, z, t->row_counts.device, sums, sums + b);
	gb_reduce_backward(plan, &run);
	partial->empty = false;
	GB_TRY(gb_mirror_download(&t->device, &t->sums_of_z, err));
	memcpy(partial->moments, t->sums_of_z.host, t->sums_of_z.bytes);
	collect_sums(t, &partial->sums);
done:
	return status;
}

static void swap(gb_partial *a, gb_partial *b)
{
	gb_partial keep = *a;

	*a = *b;
	*b = keep;
}

static bool has_rows(const gb_window *windows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (windows[i].count)
			return true;
	return false;
}

/* The micro-batches of this rank are a power of two and aligned, so the scratch ends with
 * this rank's part of the tree; then *TOTAL is the sum of all ranks. */
static gb_status run_tree(gb_trainer *t, gb_partial **total, gb_err *err)
{
	size_t windows = (size_t)t->options->batch_windows;
	int rank = gb_comm_rank(t->options->comm), level;
	uint32_t begin = gb_trainer_first_micro(t, rank), end = gb_trainer_first_micro(t, rank + 1);
	gb_partial *work = &t->reducer.partial[0], *waiting = &t->reducer.partial[1];
	gb_reduce_plan plan = gb_reduce_plan_after(&t->reducer);
	double asked[2];
	gb_status status;

	for (uint32_t micro = begin; micro < end; micro++) {
		const gb_window *own = t->step_window + micro * windows;

		work->empty = true;
		plan = gb_reduce_plan_for(&t->reducer, micro - begin, end - begin);
		if (has_rows(own, windows))
			GB_TRY(gb_trainer_micro(t, own, micro, &plan, err));
		else
			plan = gb_reduce_plan_after(&t->reducer);
		for (level = 0; (micro - begin) >> level & 1; level++) {
			gb_reduce_merge(&plan, &waiting[level], work);
			swap(&waiting[level], work);
		}
		if (micro + 1 < end)
			swap(&waiting[level], work);
	}
	gb_trainer_read_signals(t, asked);
	GB_TRY(gb_reduce_ranks(&plan, work, asked, err));
	t->stop = asked[0] > 0;
	t->save = asked[1] > 0;
	*total = work;
done:
	return status;
}

static void update_running(gb_trainer *t, const double *moments)
{
	size_t b = t->net.bottleneck;
	double rows = moments[2 * b];

	for (size_t i = 0; rows > 1 && !t->options->from && i < b; i++) {
		double mean = moments[i] / rows, variance = moments[b + i] / rows - mean * mean,
		    off = mean - t->running[i];

		/* Variance about the running mean, so that drift counts. */
		t->running[b + i] += RUNNING_RATE * (fmax(variance, 0) +
		                                     off * off * (1 - RUNNING_RATE) - t->running[b + i]);
		t->running[i] += RUNNING_RATE * off;
	}
	gb_trainer_use_running(t);
}

/* Choose the windows of the step, and scale each term so that its loss is the mean over the step's
 * rows in units of the constant prediction's loss.  Returns the number of rows. */
static double begin_step(gb_trainer *t)
{
	double rows = 0;

	for (size_t i = 0; i < windows_per_step(t); i++) {
		t->step_window[i] = gb_trainer_window(t, t->progress.step_in_epoch, i);
		rows += (double)t->step_window[i].count;
	}
	for (int i = 0; i < GB_TERMS; i++) {
		double constant = t->constant[0][i], weight = t->options->weight[i];

		t->net.scale[i] = constant > 0 ? (float)(weight / (constant * t->per_row[i] * rows)) : 0.0f;
	}
	return rows;
}

gb_status gb_trainer_step(gb_trainer *t, gb_err *err)
{
	gb_progress *p = &t->progress;
	double rows = begin_step(t), norm, clip = t->options->clip;
	gb_partial *total;
	gb_status status;

	GB_TRY(run_tree(t, &total, err));
	gb_optimizer_freeze(&t->optimizer, total->gradient);
	GB_TRY(gb_optimizer_norm(&t->optimizer, total->gradient, &norm, err));
	GB_TRY(gb_trainer_check_step(t, &total->sums, norm, err));
	GB_TRY(gb_trainer_update_running(t, err));
	gb_optimizer_step(&t->optimizer, total->gradient,
	                  clip > 0 && norm > clip ? (float)(clip / norm) : 1.0f, (float)gb_trainer_lr(t),
	                  (uint64_t)p->step + 1);
	for (int i = 0; i < GB_TERMS; i++) {
		p->sums.loss[i] += total->sums.loss[i];
		p->sums.count[i] += total->sums.count[i];
	}
	p->norm_sum += norm;
	t->log.rows += rows;
	update_running(t, total->moments);
	p->step++;
	p->step_in_epoch++;
done:
	return status;
}
