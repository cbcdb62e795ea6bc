/* SPDX-License-Identifier: MIT */
/* run_folder.c: what a run folder holds, and reading it back. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "io/file.h"
#include "checkpoint/checkpoint.h"
#include "model/giblet13.h"
#include "train/trainer_internal.h"

/* ---- config and description ---- */

static void set_names(gb_json *config, const char *key, const char *const *name, int count)
{
	gb_json *list = gb_json_array();

	for (int i = 0; i < count; i++)
		gb_json_append(list, gb_json_string(name[i]));
	gb_json_set(config, key, name ? list : gb_json_string("all"));
	if (!name)
		gb_json_free(list);
}

gb_json *gb_trainer_config(const gb_train_options *o)
{
	const struct { const char *key; double value; } real[] = {
		{"width", o->width}, {"window", o->window}, {"window-first", o->window_first}, {"window-last", o->window_last},
		{"warmup", o->warmup}, {"rate", o->lr}, {"rate-end", o->lr_final}, {"decay", o->weight_decay}, {"anchor-decay", o->anchor_decay}, {"anchor-rate", o->anchor_lr}, {"clip", o->clip},
		{"dropout", o->dropout}, {"modality-dropout", o->modality_dropout}, {"temperature", o->temperature}, {"validation", o->validation}};
	const struct { const char *key; int64_t value; } integer[] = {
		{"rank", o->rank}, {"groups", o->batch_windows}, {"micro", o->micro_batches}, {"schedule", o->schedule}, {"seed", (int64_t)o->seed}};
	gb_json *config = gb_json_object(), *weight = gb_json_object();

	for (size_t i = 0; i < sizeof real / sizeof *real; i++)
		gb_json_set(config, real[i].key, gb_json_real(real[i].value));
	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		gb_json_set(config, integer[i].key, gb_json_integer(integer[i].value));
	for (int i = 0; i < GB_TERMS; i++)
		gb_json_set(weight, gb_term_name(i), gb_json_real(o->weight[i]));
	gb_json_set(config, "weight", weight);
	set_names(config, "features", o->features, o->feature_count);
	set_names(config, "subjects", o->subjects, o->subject_count);
	gb_json_set(config, "subject", gb_json_string(o->subject_count ? o->subjects[0] : "mean"));
	gb_json_set(config, "brain-kernel", gb_json_string(o->brain_kernel));
	gb_json_set(config, "start", gb_json_string(o->init == GB_INIT_RIDGE ? "ridge" : "zero"));
	if (o->from)
		gb_json_set(config, "from", gb_json_string(o->from));
	gb_json_set(config, "reduce", gb_json_string(o->reduction == GB_REDUCE_FAST ? "fast" : "exact"));
	return config;
}

static gb_json *state_json(const gb_trainer *t)
{
	gb_json *state = gb_json_object();

	gb_json_set(state, "epoch", gb_json_integer(t->progress.epoch));
	gb_json_set(state, "step", gb_json_integer(t->progress.step));
	gb_json_set(state, "step_in_epoch", gb_json_integer(t->progress.step_in_epoch));
	gb_json_set(state, "schedule", gb_json_integer(t->progress.schedule));
	gb_json_set(state, "best_epoch", gb_json_integer(t->progress.best_epoch));
	gb_json_set(state, "back", gb_decoder_gate_json(&t->progress.decoder_gate));
	gb_json_set(state, "start", gb_json_copy(t->start));
	return state;
}

/* ---- writing ---- */

typedef struct items { gb_checkpoint_item *item; size_t count, room; char (*name)[96]; } items;

static gb_status add(items *list, const char *name, gb_dtype dtype, size_t rows, size_t columns, const void *data, const char *doc, gb_err *err)
{
	gb_checkpoint_item *item;

	if (list->count == list->room)
		return gb_fail(err, GB_SYSTEM, "checkpoint: more tensors than counted");
	item = &list->item[list->count];
	snprintf(list->name[list->count], sizeof list->name[0], "%s", name);
	*item = (gb_checkpoint_item){list->name[list->count], dtype, columns ? 2 : 1, {(int64_t)rows, (int64_t)columns}, columns ? "output,input" : "element", doc, data};
	list->count++;
	return GB_OK;
}

static gb_status add_parameters(items *list, const gb_trainer *t, bool anchors, gb_err *err)
{
	for (int i = 0; i < gb_graph_parameters(t->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);
		bool vector = p->rows == 1;
		char name[96];

		snprintf(name, sizeof name, "%s%s", anchors ? "start." : "", p->name);
		if ((!anchors || p->flags & GB_PARAMETER_ANCHORED) && add(list, name, GB_F32, vector ? p->columns : p->rows, vector ? 0 : p->columns,
		                                     (const float *)(anchors ? t->optimizer.anchor : *gb_graph_weights(t->net.graph)).host + p->first,
		                                     anchors ? "where this weight started: what it decays towards" : "weight", err) != GB_OK)
			return GB_SYSTEM;
	}
	return GB_OK;
}

