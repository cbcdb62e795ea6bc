/* SPDX-License-Identifier: MIT */
/* rank_sync.c: what the ranks of a training agree on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/size.h"
#include "io/hash.h"
#include "train/trainer_internal.h"
#include "network/graph_cost.h"

uint32_t gb_trainer_first_micro(const gb_trainer *t, int rank)
{
	return (uint32_t)(t->options->micro_batches / gb_comm_size(t->options->comm) * rank);
}

static bool is_set(volatile sig_atomic_t *flag) { return flag && *flag; }

void gb_trainer_read_signals(const gb_trainer *t, double asked[2])
{
	asked[0] = is_set(t->options->stop);
	asked[1] = is_set(t->options->save);
}

gb_status gb_trainer_barrier(gb_trainer *t, gb_err *err)
{
	double asked[2];
	gb_status status;

	gb_trainer_read_signals(t, asked);
	status = gb_comm_wait_root(t->options->comm, err);
	if (status == GB_OK)
		status = gb_comm_sum_doubles(t->options->comm, asked, 2, err);
	t->stop = asked[0] > 0;
	t->save = asked[1] > 0;
	return status;
}

/* One line states what all ranks must have in common. */
static gb_status join(gb_trainer *t, gb_err *err)
{
	char *config = gb_json_dump(t->config), agree[512];

	if (!config)
		return gb_fail(err, GB_SYSTEM, "%s: memory is short", t->run);
	snprintf(agree, sizeof agree, "%s, processor class %s, device %s, set %s, options %016llx",
	         t->options->tool, gb_cpu_name(), t->device.ops->name, gb_dataset_id(t->set),
	         (unsigned long long)gb_hash64_of(config, strlen(config)));
	free(config);
	gb_comm_use_device(t->options->comm, t->device.number);
	return gb_comm_join(t->options->comm, agree, err);
}

gb_status gb_trainer_broadcast(gb_trainer *t, bool *found, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	int64_t state[3] = {*found, t->progress.schedule, t->progress.best_epoch};
	const gb_mirror *weights = gb_graph_weights(t->net.graph);
	gb_status status = GB_OK;

	if (!comm)
		return GB_OK;
	GB_TRY(join(t, err));
	GB_TRY(gb_comm_wait_root(comm, err)); /* --refit: rank 0 may initialise a second time */
	GB_TRY(gb_comm_broadcast(comm, state, sizeof state, err));
	*found = state[0];
	if (*found)
		goto done;
	t->progress.schedule = state[1];
	t->progress.best_epoch = state[2];
	GB_TRY(gb_comm_broadcast(comm, weights->host, weights->bytes, err));
	GB_TRY(gb_comm_broadcast(comm, t->running, 2 * t->net.bottleneck * sizeof *t->running, err));
	gb_graph_push(t->net.graph);
	gb_optimizer_set_anchors(&t->optimizer);
	gb_trainer_use_running(t);
done:
	return status;
}

gb_status gb_trainer_compare(gb_trainer *t, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	const gb_mirror *weights = gb_graph_weights(t->net.graph), *running = gb_graph_running(t->net.graph);
	uint64_t own, first;
	double differ;
	gb_status status = GB_OK;

	if (!comm)
		return GB_OK;
	GB_TRY(gb_graph_download(t->net.graph, err));
	own = first = gb_hash64_of(weights->host, weights->bytes) ^ gb_hash64_of(running->host,
	        running->bytes);
	GB_TRY(gb_comm_broadcast(comm, &first, sizeof first, err));
	differ = own == first ? -0.0 : 1;
	GB_TRY(gb_comm_sum_doubles(comm, &differ, 1, err));
	if (differ > 0)
		status = gb_fail(err, GB_SYSTEM,
		                 "%s: epoch %lld: the weights of %.0f of %d ranks are not those of rank 0%s: "
		                 "a fault of a machine; the last checkpoint is good", t->run,
		                 (long long)t->progress.epoch, differ, gb_comm_size(comm),
		                 own == first ? "" : " (this one's are not)");
done:
	return status;
}
