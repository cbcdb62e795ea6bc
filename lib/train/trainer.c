/* SPDX-License-Identifier: MIT */
/* trainer.c: a training run from its set to its last epoch. */
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/size.h"
#include "io/file.h"
#include "model/giblet13.h"
#include "train/training_cost.h"
#include "train/init_ridge.h"
#include "train/trainer_internal.h"

/* Contrastive negatives are at least so far away. */
static const gb_rational negatives_apart = {30, 1};

static void note(const gb_trainer *t, const char *line)
{
	if (t->options->note && gb_trainer_writes(t))
		t->options->note(t->options->context, line);
}

/* ---- sizes ---- */

static size_t rows_in(double seconds, gb_rational step) { return (size_t)floor(seconds / gb_rational_double(step) + 1e-9); }

gb_status gb_train_shape(gb_network_shape *shape, const gb_train_options *o, const gb_delays *delays, gb_rational step, gb_err *err)
{
	size_t first = (size_t)ceil(o->window_first / gb_rational_double(step) - 1e-9), last = rows_in(o->window_last, step);

	if (last < first)
		return gb_fail(err, GB_USAGE, "--decoding-window %g:%g: no row of %g s begins in it", o->window_first, o->window_last, gb_rational_double(step));
	if (o->micro_batches < 1 || o->micro_batches > 4096 || (o->micro_batches & (o->micro_batches - 1)))
		return gb_fail(err, GB_USAGE, "--micro-batches %lld: a power of two up to 4096 is wanted", (long long)o->micro_batches);
	shape->basis = (size_t)delays->filters;
	shape->taps = (size_t)delays->length;
	shape->first_lag = delays->first;
	shape->history = delays->first + delays->length > 1 ? (size_t)(delays->first + delays->length - 1) : 0;
	shape->future = delays->first < 0 ? (size_t)-delays->first : 0;
	shape->window_first = first;
	shape->window_lags = last - first + 1;
	shape->scored = rows_in(o->window, step) > 0 ? rows_in(o->window, step) : 1;
	shape->groups = (size_t)o->batch_windows;
	shape->width = o->width;
	shape->rank = (size_t)o->rank;
	shape->dropout = o->dropout;
	shape->temperature = o->temperature;
	for (size_t k = 0, all = 0; k < shape->subjects; k++) {
		all += shape->voxels[k];
		if (k + 1 == shape->subjects && all < shape->rank)
			shape->rank = all;
	}
	if (!shape->kind)
		return GB_OK;
	shape->history = shape->future = shape->window_first = shape->window_lags = 0;
	shape->scored = 1;
	return shape->kind->check(shape, err);
}

/* ---- setting up ---- */

static gb_status take(void *pointer, size_t count, size_t size, gb_err *err)
{
	void *memory = gb_array(count ? count : 1, size, err);

	memcpy(pointer, &memory, sizeof memory);
	return memory ? GB_OK : GB_SYSTEM;
}

static gb_status take_memory(gb_trainer *t, gb_err *err)
{
	size_t b = t->net.bottleneck, per = (size_t)(t->options->micro_batches * t->options->batch_windows), n = gb_graph_parameter_count(t->net.graph);
	const struct { gb_mirror *twin; size_t count, size; } twin[] = {
		{&t->first, n, sizeof(float)}, {&t->second, n, sizeof(float)}, {&t->anchor, t->options->init != GB_INIT_RIDGE ? 0 : n, sizeof(float)},
		{&t->segment, (size_t)gb_graph_parameters(t->net.graph), sizeof(gb_adamw_segment)},
		{&t->row_counts, t->net.scored, sizeof(float)}, {&t->sums_of_z, 2 * b, sizeof(double)}, {&t->norm, 1, sizeof(double)}};
	int levels = 1; /* the one that works; of waiting sums one of each size */

	t->parameters = n;
	for (int64_t m = t->options->micro_batches; m > 1; m /= 2)
		levels++;
	for (size_t i = 0; i < sizeof twin / sizeof *twin; i++)
		if (gb_mirror_open(&t->device, twin[i].twin, twin[i].count, twin[i].size, err) != GB_OK)
			return GB_SYSTEM;
	if (take(&t->running, 2 * b, sizeof(double), err) != GB_OK || take(&t->order, t->fits, sizeof *t->order, err) != GB_OK ||
	    take(&t->step_window, per, sizeof *t->step_window, err) != GB_OK || take(&t->score, 1, sizeof(double), err) != GB_OK ||
	    take(&t->measured, (size_t)t->options->micro_batches * gb_graph_moment_count(t->net.graph), sizeof(float), err) != GB_OK ||
	    take(&t->numbers, 2 * b + 1 + 2 * GB_TERMS + 2, sizeof(double), err) != GB_OK)
		return GB_SYSTEM;
	if (t->options->comm && !t->device.ops->shares_memory && !gb_comm_on_device(t->options->comm) && take(&t->host, n + n / 2 + 1, sizeof(float), err) != GB_OK)
		return GB_SYSTEM;
	for (t->partials = 0; t->partials < levels; t->partials++) {
		gb_partial *p = &t->partial[t->partials];

		if (!(p->gradient = gb_device_array(&t->device, n, sizeof(float), err)) || take(&p->moments, 2 * b + 1, sizeof(double), err) != GB_OK)
			return GB_SYSTEM;
	}
	return GB_OK;
}

