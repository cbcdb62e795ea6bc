/* SPDX-License-Identifier: MIT */
/* running_statistics.c: the running moments of batch norms.  The micro-batches of a step
 * update them in the order of their index, whichever rank ran them. */
#include <string.h>

#include "train/trainer_internal.h"
#include "network/graph_cost.h"

/* As in PyTorch's BatchNorm. */
#define MOMENTUM 0.1f

gb_status gb_trainer_keep_moments(gb_trainer *t, uint32_t micro, gb_err *err)
{
	const gb_mirror *measured = gb_graph_measured(t->net.graph);
	size_t n = gb_graph_moment_count(t->net.graph);
	gb_status status = n ? gb_mirror_download(&t->device, measured, err) : GB_OK;

	if (status == GB_OK && n)
		memcpy(t->measured + micro * n, measured->host, n * sizeof *t->measured);
	return status;
}

/* The running variance is the unbiased one, over rows − 1. */
static void update_norms(gb_trainer *t, const float *measured)
{
	float *running = gb_graph_running(t->net.graph)->host, rows = (float)t->options->batch_windows;

	for (int i = 0; i < gb_graph_norms(t->net.graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(t->net.graph, i);

		for (size_t c = 0; c < 2 * norm->columns; c++) {
			size_t at = norm->first + c;

			float moment = c < norm->columns ? measured[at] : measured[at] * rows / (rows - 1);

			running[at] = (1 - MOMENTUM) * running[at] + MOMENTUM * moment;
		}
	}
}

gb_status gb_trainer_update_running(gb_trainer *t, gb_err *err)
{
	size_t n = gb_graph_moment_count(t->net.graph), micros = (size_t)t->options->micro_batches;
	size_t windows = (size_t)t->options->batch_windows;
	gb_status status;

	if (!n)
		return GB_OK;
	status = gb_comm_allgather(t->options->comm, t->measured, NULL, micros, n * sizeof *t->measured, err);
	for (size_t m = 0; status == GB_OK && m < micros; m++)
		if (t->step_window[m * windows].count)
			update_norms(t, t->measured + m * n);
	gb_mirror_upload(&t->device, gb_graph_running(t->net.graph));
	return status;
}
