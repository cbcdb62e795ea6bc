/* SPDX-License-Identifier: MIT */
/* graph_backward.c: the way back through a graph, in one piece, or in parts after
 * which some of the gradient is final; and what a device records of runs. */
#include <stdlib.h>

#include "network/graph_backward.h"
#include "base/size.h"
#include "network/graph_internal.h"

/* ---- recordings ---- */

void **gb_graph_recording(gb_graph *graph, const gb_graph_run *run, const float *gradient, int part)
{
	for (int i = 0; i < graph->records; i++) {
		struct gb_graph_record *record = &graph->record[i];

		if (record->training == run->training && record->gradient == gradient && record->part == part)
			return &record->made;
	}
	if (graph->records == GB_GRAPH_RECORDS)
		return NULL;
	graph->record[graph->records] = (struct gb_graph_record){run->training, gradient, part, NULL};
	return &graph->record[graph->records++].made;
}

bool gb_graph_begin(const gb_graph *graph, void **made)
{
	return !made || graph->device->ops->begin(graph->device, made);
}

void gb_graph_end(const gb_graph *graph, void **made)
{
	if (made)
		graph->device->ops->end(graph->device, made);
}

/* ---- parts ---- */

static size_t count_of(const gb_graph *graph, int parameter)
{
	return graph->parameter[parameter].rows * graph->parameter[parameter].columns;
}

/* The first node that reads each parameter is the last to add to its gradient.
 * Cut where an eighth of the numbers has become final since the last cut. */
gb_status gb_graph_plan_parts(gb_graph *graph, gb_err *err)
{
	size_t since = 0;
	int *first = gb_array((size_t)graph->parameters, sizeof *first, err);

	graph->part_of = first ? gb_array((size_t)graph->parameters, sizeof *graph->part_of, err) : NULL;
	for (int i = graph->nodes; graph->part_of && i-- > 0;) {
		if (graph->node[i].weight >= 0)
			first[graph->node[i].weight] = i;
		if (graph->node[i].bias >= 0)
			first[graph->node[i].bias] = i;
	}
	for (int i = graph->nodes; graph->part_of && i-- > 0;) {
		for (int p = 0; p < graph->parameters; p++)
			if (first[p] == i) {
				since += count_of(graph, p);
				graph->part_of[p] = graph->parts;
			}
		if (since >= graph->parameter_count / GB_GRAPH_PARTS + 1 || i == 0) {
			graph->cut[graph->parts++] = i;
			since = 0;
		}
	}
	free(first);
	return graph->part_of ? GB_OK : GB_SYSTEM;
}

/* Neighbours go together. */
static void tell(const gb_graph *graph, int part, gb_graph_done *done, void *context)
{
	for (int p = 0; p < graph->parameters; p++) {
		size_t from = graph->parameter[p].first, count = 0;

		for (; p < graph->parameters && graph->part_of[p] == part; p++)
			count += count_of(graph, p);
		if (count)
			done(context, from, count);
	}
}

void gb_graph_each_part(const gb_graph *graph, gb_graph_done *done, void *context)
{
	for (int part = 0; part < graph->parts; part++)
		tell(graph, part, done, context);
}

/* ---- running ---- */

static void clear_gradient(gb_graph *graph, int parameter)
{
	graph->device->ops->fill(graph->device, gb_gradient_of(graph, parameter), 0,
	                         count_of(graph, parameter) * sizeof(float));
}

static void start(gb_graph *graph)
{
	for (int i = 0; i < graph->parameters; i++) {
		graph->gradient_written[i] = !(graph->parameter[i].flags & GB_PARAMETER_MULTIPLIED);
		if (graph->gradient_written[i])
			clear_gradient(graph, i);
	}
	for (int i = 0; i < graph->values; i++)
		graph->value[i].grad_written = false;
}

static void run_part(gb_graph *graph, const gb_graph_run *run, float *gradient, int part)
{
	int end = part > 0 ? graph->cut[part - 1] : graph->nodes,
	    first = part == GB_GRAPH_WHOLE ? 0 : graph->cut[part];
	void **made = gb_graph_recording(graph, run, gradient, part);

	if (!gb_graph_begin(graph, made))
		return;
	graph->gradient = gradient;
	if (end == graph->nodes)
		start(graph);
	for (int i = end; i-- > first;)
		if (graph->node[i].kind->backward)
			graph->node[i].kind->backward(graph, &graph->node[i], run);
	for (int i = 0; i < graph->parameters; i++)
		if ((part == GB_GRAPH_WHOLE || graph->part_of[i] == part) && !graph->gradient_written[i])
			clear_gradient(graph, i);
	graph->gradient = NULL;
	gb_graph_end(graph, made);
}

void gb_graph_backward(gb_graph *graph, const gb_graph_run *run, float *gradient)
{
	run_part(graph, run, gradient, GB_GRAPH_WHOLE);
}

void gb_graph_backward_in_parts(gb_graph *graph, const gb_graph_run *run, float *gradient,
                                gb_graph_done *done, void *context)
{
	for (int part = 0; part < graph->parts; part++) {
		run_part(graph, run, gradient, part);
		tell(graph, part, done, context);
	}
}