enum { LAYER_INPUTS = 512 };

static void set_segments(gb_trainer *t)
{
	bool ridge = t->options->init == GB_INIT_RIDGE && !t->options->from;
	gb_adamw_segment *segment = t->segment.host;

	for (int i = 0; i < gb_graph_parameters(t->net.graph); i++) {
		gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);

		if (ridge && p->flags & GB_PARAMETER_DECAYS && p->flags & GB_PARAMETER_FROM_RIDGE)
			p->flags |= GB_PARAMETER_ANCHORED;
		if (t->options->from && !(p->flags & GB_PARAMETER_READOUT))
			p->flags |= GB_PARAMETER_FROZEN;
		segment[i] = (gb_adamw_segment){p->first, p->rows * p->columns, 1, p->flags & GB_PARAMETER_DECAYS ? (float)t->options->weight_decay : 0,
		                                p->flags & GB_PARAMETER_ANCHORED ? (const float *)t->anchor.device + p->first : NULL};
		if (p->flags & GB_PARAMETER_ANCHORED) {
			segment[i].decay = (float)t->options->anchor_decay;
			segment[i].rate = (float)t->options->anchor_lr;
		}
		/* A step of AdamW moves every weight alike, so an output moves with the number of its inputs. */
		if (p->flags & GB_PARAMETER_DECAYS && p->columns > LAYER_INPUTS)
			segment[i].rate *= (float)LAYER_INPUTS / (float)p->columns;
		if (p->flags & (GB_PARAMETER_FROZEN | GB_PARAMETER_INIT_ONLY))
			segment[i].rate = segment[i].decay = 0;
	}
	gb_mirror_upload(&t->device, &t->segment);
}

/* Counted before anything is allocated. */
static gb_status check_memory(const gb_network_shape *shape, const gb_device *device, const gb_train_options *o, gb_err *err)
{
	gb_network net;
	gb_status status = gb_network_build(&net, shape, NULL, device, 0, err);
	size_t ranks = o->local_ranks > 1 ? (size_t)o->local_ranks : 1, there = gb_machine_memory();
	size_t wanted = status == GB_OK ? gb_cost_memory(&net, o->micro_batches, o->init == GB_INIT_RIDGE) * ranks : 0;

	gb_network_clear(&net);
	if (status == GB_OK && wanted > there)
		return gb_fail(err, GB_SYSTEM, "training wants %.1f GB of memory, this machine has %.1f: lower --width, --window or --batch-windows (--plan shows them)",
		               (double)wanted / 1e9, (double)there / 1e9);
	return status;
}

