/* SPDX-License-Identifier: MIT */
/* allreduce.c: what ranks do together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/hash.h"
#include "train/trainer_internal.h"

uint32_t gb_trainer_first_micro(const gb_trainer *t, int rank)
{
	return (uint32_t)(t->options->micro_batches / gb_comm_size(t->options->comm) * rank);
}

static bool flag(volatile sig_atomic_t *f) { return f && *f; }

static size_t numbers_count(const gb_trainer *t) { return 2 * t->net.bottleneck + 1 + 2 * GB_TERMS + 2; }

/* Sums in place of what -0.0 leaves as it is. */
static void neutral(double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = -0.0;
}

/* ---- behind the backward pass ---- */

static bool hands_on(const gb_trainer *t) { return t->options->reduction == GB_REDUCE_FAST && gb_comm_on_device(t->options->comm); }

int gb_trainer_reduce_level(const gb_trainer *t, uint32_t after)
{
	int level = 0;

	if (!hands_on(t))
		return -1;
	for (; after >> level & 1; level++)
		if (t->partial[1 + level].empty)
			return -1;
	return level;
}

void gb_trainer_reduce_part(void *trainer, size_t first, size_t count)
{
	gb_trainer *t = trainer;
	float *x = t->partial[0].gradient + first;

	for (int level = 0; level < t->reduce_level; level++) {
		float *into = t->partial[1 + level].gradient + first;

		GB_RUN(&t->device, add, count, 1.0f, x, 1.0f, into);
		x = into;
	}
	if (t->async_failure.status == GB_OK && gb_comm_sum_begin(t->options->comm, &t->device, x, count, &t->async_failure) != GB_OK)
		return; /* which end_sums says */
}

/* What was not handed on part by part goes now, in the same order: all ranks begin the same sums. */
static gb_status end_sums(gb_trainer *t, gb_err *err)
{
	if (t->reduce_level < 0) {
		t->reduce_level = 0;
		gb_graph_each_part(t->net.graph, gb_trainer_reduce_part, t);
	}
	if (t->async_failure.status == GB_OK)
		return gb_comm_sum_end(t->options->comm, err);
	*err = t->async_failure;
	return err->status;
}

/* ---- sums ---- */

/* The gradient: from device to device, in the memory that host and device share, or through the host. */
static gb_status sum_gradient(gb_trainer *t, gb_partial *whole, gb_err *err)
{
	const gb_device host = {gb_ops_cpu(), t->pool, NULL}, *where = gb_comm_on_device(t->options->comm) ? &t->device : &host;
	size_t n = t->parameters;
	float *x = t->host ? t->host : whole->gradient, *scratch = t->host ? t->host + n : t->partial[1].gradient;
	gb_status status = GB_OK;

	if (whole->empty) {
		t->device.ops->fill(&t->device, whole->gradient, 0, n * sizeof *x);
		GB_RUN(&t->device, add, n, -1.0f, whole->gradient, 0.0f, whole->gradient); /* -0.0 */
	}
	if (hands_on(t))
		return end_sums(t, err);
	if (t->host)
		status = t->device.ops->download(&t->device, x, whole->gradient, n * sizeof *x, err);
	if (status == GB_OK)
		status = t->options->reduction != GB_REDUCE_FAST ? gb_comm_sum_floats(t->options->comm, where, x, n, scratch, err)
		                                            : gb_comm_sum_fast(t->options->comm, x, n, err);
	if (status == GB_OK && t->host)
		t->device.ops->upload(&t->device, whole->gradient, x, n * sizeof *x);
	return status;
}

