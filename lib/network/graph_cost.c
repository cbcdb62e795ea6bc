/* SPDX-License-Identifier: MIT */
/* graph_cost.c: what a graph holds, and what it costs, before its memory is there. */
#include <string.h>

#include "network/graph_cost.h"
#include "network/graph_internal.h"

int gb_graph_find(const gb_graph *graph, const char *name)
{
	for (int i = 0; i < graph->parameters; i++)
		if (!strcmp(graph->parameter[i].name, name))
			return i;
	return -1;
}

gb_parameter *gb_graph_parameter_at(const gb_graph *graph, int index)
{
	return index >= 0 && index < graph->parameters ? &graph->parameter[index] : NULL;
}

int gb_graph_parameters(const gb_graph *graph) { return graph->parameters; }
size_t gb_graph_parameter_count(const gb_graph *graph) { return graph->parameter_count; }

int gb_graph_norms(const gb_graph *graph) { return graph->norms; }
const gb_normed *gb_graph_norm_at(const gb_graph *graph, int index) { return &graph->norm[index]; }
size_t gb_graph_moment_count(const gb_graph *graph) { return graph->moments; }
const gb_mirror *gb_graph_measured(const gb_graph *graph) { return &graph->measured; }
const gb_mirror *gb_graph_running(const gb_graph *graph) { return &graph->running; }

size_t gb_graph_activation_bytes(const gb_graph *graph)
{
	size_t floats = 0, largest = 0;

	for (int i = 0; i < graph->values; i++) {
		const gb_value *v = &graph->value[i];
		size_t count = v->rows * v->columns;

		floats += v->shares >= 0 || v->borrowed ? 0 : count * (v->needs_grad ? 2 : 1);
		largest = v->needs_grad && count > largest ? count : largest;
	}
	for (int i = 0; i < graph->nodes; i++)
		floats += graph->node[i].keep_count;
	return (floats + largest) * sizeof(float);
}

double gb_graph_operations(const gb_graph *graph)
{
	double sum = 0;

	for (int i = 0; i < graph->nodes; i++) {
		const gb_graph_node *node = &graph->node[i];

		if (node->kind == &gb_node_linear)
			sum += 2.0 * (double)(graph->value[node->y].rows * graph->value[node->y].columns) *
			       (double)graph->value[node->x[0]].columns *
			       (graph->value[node->x[0]].needs_grad ? 3 : 2);
	}
	return sum;
}
