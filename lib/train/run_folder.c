/* SPDX-License-Identifier: MIT */
/* run_folder.c: checkpoints of a run folder, and resuming from them. */
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
#include "model/giblet13_checkpoint.h"
#include "train/trainer_internal.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"

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
		{"width", o->width}, {"window", o->window}, {"window-first", o->window_first},
		{"window-last", o->window_last}, {"warmup", o->warmup}, {"rate", o->lr},
		{"rate-end", o->lr_final}, {"decay", o->weight_decay}, {"anchor-decay", o->anchor_decay},
		{"anchor-rate", o->anchor_lr}, {"clip", o->clip}, {"dropout", o->dropout},
		{"modality-dropout", o->modality_dropout}, {"temperature", o->temperature},
		{"validation", o->validation}};
	const struct { const char *key; int64_t value; } integer[] = {
		{"rank", o->rank}, {"groups", o->batch_windows}, {"micro", o->micro_batches},
		{"schedule", o->schedule}, {"seed", (int64_t)o->seed}};
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

typedef struct items { gb_checkpoint_item *item; size_t count, capacity; char (*name)[96]; } items;

/* COLUMNS 0: a vector of ROWS elements. */
static gb_status add(items *list, const char *name, gb_dtype dtype, size_t rows, size_t columns,
                     const void *data, const char *doc, gb_err *err)
{
	size_t at = list->count;

	if (at == list->capacity)
		return gb_fail(err, GB_SYSTEM, "checkpoint: more tensors than counted");
	snprintf(list->name[at], sizeof list->name[at], "%s", name);
	list->item[at] = (gb_checkpoint_item){.name = list->name[at], .dtype = dtype, .rank = columns ? 2 : 1,
	                                      .shape = {(int64_t)rows, (int64_t)columns},
	                                      .dims = columns ? "output,input" : "element", .doc = doc,
	                                      .data = data};
	list->count++;
	return GB_OK;
}

/* All weights, or the anchors of those that have one. */
static gb_status add_parameters(items *list, const gb_trainer *t, bool anchors, gb_err *err)
{
	const float *numbers = anchors ? t->optimizer.anchor.host : gb_graph_weights(t->net.graph)->host;
	const char *doc = anchors ? "where this weight started: what it decays towards" : "weight";
	gb_status status = GB_OK;

	for (int i = 0; status == GB_OK && i < gb_graph_parameters(t->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);
		bool vector = p->rows == 1;
		char name[96];

		if (anchors && !(p->flags & GB_PARAMETER_ANCHORED))
			continue;
		snprintf(name, sizeof name, "%s%s", anchors ? "start." : "", p->name);
		status = add(list, name, GB_F32, vector ? p->columns : p->rows, vector ? 0 : p->columns,
		             numbers + p->first, doc, err);
	}
	return status;
}