static gb_status set_up(gb_trainer *t, gb_err *err)
{
	static const char *const mean[] = {"mean"};
	const gb_train_options *o = t->options;
	gb_rational step = gb_dataset_clock(t->set)->step, apart;
	gb_network_shape shape;
	gb_status status = gb_delays_of_kernel(&t->delays, o->brain_kernel, step, err);

	if (status == GB_OK)
		status = gb_loader_open(&t->loader, t->set, o->features, (size_t)o->feature_count, o->subjects ? o->subjects : mean,
		                      o->subjects ? (size_t)o->subject_count : 1, err);
	t->loader.shape.kind = o->kind;
	if (status == GB_OK)
		status = gb_loader_split(&t->loader, o->validation, gb_dataset_gap(t->set), err);
	if (status == GB_OK)
		status = gb_loader_measure(&t->loader, t->pool, err);
	if (status == GB_OK && o->from)
		status = gb_trainer_adopt_statistics(t, err);
	if (status == GB_OK)
		status = gb_loader_prepare(&t->loader, err);
	shape = t->loader.shape;
	if (status == GB_OK)
		status = gb_train_shape(&shape, o, &t->delays, step, err);
	if (status == GB_OK)
		status = gb_giblet13_fixed(&t->fixed, &t->loader, &t->delays, gb_scaled(2048, shape.width), &t->kernel, err);
	if (status == GB_OK)
		status = check_memory(&shape, &t->device, o, err);
	if (status == GB_OK)
		status = gb_network_build(&t->net, &shape, &t->fixed, &t->device, o->seed, err);
	if (status == GB_OK)
		status = gb_loader_fit_network(&t->loader, &t->net, err);
	t->loader.apart = gb_rational_div(negatives_apart, step, &apart) ? gb_rational_ceil(apart) : 1;
	if (status == GB_OK)
		status = gb_loader_windows(&t->loader, GB_LOADER_FIT, shape.scored, &t->fit, &t->fits, err);
	if (status == GB_OK)
		status = gb_loader_windows(&t->loader, GB_LOADER_VALIDATE, shape.scored, &t->validate, &t->validates, err);
	t->learnt = o->kind ? t->fits - t->fits % (size_t)o->batch_windows : t->fits;
	if (status == GB_OK && !t->learnt)
		status = gb_fail(err, GB_USAGE, "--batch-windows %lld: %zu rows are left to fit: lower it", (long long)o->batch_windows, t->fits);
	if (status == GB_OK)
		status = take_memory(t, err);
	if (status == GB_OK)
		set_segments(t);
	if (status == GB_OK && !(t->next_window = gb_array((size_t)o->batch_windows, sizeof *t->next_window, err)))
		status = GB_SYSTEM;
	if (status == GB_OK && gb_pool_threads(t->pool) > 1)
		status = gb_prefetch_open(&t->prefetch, &t->loader, &t->net, err);
	return status;
}

static void tear_down(gb_trainer *t)
{
	gb_prefetch_close(t->prefetch);
	free(t->next_window);
	for (int i = 0; i < t->partials + 1 && i < 16; i++) {
		gb_device_release(&t->device, t->partial[i].gradient);
		free(t->partial[i].moments);
	}
	gb_mirror_close(&t->device, &t->first);
	gb_mirror_close(&t->device, &t->second);
	gb_mirror_close(&t->device, &t->anchor);
	gb_mirror_close(&t->device, &t->segment);
	gb_mirror_close(&t->device, &t->row_counts);
	gb_mirror_close(&t->device, &t->sums_of_z);
	gb_mirror_close(&t->device, &t->norm);
	free(t->running);
	free(t->order);
	free(t->step_window);
	free(t->score);
	free(t->metrics);
	free(t->host);
	free(t->numbers);
	free(t->measured);
	free(t->fit);
	free(t->validate);
	free(t->kernel);
	gb_json_free(t->config);
	gb_json_free(t->start);
	gb_network_clear(&t->net);
	gb_loader_close(&t->loader);
	gb_giblet13_fixed_clear(&t->fixed);
	gb_delays_clear(&t->delays);
}

/* ---- beginning ---- */

static void start_codes(gb_trainer *t)
{
	const gb_parameter *p = gb_graph_parameter_at(t->net.graph, gb_graph_find(t->net.graph, "13b.codes.bias"));

	if (p)
		memcpy((float *)gb_graph_weights(t->net.graph)->host + p->first, t->loader.statistics.code_base, p->columns * sizeof(float));
}

/* Mean and variance of z over the train rows as it starts. */
static gb_status start_running(gb_trainer *t, gb_err *err)
{
	size_t b = t->net.bottleneck, groups = (size_t)t->options->batch_windows;
	double rows = 0, *sums = t->sums_of_z.host, *there = t->sums_of_z.device;
	gb_graph_run run = {false, 0, 0, 0};
	gb_loader_options fill = {.bold_one = 0, .scored = true, .apart = t->loader.apart};

	if (!b)
		return GB_OK;
	t->device.ops->fill(&t->device, there, 0, t->sums_of_z.bytes);
	for (size_t at = 0; at < t->fits; at += groups) {
		for (size_t g = 0; g < groups; g++)
			t->step_window[g] = at + g < t->fits ? t->fit[at + g] : (gb_window){0, 0};
		gb_loader_fill_batch(&t->loader, &t->net, t->step_window, &fill);
		gb_graph_forward_to(t->net.graph, &run, t->net.z_scored);
		rows += gb_trainer_count_rows(t);
		GB_RUN(&t->device, moments, t->net.scored, b, gb_graph_value(t->net.graph, t->net.z_scored), t->row_counts.device, there, there + b);
	}
	if (gb_mirror_download(&t->device, &t->sums_of_z, err) != GB_OK)
		return GB_SYSTEM;
	for (size_t i = 0; i < b; i++) {
		t->running[i] = sums[i] / rows;
		t->running[b + i] = fmax(sums[b + i] / rows - t->running[i] * t->running[i], 1e-12);
	}
	gb_trainer_use_running(t);
	return GB_OK;
}