static gb_status add_norms(items *list, const gb_trainer *t, gb_err *err)
{
	const float *running = gb_graph_running(t->net.graph)->host;
	gb_status status = GB_OK;

	for (int i = 0; status == GB_OK && i < 2 * gb_graph_norms(t->net.graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(t->net.graph, i / 2);
		char name[96];

		snprintf(name, sizeof name, "%s.%s", norm->name, i % 2 ? "variance" : "mean");
		status = add(list, name, GB_F32, norm->columns, 0, running + norm->first + (i % 2 ? norm->columns : 0), "running moment of a batch norm", err);
	}
	return status;
}

static gb_status add_state(items *list, const gb_trainer *t, gb_err *err)
{
	if (add_parameters(list, t, true, err) != GB_OK ||
	    add(list, "optimiser.first", GB_F32, t->optimizer.parameters, 0, t->optimizer.first.host, "AdamW's first moment of all weights in order", err) != GB_OK ||
	    add(list, "optimiser.second", GB_F32, t->optimizer.parameters, 0, t->optimizer.second.host, "AdamW's second moment of all weights in order", err) != GB_OK ||
	    add(list, "state.sums", GB_F64, 2 * GB_TERMS, 0, &t->progress.sums, "losses and counts of the epoch under way", err) != GB_OK ||
	    add(list, "state.norm", GB_F64, 1, 0, &t->progress.norm_sum, "gradient norms of the epoch under way", err) != GB_OK ||
	    add(list, "state.best", GB_F64, 1, 0, &t->progress.best_score, "best smoothed score", err) != GB_OK ||
	    add(list, "state.back", GB_F64, sizeof t->progress.decoder_gate / sizeof(double), 0, &t->progress.decoder_gate, "the way back: losses at first, parts that count now and at best", err) != GB_OK ||
	    add(list, "state.scores", GB_F64, (size_t)t->progress.epoch + 1, 0, t->progress.score, "validation score of each epoch", err) != GB_OK)
		return GB_SYSTEM;
	return t->log.metrics ? add(list, "state.metrics", GB_U8, strlen(t->log.metrics), 0, t->log.metrics, "metrics.tsv", err) : GB_OK;
}

/* What the device changed, to the host. */
static gb_status pull(const gb_trainer *t, bool whole, gb_err *err)
{
	gb_status status = gb_graph_download(t->net.graph, err);
	const gb_mirror *twin[] = {&t->optimizer.first, &t->optimizer.second, &t->optimizer.anchor};

	for (size_t i = 0; whole && status == GB_OK && i < sizeof twin / sizeof *twin; i++)
		status = gb_mirror_download(&t->device, twin[i], err);
	return status;
}

/* NAME under the run folder; WHOLE: with all that going on needs. */
gb_status gb_trainer_write(gb_trainer *t, const char *name, bool whole, gb_err *err)
{
	gb_statistic_item statistic[GB_STATISTICS_MAX];
	size_t statistics = gb_giblet13_statistics(&t->loader, statistic);
	items list = {.room = 2 * (size_t)gb_graph_parameters(t->net.graph) + statistics + 2 * (size_t)gb_graph_norms(t->net.graph) + 16};
	gb_json *description;
	char *path;
	gb_status status;

	if (!gb_trainer_writes(t))
		return GB_OK;
	description = gb_json_object();
	path = gb_format(err, "%s/%s", t->run, name);
	list.item = gb_array(list.room, sizeof *list.item, err);
	list.name = gb_array(list.room, sizeof *list.name, err);
	status = path && list.item && list.name ? pull(t, whole, err) : GB_SYSTEM;
	if (status == GB_OK)
		status = add_parameters(&list, t, false, err);
	for (size_t i = 0; status == GB_OK && i < statistics; i++)
		status = add(&list, statistic[i].name, GB_F32, statistic[i].count, 0, *statistic[i].data, statistic[i].doc, err);
	if (status == GB_OK)
		status = add_norms(&list, t, err);
	if (status == GB_OK && t->net.bottleneck)
		status = add(&list, "running", GB_F64, 2 * t->net.bottleneck, 0, t->running, "running mean and variance of z", err);
	if (status == GB_OK && whole)
		status = add_state(&list, t, err);
	gb_json_set(description, "kind", gb_json_string(gb_network_name(t->options->kind)));
	gb_json_set(description, "set", gb_json_string(gb_dataset_id(t->set)));
	gb_json_set(description, "config", gb_json_copy(t->config));
	gb_json_set(description, "dims", gb_giblet13_dims(&t->loader, &t->net.shape, &t->delays));
	gb_json_set(description, "state", state_json(t));
	if (status == GB_OK)
		status = gb_checkpoint_write(path, t->options->tool, description, list.item, list.count, t->pool, err);
	gb_json_free(description);
	free(list.item);
	free(list.name);
	free(path);
	return status;
}

/* ---- reading back ---- */

static gb_status read_tensor(gb_tensor_file *file, const char *name, gb_dtype dtype, size_t count, void *to, gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, dtype, -1, &tensor, err);

	if (status != GB_OK)
		return status;
	if (tensor->elements != count)
		return gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted", gb_tensor_file_name(file), name, tensor->elements, count);
	memcpy(to, tensor->data, tensor->bytes);
	return GB_OK;
}