static gb_status add_norms(items *list, const gb_trainer *t, gb_err *err)
{
	const float *running = gb_graph_running(t->net.graph)->host;
	gb_status status = GB_OK;

	for (int i = 0; status == GB_OK && i < 2 * gb_graph_norms(t->net.graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(t->net.graph, i / 2);
		const float *moment = running + norm->first + (i % 2 ? norm->columns : 0);
		char name[96];

		snprintf(name, sizeof name, "%s.%s", norm->name, i % 2 ? "variance" : "mean");
		status = add(list, name, GB_F32, norm->columns, 0, moment, "running moment of a batch norm",
		             err);
	}
	return status;
}

/* What resuming needs beside the weights. */
static gb_status add_state(items *list, const gb_trainer *t, gb_err *err)
{
	const gb_progress *p = &t->progress;
	const gb_optimizer *o = &t->optimizer;
	const struct { const char *name; gb_dtype dtype; size_t count; const void *data; const char *doc;
	              } item[] = {
		{"optimiser.first", GB_F32, o->parameters, o->first.host,
		 "AdamW's first moment of all weights in order"},
		 {"optimiser.second", GB_F32, o->parameters, o->second.host,
		  "AdamW's second moment of all weights in order"},
		  {"state.sums", GB_F64, 2 * GB_TERMS, &p->sums, "losses and counts of the epoch under way"},
		  {"state.norm", GB_F64, 1, &p->norm_sum, "gradient norms of the epoch under way"},
		  {"state.best", GB_F64, 1, &p->best_score, "best smoothed score"},
		  {"state.back", GB_F64, sizeof p->decoder_gate / sizeof(double), &p->decoder_gate,
		   "the way back: losses at first, parts that count now and at best"},
		   {"state.scores", GB_F64, (size_t)p->epoch + 1, p->score, "validation score of each epoch"},
		   {"state.metrics", GB_U8, t->log.metrics ? strlen(t->log.metrics) : 0, t->log.metrics,
		    "metrics.tsv"}};
	gb_status status = add_parameters(list, t, true, err);

	for (size_t i = 0; status == GB_OK && i < sizeof item / sizeof *item; i++)
		if (item[i].data)
			status = add(list, item[i].name, item[i].dtype, item[i].count, 0, item[i].data,
			             item[i].doc, err);
	return status;
}

/* Copy to the host what the device has changed. */
static gb_status download(const gb_trainer *t, bool complete, gb_err *err)
{
	gb_status status = gb_graph_download(t->net.graph, err);
	const gb_mirror *mirror[] = {&t->optimizer.first, &t->optimizer.second, &t->optimizer.anchor};

	for (size_t i = 0; complete && status == GB_OK && i < sizeof mirror / sizeof *mirror; i++)
		status = gb_mirror_download(&t->device, mirror[i], err);
	return status;
}

static gb_json *describe_checkpoint(const gb_trainer *t)
{
	gb_json *description = gb_json_object();

	gb_json_set(description, "kind", gb_json_string(gb_network_name(t->options->kind)));
	gb_json_set(description, "set", gb_json_string(gb_dataset_id(t->set)));
	gb_json_set(description, "config", gb_json_copy(t->config));
	gb_json_set(description, "dims", gb_giblet13_dims(&t->loader, &t->net.shape, &t->delays));
	gb_json_set(description, "state", state_json(t));
	return description;
}

gb_status gb_trainer_write(gb_trainer *t, const char *name, bool complete, gb_err *err)
{
	gb_statistic_item statistic[GB_STATISTICS_MAX];
	size_t statistics, norms = (size_t)gb_graph_norms(t->net.graph),
	    parameters = (size_t)gb_graph_parameters(t->net.graph);
	items list = {0};
	gb_json *description = NULL;
	char *path = NULL;
	gb_status status;

	if (!gb_trainer_writes(t))
		return GB_OK;
	statistics = gb_giblet13_statistics(&t->loader, statistic);
	list.capacity = 2 * parameters + statistics + 2 * norms + 16;
	path = gb_format(err, "%s/%s", t->run, name);
	list.item = gb_array(list.capacity, sizeof *list.item, err);
	list.name = gb_array(list.capacity, sizeof *list.name, err);
	GB_TRY(path && list.item && list.name ? GB_OK : GB_SYSTEM);
	GB_TRY(download(t, complete, err));
	GB_TRY(add_parameters(&list, t, false, err));
	for (size_t i = 0; i < statistics; i++)
		GB_TRY(add(&list, statistic[i].name, GB_F32, statistic[i].count, 0, *statistic[i].data,
		           statistic[i].doc, err));
	GB_TRY(add_norms(&list, t, err));
	if (t->net.bottleneck)
		GB_TRY(add(&list, "running", GB_F64, 2 * t->net.bottleneck, 0, t->running,
		           "running mean and variance of z", err));
	if (complete)
		GB_TRY(add_state(&list, t, err));
	description = describe_checkpoint(t);
	status = gb_checkpoint_write(path, t->options->tool, description, list.item, list.count, t->pool,
	                             err);
done:
	gb_json_free(description);
	free(list.item);
	free(list.name);
	free(path);
	return status;
}

/* ---- reading ---- */

static gb_status read_tensor(gb_tensor_file *file, const char *name, gb_dtype dtype, size_t count, void *to,
                             gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, dtype, -1, &tensor, err);

	if (status != GB_OK)
		return status;
	if (tensor->elements != count)
		return gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted", gb_tensor_file_name(file),
		               name, tensor->elements, count);
	memcpy(to, tensor->data, tensor->bytes);
	return GB_OK;
}

