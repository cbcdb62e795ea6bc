/* SPDX-License-Identifier: MIT */
/* graph_cost.h: what a graph holds, and what it costs, before its memory is allocated. */
#ifndef GB_NETWORK_GRAPH_COST_H
#define GB_NETWORK_GRAPH_COST_H

#include "network/graph.h"

GB_BEGIN_DECLS

int gb_graph_find(const gb_graph *graph, const char *name); /* −1 if absent */
gb_parameter *gb_graph_parameter_at(const gb_graph *graph, int index); /* NULL past the end */
int gb_graph_parameters(const gb_graph *graph);
size_t gb_graph_parameter_count(const gb_graph *graph);  /* numbers in all of them */
size_t gb_graph_activation_bytes(const gb_graph *graph); /* what ready allocates for one micro-batch */
/* Multiplications and additions of the linear nodes in one training run, forward and back. */
double gb_graph_operations(const gb_graph *graph);
int gb_graph_norms(const gb_graph *graph);
const gb_normed *gb_graph_norm_at(const gb_graph *graph, int index);
size_t gb_graph_moment_count(const gb_graph *graph); /* in all of them */
const gb_mirror *gb_graph_measured(const gb_graph *graph);
const gb_mirror *gb_graph_running(const gb_graph *graph);

GB_END_DECLS
#endif
