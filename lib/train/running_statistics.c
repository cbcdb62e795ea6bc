/* SPDX-License-Identifier: MIT */
/* running_statistics.c: the running moments of batch norms, which follow the micro-batches of a step in
 * their order, whoever ran them. */
#include <string.h>

#include "train/trainer_internal.h"

/* Part of the way to a micro-batch's moments. */
#define RATE 0.1f

gb_status gb_trainer_keep_moments(gb_trainer *t, uint32_t micro, gb_err *err)
{
	const gb_mirror *measured = gb_graph_measured(t->net.graph);
	size_t n = gb_graph_moment_count(t->net.graph);
	gb_status status = n ? gb_mirror_download(&t->device, measured, err) : GB_OK;

	if (status == GB_OK && n)
		memcpy(t->measured + micro * n, measured->host, n * sizeof *t->measured);
	return status;
}

/* The variance that is followed is that over rows − 1. */
static void follow(gb_trainer *t, const float *measured)
{
	float *running = gb_graph_running(t->net.graph)->host, rows = (float)t->options->batch_windows;

	for (int i = 0; i < gb_graph_norms(t->net.graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(t->net.graph, i);

		for (size_t c = 0; c < 2 * norm->columns; c++) {
			size_t at = norm->first + c;

			running[at] = (1 - RATE) * running[at] + RATE * (c < norm->columns ? measured[at] : measured[at] * rows / (rows - 1));
		}
	}
}

gb_status gb_trainer_update_running(gb_trainer *t, gb_err *err)
{
	size_t n = gb_graph_moment_count(t->net.graph), micros = (size_t)t->options->micro_batches, groups = (size_t)t->options->batch_windows;
	gb_status status = n ? gb_comm_allgather(t->options->comm, t->measured, NULL, micros, n * sizeof *t->measured, err) : GB_OK;

	for (size_t m = 0; status == GB_OK && n && m < micros; m++)
		if (t->step_window[m * groups].count)
			follow(t, t->measured + m * n);
	if (n)
		gb_mirror_upload(&t->device, gb_graph_running(t->net.graph));
	return status;
}