gb_status gb_trainer_sum_ranks(gb_trainer *t, gb_partial *whole, gb_err *err)
{
	size_t b = 2 * t->net.bottleneck + 1, terms = 2 * GB_TERMS, n = numbers_count(t);
	gb_status status;

	t->stop = flag(t->options->stop);
	t->save = flag(t->options->save);
	if (!t->options->comm)
		return GB_OK;
	if (whole->empty) {
		neutral(t->numbers, n);
	} else {
		memcpy(t->numbers, whole->moments, b * sizeof *t->numbers);
		memcpy(t->numbers + b, &whole->sums, terms * sizeof *t->numbers);
	}
	t->numbers[n - 2] = t->stop;
	t->numbers[n - 1] = t->save;
	status = sum_gradient(t, whole, err);
	if (status == GB_OK)
		status = gb_comm_sum_doubles(t->options->comm, t->numbers, n, err);
	if (status != GB_OK)
		return status;
	memcpy(whole->moments, t->numbers, b * sizeof *t->numbers);
	memcpy(&whole->sums, t->numbers + b, terms * sizeof *t->numbers);
	t->stop = t->numbers[n - 2] > 0;
	t->save = t->numbers[n - 1] > 0;
	whole->empty = false;
	return GB_OK;
}

gb_status gb_trainer_barrier(gb_trainer *t, gb_err *err)
{
	double asked[2] = {flag(t->options->stop), flag(t->options->save)};
	gb_status status;

	status = gb_comm_wait_root(t->options->comm, err);
	if (status == GB_OK)
		status = gb_comm_sum_doubles(t->options->comm, asked, 2, err);
	t->stop = asked[0] > 0;
	t->save = asked[1] > 0;
	return status;
}

/* What all ranks must have in common, in one line. */
static gb_status join(gb_trainer *t, gb_err *err)
{
	char *config = gb_json_dump(t->config), agree[512];
	gb_status status;

	if (!config)
		return gb_fail(err, GB_SYSTEM, "%s: memory is short", t->run);
	snprintf(agree, sizeof agree, "%s, processor class %s, device %s, set %s, options %016llx", t->options->tool, gb_cpu_name(), t->device.ops->name,
	         gb_dataset_id(t->set), (unsigned long long)gb_hash64_of(config, strlen(config)));
	free(config);
	gb_comm_use_device(t->options->comm, t->device.number);
	status = gb_comm_join(t->options->comm, agree, err);
	return status;
}

gb_status gb_trainer_broadcast(gb_trainer *t, bool *found, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	int64_t state[3] = {*found, t->schedule, t->best_epoch};
	const gb_mirror *weights = gb_graph_weights(t->net.graph);
	gb_status status;

	if (!comm)
		return GB_OK;
	status = join(t, err);
	if (status == GB_OK) /* rank 0 may begin a second time, in --refit */
		status = gb_comm_wait_root(comm, err);
	if (status == GB_OK)
		status = gb_comm_broadcast(comm, state, sizeof state, err);
	*found = state[0];
	if (status != GB_OK || *found)
		return status;
	t->schedule = state[1];
	t->best_epoch = state[2];
	status = gb_comm_broadcast(comm, weights->host, weights->bytes, err);
	if (status == GB_OK)
		status = gb_comm_broadcast(comm, t->running, 2 * t->net.bottleneck * sizeof *t->running, err);
	gb_graph_push(t->net.graph);
	t->device.ops->copy(&t->device, t->anchor.device, weights->device, t->anchor.bytes);
	gb_trainer_use_running(t);
	return status;
}

gb_status gb_trainer_compare(gb_trainer *t, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	const gb_mirror *weights = gb_graph_weights(t->net.graph), *running = gb_graph_running(t->net.graph);
	uint64_t own, first;
	double differ;
	gb_status status;

	if (!comm)
		return GB_OK;
	if (gb_graph_download(t->net.graph, err) != GB_OK)
		return GB_SYSTEM;
	own = first = gb_hash64_of(weights->host, weights->bytes) ^ gb_hash64_of(running->host, running->bytes);
	status = gb_comm_broadcast(comm, &first, sizeof first, err);
	differ = own == first ? -0.0 : 1;
	if (status == GB_OK)
		status = gb_comm_sum_doubles(comm, &differ, 1, err);
	if (status == GB_OK && differ > 0)
		status = gb_fail(err, GB_SYSTEM, "%s: epoch %lld: the weights of %.0f of %d ranks are not those of rank 0%s: a fault of a machine; the last checkpoint is good",
		                 t->run, (long long)t->epoch, differ, gb_comm_size(comm), own == first ? "" : " (this one's are not)");
	return status;
}