/* This rank's share of tensor NAME, which holds COUNT numbers from FIRST on of a vector over all
 * parameters. */
static gb_status read_share(const gb_trainer *t, gb_tensor_file *file, const char *name, size_t first,
                            size_t count, float *to, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	size_t begin = gb_comm_first(comm, t->optimizer.parameters, gb_comm_rank(comm));
	size_t end = gb_comm_first(comm, t->optimizer.parameters, gb_comm_rank(comm) + 1);
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, GB_F32, -1, &tensor, err);

	if (status != GB_OK)
		return status;
	if (tensor->elements != count)
		return gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted", gb_tensor_file_name(file),
		               name, tensor->elements, count);
	begin = begin > first ? begin : first;
	end = end < first + count ? end : first + count;
	if (begin < end)
		memcpy(to + begin, (const float *)tensor->data + begin - first, (end - begin) * sizeof *to);
	return GB_OK;
}

/* Weights, anchors and moments: each rank reads a share and all get the whole. */
static gb_status read_vectors(gb_trainer *t, gb_tensor_file *file, gb_err *err)
{
	gb_optimizer *o = &t->optimizer;
	const gb_mirror *weights = gb_graph_weights(t->net.graph),
	    *mirror[] = {weights, &o->anchor, &o->first, &o->second};
	gb_status status;

	GB_TRY(read_share(t, file, "optimiser.first", 0, o->parameters, o->first.host, err));
	GB_TRY(read_share(t, file, "optimiser.second", 0, o->parameters, o->second.host, err));
	for (int i = 0; i < gb_graph_parameters(t->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);
		size_t count = p->rows * p->columns;
		char name[96];

		snprintf(name, sizeof name, "start.%s", p->name);
		GB_TRY(read_share(t, file, p->name, p->first, count, weights->host, err));
		if (p->flags & GB_PARAMETER_ANCHORED)
			GB_TRY(read_share(t, file, name, p->first, count, o->anchor.host, err));
	}
	for (size_t i = 0; i < sizeof mirror / sizeof *mirror; i++) {
		GB_TRY(gb_comm_allgather(t->options->comm, mirror[i]->host, NULL, o->parameters,
		                         sizeof(float), err));
		gb_mirror_upload(&t->device, mirror[i]);
	}
done:
	return status;
}