static gb_status begin(gb_trainer *t, gb_err *err)
{
	const gb_device host = {gb_ops_cpu(), t->pool, NULL}; /* the start is found there */
	const gb_init_options start = {&t->delays, gb_dataset_gap(t->set), t->options->seed, &host};
	gb_status status = GB_OK;

	start_codes(t);
	if (t->options->from)
		status = gb_trainer_adopt_weights(t, err);
	else if (t->options->init == GB_INIT_RIDGE) {
		note(t, "ridge, for the linear path to start from");
		status = gb_init_ridge(&t->net, &t->loader, &start, &t->start, err);
	}
	gb_graph_push(t->net.graph);
	t->device.ops->copy(&t->device, t->anchor.device, gb_graph_weights(t->net.graph)->device, t->anchor.bytes);
	if (status == GB_OK && !t->options->from)
		status = start_running(t, err);
	t->schedule = t->options->schedule ? t->options->schedule : t->options->epochs;
	t->best_epoch = -1;
	return status;
}

/* ---- epochs ---- */

static double smoothed(const gb_trainer *t)
{
	double sum = 0;
	int64_t n = t->epoch + 1 < GB_SMOOTH ? t->epoch + 1 : GB_SMOOTH;

	for (int64_t i = 0; i < n; i++)
		sum += t->score[t->epoch - i];
	return sum / (double)n;
}

/* After the last step of an epoch, and before the first of all: score, log,
 * keep.  `best` is written before `last`, metrics after it: a process killed in
 * between redoes the epoch and writes the same again. */
static gb_status close_epoch(gb_trainer *t, gb_err *err)
{
	gb_evaluation train = {.sums = t->sums}, validation;
	double score, smooth;
	gb_status status = t->epoch == 0 ? gb_trainer_evaluate(t, GB_LOADER_FIT, &train, err) : GB_OK;
	bool better;

	if (status == GB_OK)
		status = gb_trainer_check_weights(t, err);
	if (status == GB_OK)
		status = gb_trainer_evaluate(t, GB_LOADER_VALIDATE, &validation, err);
	if (status == GB_OK)
		status = gb_grow(&t->score, (size_t)t->epoch + 1, sizeof *t->score, err);
	if (status != GB_OK)
		return status;
	score = t->validates ? gb_trainer_score(t, &validation) : (double)t->epoch; /* nothing to choose by: the last */
	t->score[t->epoch] = score;
	smooth = smoothed(t);
	better = isfinite(smooth) && (t->best_epoch < 0 || smooth > t->best_score);
	if (better) {
		t->best_epoch = t->epoch;
		t->best_score = smooth;
	}
	gb_trainer_set_decoder_gate(t, &validation);
	if (better)
		memcpy(t->decoder_gate.best, t->decoder_gate.now, sizeof t->decoder_gate.best);
	status = gb_trainer_log(t, &train.sums, &validation, score, smooth, err);
	memset(&t->sums, 0, sizeof t->sums);
	t->norm_sum = 0;
	t->step_in_epoch = 0;
	if (status == GB_OK)
		status = gb_trainer_compare(t, err);
	if (status == GB_OK && better)
		status = gb_trainer_write(t, "best.safetensors", false, err);
	return status;
}

/* All wait until rank 0 has written: nobody runs ahead of a checkpoint by more than its file. */
static gb_status save(gb_trainer *t, const char *state, gb_err *err)
{
	gb_status status = gb_trainer_write(t, "last.safetensors", true, err);
	bool stop = t->stop;

	if (status == GB_OK)
		status = gb_trainer_write_text(t, err);
	if (status == GB_OK)
		status = gb_trainer_status(t, state, err);
	if (status == GB_OK && t->options->comm)
		status = gb_trainer_barrier(t, err);
	t->stop = t->stop || stop;
	return status;
}