/* Of a vector over all parameters the share of this rank. */
static gb_status read_share(const gb_trainer *t, gb_tensor_file *file, const char *name, size_t first, size_t count, float *to, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	size_t begin = gb_comm_first(comm, t->optimizer.parameters, gb_comm_rank(comm)), end = gb_comm_first(comm, t->optimizer.parameters, gb_comm_rank(comm) + 1);
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, GB_F32, -1, &tensor, err);

	if (status != GB_OK)
		return status;
	if (tensor->elements != count)
		return gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted", gb_tensor_file_name(file), name, tensor->elements, count);
	begin = begin > first ? begin : first;
	end = end < first + count ? end : first + count;
	if (begin < end)
		memcpy(to + begin, (const float *)tensor->data + begin - first, (end - begin) * sizeof *to);
	return GB_OK;
}

/* Weights, starts and moments: from the file once, whoever reads it, then shared. */
static gb_status read_vectors(gb_trainer *t, gb_tensor_file *file, gb_err *err)
{
	const gb_mirror *twin[] = {gb_graph_weights(t->net.graph), &t->optimizer.anchor, &t->optimizer.first, &t->optimizer.second};
	gb_status status = read_share(t, file, "optimiser.first", 0, t->optimizer.parameters, t->optimizer.first.host, err);

	if (status == GB_OK)
		status = read_share(t, file, "optimiser.second", 0, t->optimizer.parameters, t->optimizer.second.host, err);
	for (int i = 0; status == GB_OK && i < gb_graph_parameters(t->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);
		char name[96];

		status = read_share(t, file, p->name, p->first, p->rows * p->columns, twin[0]->host, err);
		snprintf(name, sizeof name, "start.%s", p->name);
		if (status == GB_OK && p->flags & GB_PARAMETER_ANCHORED)
			status = read_share(t, file, name, p->first, p->rows * p->columns, t->optimizer.anchor.host, err);
	}
	for (size_t i = 0; status == GB_OK && i < sizeof twin / sizeof *twin; i++) {
		status = gb_comm_allgather(t->options->comm, twin[i]->host, NULL, t->optimizer.parameters, sizeof(float), err);
		gb_mirror_upload(&t->device, twin[i]);
	}
	return status;
}

static gb_status read_scores(gb_trainer *t, gb_tensor_file *file, gb_err *err)
{
	const gb_tensor *metrics;
	gb_status status;

	if (t->progress.epoch < 0 || t->progress.epoch > t->options->epochs + 1000000)
		return gb_fail(err, GB_DATA, "%s: epoch %lld", gb_tensor_file_name(file), (long long)t->progress.epoch);
	free(t->progress.score);
	t->progress.score = gb_array((size_t)t->progress.epoch + 1, sizeof *t->progress.score, err);
	status = t->progress.score ? read_tensor(file, "state.scores", GB_F64, (size_t)t->progress.epoch + 1, t->progress.score, err) : GB_SYSTEM;
	if (status == GB_OK)
		status = gb_tensor_file_need(file, "state.metrics", GB_U8, 1, &metrics, err);
	if (status != GB_OK)
		return status;
	free(t->log.metrics);
	t->log.metrics = gb_array(metrics->bytes + 1, 1, err);
	if (!t->log.metrics)
		return GB_SYSTEM;
	memcpy(t->log.metrics, metrics->data, metrics->bytes);
	return GB_OK;
}