static gb_status read_scores(gb_trainer *t, gb_tensor_file *file, gb_err *err)
{
	const gb_tensor *metrics;
	gb_status status;

	if (t->progress.epoch < 0 || t->progress.epoch > t->options->epochs + 1000000)
		return gb_fail(err, GB_DATA, "%s: epoch %lld", gb_tensor_file_name(file),
		               (long long)t->progress.epoch);
	free(t->progress.score);
	t->progress.score = gb_array((size_t)t->progress.epoch + 1, sizeof *t->progress.score, err);
	status = t->progress.score
	    ? read_tensor(file, "state.scores", GB_F64, (size_t)t->progress.epoch + 1, t->progress.score, err)
	    : GB_SYSTEM;
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
	gb_progress *p = &t->progress;
	const struct { const char *key; int64_t *to; } integer[] = {
		{"epoch", &p->epoch}, {"step", &p->step}, {"step_in_epoch", &p->step_in_epoch},
		{"schedule", &p->schedule}, {"best_epoch", &p->best_epoch}};
	const size_t gates = sizeof p->decoder_gate / sizeof(double);
	gb_status status;

	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		if (!gb_json_read_integer(gb_json_get(state, integer[i].key), integer[i].to))
			return gb_fail(err, GB_DATA, "%s: no %s in its state", gb_tensor_file_name(file),
			               integer[i].key);
	gb_json_free(t->start);
	t->start = gb_json_copy(gb_json_get(state, "start"));
	GB_TRY(read_vectors(t, file, err));
	if (t->net.bottleneck)
		GB_TRY(read_tensor(file, "running", GB_F64, 2 * t->net.bottleneck, t->running, err));
	GB_TRY(gb_giblet13_read_moments(&t->net, file, err));
	GB_TRY(read_tensor(file, "state.sums", GB_F64, 2 * GB_TERMS, &p->sums, err));
	GB_TRY(read_tensor(file, "state.norm", GB_F64, 1, &p->norm_sum, err));
	GB_TRY(read_tensor(file, "state.best", GB_F64, 1, &p->best_score, err));
	GB_TRY(read_tensor(file, "state.back", GB_F64, gates, &p->decoder_gate, err));
	status = read_scores(t, file, err);
done:
	return status;
}

static gb_status check_same_run(const gb_trainer *t, const gb_json *description, const char *path,
                                gb_err *err)
{
	const char *kind = gb_json_text(gb_json_get(description, "kind")),
	    *set = gb_json_text(gb_json_get(description, "set"));
	const gb_json *config = gb_json_get(description, "config");

	if (!kind || strcmp(kind, gb_network_name(t->options->kind)))
		return gb_fail(err, GB_USAGE, "%s: a model of kind %s; --overwrite replaces it", path,
		               kind ? kind : "unknown");
	if (!set || strcmp(set, gb_dataset_id(t->set)))
		return gb_fail(err, GB_USAGE, "%s: trained on another data set; --overwrite replaces it",
		               path);
	for (void *it = gb_json_first(t->config); it; it = gb_json_next(t->config, it))
		if (!gb_json_equal(gb_json_value(it), gb_json_get(config, gb_json_key(it))))
			return gb_fail(err, GB_USAGE,
			               "%s: trained with another %s; only --epochs, --save-every and "
			               "--patience may change; --overwrite replaces it", path,
			               gb_json_key(it));
	return GB_OK;
}

/* Does the checkpoint PATH belong to an earlier run, which the search of this refit replaced? */
static bool is_of_earlier_run(const gb_trainer *t, const char *path)
{
	gb_tensor_file *file = NULL;
	gb_json *description = NULL;
	gb_err err;
	bool earlier = t->options->decoder_gate &&
	    gb_checkpoint_open(&file, &description, path, &err) == GB_OK &&
	    check_same_run(t, description, path, &err) != GB_OK;

	gb_json_free(description);
	gb_tensor_file_close(file);
	return earlier;
}

gb_status gb_trainer_find(gb_trainer *t, bool *found, gb_err *err)
{
	char *path = gb_format(err, "%s/last.safetensors", t->run);
	struct stat about;

	*found = path && !t->options->fresh && stat(path, &about) == 0 && !is_of_earlier_run(t, path);
	free(path);
	return path ? GB_OK : GB_SYSTEM;
}

/* Each rank verifies every SIZE-th tensor. */
static gb_status verify_share(const gb_trainer *t, gb_tensor_file *file, gb_err *err)
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
	gb_status status;

	GB_TRY(path ? gb_checkpoint_open(&file, &description, path, err) : GB_SYSTEM);
	GB_TRY(check_same_run(t, description, path, err));
	GB_TRY(verify_share(t, file, err));
	GB_TRY(read_state(t, file, gb_json_get(description, "state"), err));
	gb_trainer_use_running(t);
done:
	gb_json_free(description);
	gb_tensor_file_close(file);
	free(path);
	return status;
}