static bool over(const gb_trainer *t)
{
	const gb_train_options *o = t->options;

	return t->epoch >= o->epochs || (o->patience && t->validates && t->epoch - t->best_epoch >= o->patience);
}

static gb_status keep_epoch(gb_trainer *t, gb_err *err)
{
	char name[48];

	if (!t->options->save_every || t->epoch % t->options->save_every)
		return GB_OK;
	snprintf(name, sizeof name, "epoch-%lld.safetensors", (long long)t->epoch);
	return gb_trainer_write(t, name, true, err);
}

static void saved(gb_trainer *t)
{
	t->save = false;
	if (t->options->save)
		*t->options->save = 0;
}

static gb_status train_epoch(gb_trainer *t, bool *stopped, gb_err *err)
{
	gb_status status = GB_OK;
	double began;

	gb_trainer_shuffle(t);
	while (status == GB_OK && t->step_in_epoch < gb_trainer_steps_per_epoch(t)) {
		began = gb_trainer_clock();
		status = gb_trainer_step(t, err);
		t->stepping += gb_trainer_clock() - began;
		if (status != GB_OK)
			return status;
		status = gb_trainer_status(t, NULL, err);
		*stopped = t->stop;
		if (t->step_in_epoch == gb_trainer_steps_per_epoch(t))
			break;
		if (t->stop)
			return save(t, "stopped", err);
		if (t->save) {
			saved(t);
			status = save(t, "running", err);
		}
	}
	t->epoch++;
	status = status == GB_OK ? close_epoch(t, err) : status;
	if (status == GB_OK)
		status = keep_epoch(t, err);
	if (status == GB_OK)
		status = gb_trainer_barrier(t, err);
	saved(t);
	if (t->options->progress && gb_trainer_writes(t))
		t->options->progress(t->options->context, t->epoch, t->options->epochs);
	*stopped = *stopped || t->stop;
	return status == GB_OK ? save(t, over(t) ? "done" : *stopped ? "stopped" : "running", err) : status;
}

static void say_pace(const gb_trainer *t)
{
	char line[160];

	if (t->step == t->first_step)
		return;
	snprintf(line, sizeof line, "%lld steps of %.3f s; %.3f s in all waited for data", (long long)(t->step - t->first_step),
	         t->stepping / (double)(t->step - t->first_step), t->waited);
	note(t, line);
}

static gb_status work(gb_trainer *t, gb_train_result *result, gb_err *err)
{
	gb_status status = set_up(t, err);

	if (status == GB_OK)
		status = gb_trainer_constants(t, err);
	if (status == GB_OK && gb_trainer_writes(t))
		status = gb_trainer_find(t, &result->resumed, err);
	if (status == GB_OK && gb_trainer_writes(t) && !result->resumed)
		status = begin(t, err);
	if (status == GB_OK) /* all slow work of one rank alone is done */
		status = gb_trainer_broadcast(t, &result->resumed, err);
	if (status == GB_OK && result->resumed)
		status = gb_trainer_resume(t, err);
	if (status == GB_OK && !result->resumed)
		status = close_epoch(t, err);
	t->first_step = t->step;
	if (status == GB_OK)
		status = save(t, over(t) ? "done" : "running", err);
	while (status == GB_OK && !over(t) && !result->stopped) {
		if (t->step_in_epoch == 0 && (status = gb_trainer_barrier(t, err)) == GB_OK && t->stop) {
			result->stopped = true;
			status = gb_trainer_status(t, "stopped", err);
			break;
		}
		if (status == GB_OK)
			status = train_epoch(t, &result->stopped, err);
	}
	say_pace(t);
	if (status == GB_OK) /* nobody leaves before all is written */
		status = gb_trainer_barrier(t, err);
	result->stopped = result->stopped && !over(t);
	if (status == GB_NO && gb_trainer_status(t, "diverged", NULL) != GB_OK)
		note(t, "status.json could not be written");
	return status;
}

static gb_status open_device(gb_trainer *t, gb_err *err)
{
	char *why = NULL;
	gb_status status = gb_device_open(&t->device, t->options->device ? t->options->device : "cpu", (unsigned)t->options->place, t->pool, &why, err);

	if (status == GB_OK && why)
		note(t, why);
	free(why);
	if (status == GB_OK && t->options->comm && t->options->note && strcmp(t->device.ops->name, "cpu")) {
		char line[64]; /* of every rank, whose device is its own */

		snprintf(line, sizeof line, "rank %d: %s:%u", gb_comm_rank(t->options->comm), t->device.ops->name, t->device.number);
		t->options->note(t->options->context, line);
	}
	return status;
}