static gb_status read_state(gb_trainer *t, gb_tensor_file *file, const gb_json *state, gb_err *err)
{
	const struct { const char *key; int64_t *to; } integer[] = {{"epoch", &t->progress.epoch}, {"step", &t->progress.step}, {"step_in_epoch", &t->progress.step_in_epoch},
	                                                            {"schedule", &t->progress.schedule}, {"best_epoch", &t->progress.best_epoch}};
	gb_status status = GB_OK;

	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		if (!gb_json_read_integer(gb_json_get(state, integer[i].key), integer[i].to))
			return gb_fail(err, GB_DATA, "%s: no %s in its state", gb_tensor_file_name(file), integer[i].key);
	gb_json_free(t->start);
	t->start = gb_json_copy(gb_json_get(state, "start"));
	status = read_vectors(t, file, err);
	if (status == GB_OK && t->net.bottleneck)
		status = read_tensor(file, "running", GB_F64, 2 * t->net.bottleneck, t->running, err);
	if (status == GB_OK)
		status = gb_giblet13_read_moments(&t->net, file, err);
	if (status == GB_OK)
		status = read_tensor(file, "state.sums", GB_F64, 2 * GB_TERMS, &t->progress.sums, err);
	if (status == GB_OK)
		status = read_tensor(file, "state.norm", GB_F64, 1, &t->progress.norm_sum, err);
	if (status == GB_OK)
		status = read_tensor(file, "state.best", GB_F64, 1, &t->progress.best_score, err);
	if (status == GB_OK)
		status = read_tensor(file, "state.back", GB_F64, sizeof t->progress.decoder_gate / sizeof(double), &t->progress.decoder_gate, err);
	return status == GB_OK ? read_scores(t, file, err) : status;
}

static gb_status same_run(const gb_trainer *t, const gb_json *description, const char *path, gb_err *err)
{
	const char *kind = gb_json_text(gb_json_get(description, "kind")), *set = gb_json_text(gb_json_get(description, "set"));
	const gb_json *config = gb_json_get(description, "config");

	if (!kind || strcmp(kind, gb_network_name(t->options->kind)))
		return gb_fail(err, GB_USAGE, "%s: a model of kind %s; --overwrite replaces it", path, kind ? kind : "unknown");
	if (!set || strcmp(set, gb_dataset_id(t->set)))
		return gb_fail(err, GB_USAGE, "%s: trained on another data set; --overwrite replaces it", path);
	for (void *it = gb_json_first(t->config); it; it = gb_json_next(t->config, it))
		if (!gb_json_equal(gb_json_value(it), gb_json_get(config, gb_json_key(it))))
			return gb_fail(err, GB_USAGE, "%s: trained with another %s; only --epochs, --save-every and --patience may change; --overwrite replaces it", path, gb_json_key(it));
	return GB_OK;
}

/* Is what stands at PATH of a run that the search before this refit took the place of? */
static bool of_earlier_run(const gb_trainer *t, const char *path)
{
	gb_tensor_file *file = NULL;
	gb_json *description = NULL;
	gb_err err;
	bool earlier = t->options->decoder_gate && gb_checkpoint_open(&file, &description, path, &err) == GB_OK && same_run(t, description, path, &err) != GB_OK;

	gb_json_free(description);
	gb_tensor_file_close(file);
	return earlier;
}

gb_status gb_trainer_find(gb_trainer *t, bool *found, gb_err *err)
{
	char *path = gb_format(err, "%s/last.safetensors", t->run);
	struct stat about;

	*found = path && !t->options->fresh && stat(path, &about) == 0 && !of_earlier_run(t, path);
	free(path);
	return path ? GB_OK : GB_SYSTEM;
}

/* Each rank the tensors whose turn it is. */
static gb_status verify(const gb_trainer *t, gb_tensor_file *file, gb_err *err)
{
	size_t rank = (size_t)gb_comm_rank(t->options->comm), size = (size_t)gb_comm_size(t->options->comm);
	gb_status status = GB_OK;

	if (size == 1)
		return gb_tensor_file_verify(file, NULL, t->pool, err);
	for (size_t i = rank; status == GB_OK && i < gb_tensor_file_count(file); i += size)
		status = gb_tensor_file_verify(file, gb_tensor_file_at(file, i)->name, t->pool, err);
	return status;
}

gb_status gb_trainer_resume(gb_trainer *t, gb_err *err)
{
	char *path = gb_format(err, "%s/last.safetensors", t->run);
	gb_tensor_file *file = NULL;
	gb_json *description = NULL;
	gb_status status = path ? gb_checkpoint_open(&file, &description, path, err) : GB_SYSTEM;

	if (status == GB_OK)
		status = same_run(t, description, path, err);
	if (status == GB_OK)
		status = verify(t, file, err);
	if (status == GB_OK)
		status = read_state(t, file, gb_json_get(description, "state"), err);
	if (status == GB_OK)
		gb_trainer_use_running(t);
	gb_json_free(description);
	gb_tensor_file_close(file);
	free(path);
	return status;
}
