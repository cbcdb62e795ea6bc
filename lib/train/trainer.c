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
#include "model/giblet13_checkpoint.h"
#include "ridge/delays_from_kernel.h"
#include "train/training_cost.h"
#include "train/init_ridge.h"
#include "train/trainer_internal.h"
#include "loader/feature_statistics.h"
#include "loader/batch.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"

/* Contrastive negatives are at least so far away. */
static const gb_rational negatives_apart = {30, 1};

void gb_trainer_note(const gb_trainer *t, const char *line)
{
	if (t->options->note && gb_trainer_writes(t))
		t->options->note(t->options->context, line);
}

/* ---- sizes ---- */

static size_t rows_in(double seconds, gb_rational step)
{
	return (size_t)floor(seconds / gb_rational_double(step) + 1e-9);
}

gb_status gb_train_shape(gb_network_shape *shape, const gb_train_options *o, const gb_delays *delays,
                         gb_rational step, gb_err *err)
{
	size_t first = (size_t)ceil(o->window_first / gb_rational_double(step) - 1e-9),
	    last = rows_in(o->window_last, step);

	if (last < first)
		return gb_fail(err, GB_USAGE, "--decoding-window %g:%g: no row of %g s begins in it",
		               o->window_first, o->window_last, gb_rational_double(step));
	if (o->micro_batches < 1 || o->micro_batches > 4096 || (o->micro_batches & (o->micro_batches - 1)))
		return gb_fail(err, GB_USAGE, "--micro-batches %lld: a power of two up to 4096 is wanted",
		               (long long)o->micro_batches);
	shape->basis = (size_t)delays->filters;
	shape->taps = (size_t)delays->length;
	shape->first_lag = delays->first;
	shape->history = delays->first + delays->length > 1 ? (size_t)(delays->first + delays->length - 1)
	    : 0;
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

static gb_status allocate(void *pointer, size_t count, size_t size, gb_err *err)
{
	void *memory = gb_array(count ? count : 1, size, err);

	memcpy(pointer, &memory, sizeof memory);
	return memory ? GB_OK : GB_SYSTEM;
}

static gb_status allocate_all(gb_trainer *t, gb_err *err)
{
	size_t b = t->net.bottleneck, windows = (size_t)t->options->batch_windows,
	    micro = (size_t)t->options->micro_batches;
	const struct { void *pointer; size_t count, size; } array[] = {
		{&t->running, 2 * b, sizeof *t->running}, {&t->order, t->fits, sizeof *t->order},
		{&t->step_window, micro * windows, sizeof *t->step_window},
		{&t->next_window, windows, sizeof *t->next_window},
		{&t->measured, micro * gb_graph_moment_count(t->net.graph), sizeof *t->measured},
		{&t->progress.score, 1, sizeof *t->progress.score}};
	gb_status status;

	GB_TRY(gb_optimizer_open(&t->optimizer, &t->device, t->net.graph, t->options, err));
	GB_TRY(gb_mirror_open(&t->device, &t->row_counts, t->net.scored, sizeof(float), err));
	GB_TRY(gb_mirror_open(&t->device, &t->sums_of_z, 2 * b, sizeof(double), err));
	for (size_t i = 0; i < sizeof array / sizeof *array; i++)
		GB_TRY(allocate(array[i].pointer, array[i].count, array[i].size, err));
	t->reducer = (gb_reducer){.device = &t->device, .graph = t->net.graph, .comm = t->options->comm,
	                          .pool = t->pool, .reduction = t->options->reduction,
	                          .parameters = t->optimizer.parameters, .moments = 2 * b + 1};
	status = gb_reducer_open(&t->reducer, t->options->micro_batches, err);
done:
	return status;
}

/* Refuse what this machine's memory cannot hold, before anything is allocated. */
static gb_status check_memory(const gb_network_shape *shape, const gb_device *device,
                              const gb_train_options *o, gb_err *err)
{
	gb_network net;
	gb_status status = gb_network_build(&net, shape, NULL, device, 0, err);
	size_t ranks = o->local_ranks > 1 ? (size_t)o->local_ranks : 1, machine = gb_machine_memory(),
	    wanted = 0;

	if (status == GB_OK)
		wanted = gb_cost_memory(&net, o->micro_batches, o->init == GB_INIT_RIDGE) * ranks;
	gb_network_clear(&net);
	if (status == GB_OK && wanted > machine)
		return gb_fail(err, GB_SYSTEM,
		               "training wants %.1f GB of memory, this machine has %.1f: lower --width, "
		               "--window or --batch-windows (--plan shows them)", (double)wanted / 1e9,
		               (double)machine / 1e9);
	return status;
}

static gb_status open_loader(gb_trainer *t, gb_err *err)
{
	static const char *const mean[] = {"mean"};
	const gb_train_options *o = t->options;
	gb_status status;

	GB_TRY(gb_loader_open(&t->loader, t->set, o->features, (size_t)o->feature_count,
	                      o->subjects ? o->subjects : mean, o->subjects ? (size_t)o->subject_count : 1,
	                      err));
	t->loader.shape.kind = o->kind;
	GB_TRY(gb_loader_split(&t->loader, o->validation, gb_dataset_gap(t->set), err));
	GB_TRY(gb_loader_measure(&t->loader, t->pool, err));
	if (o->from)
		GB_TRY(gb_trainer_adopt_statistics(t, err));
	status = gb_loader_prepare(&t->loader, err);
done:
	return status;
}

static gb_status find_windows(gb_trainer *t, size_t scored, gb_err *err)
{
	int64_t batch = t->options->batch_windows;
	gb_status status;

	GB_TRY(gb_loader_windows(&t->loader, GB_LOADER_FIT, scored, &t->fit, &t->fits, err));
	GB_TRY(gb_loader_windows(&t->loader, GB_LOADER_VALIDATE, scored, &t->validate, &t->validates, err));
	t->learnt = t->options->kind ? t->fits - t->fits % (size_t)batch : t->fits;
	if (!t->learnt)
		status = gb_fail(err, GB_USAGE, "--batch-windows %lld: %zu rows are left to fit: lower it",
		                 (long long)batch, t->fits);
done:
	return status;
}

static gb_status set_up(gb_trainer *t, gb_err *err)
{
	const gb_train_options *o = t->options;
	gb_rational step = gb_dataset_clock(t->set)->step, apart;
	gb_network_shape shape;
	gb_status status;

	GB_TRY(gb_delays_of_kernel(&t->delays, o->brain_kernel, step, err));
	GB_TRY(open_loader(t, err));
	shape = t->loader.shape;
	GB_TRY(gb_train_shape(&shape, o, &t->delays, step, err));
	GB_TRY(gb_giblet13_fixed(&t->fixed, &t->loader, &t->delays, gb_scaled(2048, shape.width), &t->kernel,
	                         err));
	GB_TRY(check_memory(&shape, &t->device, o, err));
	GB_TRY(gb_network_build(&t->net, &shape, &t->fixed, &t->device, o->seed, err));
	GB_TRY(gb_loader_fit_network(&t->loader, &t->net, err));
	t->loader.apart = gb_rational_div(negatives_apart, step, &apart) ? gb_rational_ceil(apart) : 1;
	GB_TRY(find_windows(t, shape.scored, err));
	GB_TRY(allocate_all(t, err));
	if (gb_pool_threads(t->pool) > 1)
		status = gb_prefetch_open(&t->prefetch, &t->loader, &t->net, err);
done:
	return status;
}

static void tear_down(gb_trainer *t)
{
	gb_prefetch_close(t->prefetch);
	gb_reducer_close(&t->reducer);
	gb_optimizer_close(&t->optimizer);
	gb_mirror_close(&t->device, &t->row_counts);
	gb_mirror_close(&t->device, &t->sums_of_z);
	free(t->running);
	free(t->order);
	free(t->step_window);
	free(t->next_window);
	free(t->progress.score);
	free(t->log.metrics);
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

/* ---- initialisation ---- */

static void set_code_bias(gb_trainer *t)
{
	const gb_parameter *p = gb_graph_parameter_at(t->net.graph,
	                                              gb_graph_find(t->net.graph, "13b.codes.bias"));
	float *weights = gb_graph_weights(t->net.graph)->host;

	if (p)
		memcpy(weights + p->first, t->loader.statistics.code_base, p->columns * sizeof *weights);
}

/* Mean and variance of z over the train rows under the initial weights. */
static gb_status measure_z(gb_trainer *t, gb_err *err)
{
	size_t b = t->net.bottleneck, windows = (size_t)t->options->batch_windows;
	double rows = 0, *sums = t->sums_of_z.host, *device_sums = t->sums_of_z.device;
	gb_graph_run run = {false, 0, 0, 0};
	gb_loader_options fill = {.bold_one = 0, .scored = true, .apart = t->loader.apart};

	if (!b)
		return GB_OK;
	t->device.ops->fill(&t->device, device_sums, 0, t->sums_of_z.bytes);
	for (size_t at = 0; at < t->fits; at += windows) {
		for (size_t w = 0; w < windows; w++)
			t->step_window[w] = at + w < t->fits ? t->fit[at + w] : (gb_window){0, 0};
		gb_loader_fill_batch(&t->loader, &t->net, t->step_window, &fill);
		gb_graph_forward_to(t->net.graph, &run, t->net.z_scored);
		rows += gb_trainer_count_rows(t);
		GB_RUN(&t->device, moments, t->net.scored, b, gb_graph_value(t->net.graph, t->net.z_scored),
		       t->row_counts.device, device_sums, device_sums + b);
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

static gb_status initialise(gb_trainer *t, gb_err *err)
{
	const gb_train_options *o = t->options;
	const gb_device host = {gb_ops_cpu(), t->pool, NULL};
	const gb_init_options ridge = {.delays = &t->delays, .gap = gb_dataset_gap(t->set), .seed = o->seed,
	                               .device = &host};
	gb_status status = GB_OK;

	set_code_bias(t);
	if (o->from) {
		GB_TRY(gb_trainer_adopt_weights(t, err));
	} else if (o->init == GB_INIT_RIDGE) {
		gb_trainer_note(t, "ridge, for the linear path to start from");
		GB_TRY(gb_init_ridge(&t->net, &t->loader, &ridge, &t->start, err));
	}
	gb_graph_push(t->net.graph);
	gb_optimizer_set_anchors(&t->optimizer);
	if (!o->from)
		GB_TRY(measure_z(t, err));
	t->progress.schedule = o->schedule ? o->schedule : o->epochs;
	t->progress.best_epoch = -1;
done:
	return status;
}

/* ---- epochs ---- */

/* Epochs whose mean score decides which is best. */
enum { SMOOTH = 5 };

static double smooth_score(const gb_progress *p)
{
	double sum = 0;
	int64_t n = p->epoch + 1 < SMOOTH ? p->epoch + 1 : SMOOTH;

	for (int64_t i = 0; i < n; i++)
		sum += p->score[p->epoch - i];
	return sum / (double)n;
}

/* After the last step of an epoch, and before the first of all: evaluate, log and
 * keep the best.  `best` is written before `last`, metrics after it: a process that
 * is killed in between repeats the epoch and writes the same bytes again. */
static gb_status close_epoch(gb_trainer *t, gb_err *err)
{
	gb_progress *p = &t->progress;
	gb_evaluation train = {.sums = p->sums}, validation;
	double score, smooth;
	bool better;
	gb_status status;

	if (p->epoch == 0)
		GB_TRY(gb_trainer_evaluate(t, GB_LOADER_FIT, &train, err));
	GB_TRY(gb_trainer_check_weights(t, err));
	GB_TRY(gb_trainer_evaluate(t, GB_LOADER_VALIDATE, &validation, err));
	GB_TRY(gb_grow(&p->score, (size_t)p->epoch + 1, sizeof *p->score, err));
	/* without validation the last is best */
	score = t->validates ? gb_trainer_score(t, &validation) : (double)p->epoch;
	p->score[p->epoch] = score;
	smooth = smooth_score(p);
	better = isfinite(smooth) && (p->best_epoch < 0 || smooth > p->best_score);
	gb_trainer_set_decoder_gate(t, &validation);
	if (better) {
		p->best_epoch = p->epoch;
		p->best_score = smooth;
		memcpy(p->decoder_gate.best, p->decoder_gate.now, sizeof p->decoder_gate.best);
	}
	GB_TRY(gb_run_log_add_epoch(t, &train.sums, &validation, score, smooth, err));
	memset(&p->sums, 0, sizeof p->sums);
	p->norm_sum = 0;
	p->step_in_epoch = 0;
	GB_TRY(gb_trainer_compare(t, err));
	if (better)
		GB_TRY(gb_trainer_write(t, "best.safetensors", false, err));
done:
	return status;
}

/* All wait until rank 0 has written: nobody runs ahead of a checkpoint by more than its file. */
static gb_status save(gb_trainer *t, const char *state, gb_err *err)
{
	bool stop = t->stop;
	gb_status status;

	GB_TRY(gb_trainer_write(t, "last.safetensors", true, err));
	GB_TRY(gb_run_log_write_metrics(t, err));
	GB_TRY(gb_run_log_write_status(t, state, err));
	if (t->options->comm)
		GB_TRY(gb_trainer_barrier(t, err));
	t->stop = t->stop || stop;
done:
	return status;
}

static bool is_over(const gb_trainer *t)
{
	const gb_train_options *o = t->options;
	const gb_progress *p = &t->progress;

	return p->epoch >= o->epochs ||
	    (o->patience && t->validates && p->epoch - p->best_epoch >= o->patience);
}

static gb_status keep_epoch(gb_trainer *t, gb_err *err)
{
	char name[48];

	if (!t->options->save_every || t->progress.epoch % t->options->save_every)
		return GB_OK;
	snprintf(name, sizeof name, "epoch-%lld.safetensors", (long long)t->progress.epoch);
	return gb_trainer_write(t, name, true, err);
}

static void forget_save(gb_trainer *t)
{
	t->save = false;
	if (t->options->save)
		*t->options->save = 0;
}

/* The steps of an epoch that are left; *STOPPED, and saved, where a signal came before the last. */
static gb_status run_steps(gb_trainer *t, bool *stopped, gb_err *err)
{
	gb_progress *p = &t->progress;
	int64_t steps = gb_trainer_steps_per_epoch(t);
	gb_status status = GB_OK;

	gb_trainer_shuffle(t);
	while (p->step_in_epoch < steps) {
		double began = gb_trainer_clock();

		status = gb_trainer_step(t, err);
		t->log.stepping += gb_trainer_clock() - began;
		GB_TRY(status);
		GB_TRY(gb_run_log_write_status(t, NULL, err));
		*stopped = t->stop;
		if (p->step_in_epoch == steps)
			break;
		if (t->stop)
			return save(t, "stopped", err);
		if (t->save) {
			forget_save(t);
			GB_TRY(save(t, "running", err));
		}
	}
done:
	return status;
}

static gb_status train_epoch(gb_trainer *t, bool *stopped, gb_err *err)
{
	const gb_train_options *o = t->options;
	gb_status status;

	GB_TRY(run_steps(t, stopped, err));
	if (t->progress.step_in_epoch < gb_trainer_steps_per_epoch(t))
		goto done;
	t->progress.epoch++;
	GB_TRY(close_epoch(t, err));
	GB_TRY(keep_epoch(t, err));
	GB_TRY(gb_trainer_barrier(t, err));
	forget_save(t);
	if (o->progress && gb_trainer_writes(t))
		o->progress(o->context, t->progress.epoch, o->epochs);
	*stopped = *stopped || t->stop;
	status = save(t, is_over(t) ? "done" : *stopped ? "stopped" : "running", err);
done:
	return status;
}

static gb_status train_epochs(gb_trainer *t, gb_train_result *result, gb_err *err)
{
	gb_status status = GB_OK;

	while (!is_over(t) && !result->stopped) {
		if (t->progress.step_in_epoch == 0) {
			GB_TRY(gb_trainer_barrier(t, err));
			if (t->stop) {
				result->stopped = true;
				return gb_run_log_write_status(t, "stopped", err);
			}
		}
		GB_TRY(train_epoch(t, &result->stopped, err));
	}
done:
	return status;
}

static gb_status run_training(gb_trainer *t, gb_train_result *result, gb_err *err)
{
	bool first = gb_trainer_writes(t);
	gb_status status;

	GB_TRY(set_up(t, err));
	gb_trainer_measure_constants(t);
	if (first)
		GB_TRY(gb_trainer_find(t, &result->resumed, err));
	if (first && !result->resumed)
		GB_TRY(initialise(t, err));
	GB_TRY(gb_trainer_broadcast(t, &result->resumed, err)); /* the others wait here for rank 0 */
	GB_TRY(result->resumed ? gb_trainer_resume(t, err) : close_epoch(t, err));
	t->log.first_step = t->progress.step;
	GB_TRY(save(t, is_over(t) ? "done" : "running", err));
	status = train_epochs(t, result, err);
	gb_run_log_report_pace(t);
	GB_TRY(status);
	GB_TRY(gb_trainer_barrier(t, err)); /* nobody leaves before all is written */
	result->stopped = result->stopped && !is_over(t);
done:
	if (status == GB_NO && gb_run_log_write_status(t, "diverged", NULL) != GB_OK)
		gb_trainer_note(t, "status.json could not be written");
	return status;
}

static gb_status open_device(gb_trainer *t, gb_err *err)
{
	const gb_train_options *o = t->options;
	char *why = NULL, line[64];
	gb_status status = gb_device_open(&t->device, o->device ? o->device : "cpu", (unsigned)o->place,
	                                  t->pool, &why, err);

	if (status == GB_OK && why)
		gb_trainer_note(t, why);
	free(why);
	if (status == GB_OK && o->comm && o->note && strcmp(t->device.ops->name, "cpu")) {
		/* Every rank notes its own. */
		snprintf(line, sizeof line, "rank %d: %s:%u", gb_comm_rank(o->comm), t->device.ops->name,
		         t->device.number);
		o->note(o->context, line);
	}
	return status;
}

static gb_status train_once(const gb_dataset *set, const char *run, const gb_train_options *options,
                            gb_pool *pool, gb_train_result *result, gb_err *err)
{
	gb_trainer *t = gb_array(1, sizeof *t, err);
	const gb_progress *p;
	gb_status status;

	memset(result, 0, sizeof *result);
	if (!t)
		return GB_SYSTEM;
	t->set = set;
	t->run = run;
	t->options = options;
	t->pool = pool;
	p = &t->progress;
	GB_TRY(open_device(t, err));
	t->config = gb_trainer_config(options);
	gb_json_set(t->config, "device", gb_json_string(t->device.ops->name));
	if (gb_trainer_writes(t))
		GB_TRY(gb_folder_make(run, err));
	if (gb_comm_on_device(options->comm) && t->device.ops->shares_memory)
		GB_TRY(gb_fail(err, GB_USAGE,
		               "--comm nccl: gradients go from GPU to GPU, and --device %s has none",
		               t->device.ops->name));
	status = run_training(t, result, err);
	result->epoch = p->epoch;
	result->step = p->step;
	result->schedule = p->schedule;
	result->best_epoch = p->best_epoch;
	result->best_score = p->best_score;
	memcpy(result->decoder_gate, p->decoder_gate.best, sizeof result->decoder_gate);
done:
	tear_down(t);
	gb_device_close(&t->device);
	free(t);
	return status;
}

gb_status gb_train(const gb_dataset *set, const char *run, const gb_train_options *options, gb_pool *pool,
                   gb_train_result *result, gb_err *err)
{
	gb_train_options again = *options;
	gb_train_result search;
	char *folder;
	gb_status status;

	if (gb_comm_check_ranks(gb_comm_size(options->comm), options->micro_batches, err) != GB_OK)
		return GB_USAGE;
	if (options->reduction == GB_REDUCE_FAST && !gb_comm_has_fast(options->comm))
		return gb_fail(err, GB_USAGE,
		               "--reduce fast: %s has no all-reduce of its own; --comm mpi has",
		               gb_comm_name(options->comm));
	if (!options->refit || options->validation == 0)
		return train_once(set, run, options, pool, result, err);
	folder = gb_format(err, "%s/search", run);
	status = folder ? train_once(set, folder, options, pool, result, err) : GB_SYSTEM;
	free(folder);
	if (status != GB_OK || result->stopped)
		return status;
	/* As many epochs on every train row, with the same learning rates. */
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
	for (char *part = copy ? strtok_r(copy, ",", &rest) : NULL; part && status == GB_OK;
	     part = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(part, '='), *end = NULL;
		double value = equals ? strtod(equals + 1, &end) : -1;
		int term = 0;

		if (equals)
			*equals = 0;
		while (term < GB_TERMS && strcmp(gb_term_name(term), part))
			term++;
		if (!equals || end == equals + 1 || *end || !(value >= 0 && value <= 1e6) || term == GB_TERMS)
			status = gb_fail(err, GB_USAGE,
			                 "--loss-weights %s: TERM=W,... is wanted, with terms like bold, "
			                 "text, brain.text and W from 0 to 1e6", text);
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
	return !*subject ? GB_SYSTEM : *count ? GB_OK
	    : gb_fail(err, GB_DATA, "data set: no BOLD in it; pack it with --subject NAME=FILE");
}