static gb_status train_once(const gb_dataset *set, const char *run, const gb_train_options *options, gb_pool *pool, gb_train_result *result, gb_err *err)
{
	gb_trainer *t = gb_array(1, sizeof *t, err);
	gb_status status;

	memset(result, 0, sizeof *result);
	if (!t)
		return GB_SYSTEM;
	t->set = set;
	t->run = run;
	t->options = options;
	t->pool = pool;
	status = open_device(t, err);
	t->config = gb_trainer_config(options);
	if (status == GB_OK) {
		gb_json_set(t->config, "device", gb_json_string(t->device.ops->name));
		status = gb_trainer_writes(t) ? gb_folder_make(run, err) : GB_OK;
	}
	if (status == GB_OK && gb_comm_on_device(options->comm) && t->device.ops->shares_memory)
		status = gb_fail(err, GB_USAGE, "--comm nccl: gradients go from GPU to GPU, and --device %s has none", t->device.ops->name);
	if (status == GB_OK)
		status = work(t, result, err);
	result->epoch = t->epoch;
	result->step = t->step;
	result->schedule = t->schedule;
	result->best_epoch = t->best_epoch;
	result->best_score = t->best_score;
	memcpy(result->decoder_gate, t->decoder_gate.best, sizeof result->decoder_gate);
	tear_down(t);
	gb_device_close(&t->device);
	free(t);
	return status;
}

gb_status gb_train(const gb_dataset *set, const char *run, const gb_train_options *options, gb_pool *pool, gb_train_result *result, gb_err *err)
{
	gb_train_options again = *options;
	gb_train_result search;
	char *folder;
	gb_status status;

	if (gb_comm_check_ranks(gb_comm_size(options->comm), options->micro_batches, err) != GB_OK)
		return GB_USAGE;
	if (options->reduction == GB_REDUCE_FAST && !gb_comm_has_fast(options->comm))
		return gb_fail(err, GB_USAGE, "--reduce fast: %s has no all-reduce of its own; --comm mpi has", gb_comm_name(options->comm));
	if (!options->refit || options->validation == 0)
		return train_once(set, run, options, pool, result, err);
	folder = gb_format(err, "%s/search", run);
	status = folder ? train_once(set, folder, options, pool, result, err) : GB_SYSTEM;
	free(folder);
	if (status != GB_OK || result->stopped)
		return status;
	/* As many epochs on every train row, at the rates they had. */
	search = *result;
	again.validation = 0;
	again.patience = 0;
	again.epochs = search.best_epoch < 0 ? 0 : search.best_epoch;
	again.schedule = search.schedule;
	again.decoder_gate = search.decoder_gate;
	status = train_once(set, run, &again, pool, result, err);
	result->best_score = search.best_score;
	return status;
}

gb_status gb_train_weights(double weight[GB_TERMS], const char *text, gb_err *err)
{
	char *copy = text ? gb_string(text, err) : NULL, *rest = NULL;
	gb_status status = text && !copy ? GB_SYSTEM : GB_OK;

	for (int i = 0; i < GB_TERMS; i++)
		weight[i] = 1;
	for (char *part = copy ? strtok_r(copy, ",", &rest) : NULL; part && status == GB_OK; part = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(part, '='), *end = NULL;
		double value = equals ? strtod(equals + 1, &end) : -1;
		int term = 0;

		if (equals)
			*equals = 0;
		while (term < GB_TERMS && strcmp(gb_term_name(term), part))
			term++;
		if (!equals || end == equals + 1 || *end || !(value >= 0 && value <= 1e6) || term == GB_TERMS)
			status = gb_fail(err, GB_USAGE, "--loss-weights %s: TERM=W,... is wanted, with terms like bold, text, brain.text and W from 0 to 1e6", text);
		else
			weight[term] = value;
	}
	free(copy);
	return status;
}

gb_status gb_train_all_subjects(const gb_dataset *set, const char ***subject, int *count, gb_err *err)
{
	*count = (int)gb_dataset_subjects(set);
	*subject = gb_array((size_t)*count + 1, sizeof **subject, err);
	for (int i = 0; *subject && i < *count; i++)
		(*subject)[i] = gb_dataset_subject(set, (size_t)i);
	return !*subject ? GB_SYSTEM : *count ? GB_OK : gb_fail(err, GB_DATA, "data set: no BOLD in it; pack it with --subject NAME=FILE");
}
