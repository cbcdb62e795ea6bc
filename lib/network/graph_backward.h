/* SPDX-License-Identifier: MIT */
/* graph_backward.h: the backward pass of a graph. */
#ifndef GB_NETWORK_GRAPH_BACKWARD_H
#define GB_NETWORK_GRAPH_BACKWARD_H

#include "network/graph.h"

GB_BEGIN_DECLS

/* After a training forward: GRADIENT [parameter_count], the device's, is overwritten. */
void gb_graph_backward(gb_graph *graph, const gb_graph_run *run, float *gradient);
void gb_graph_backward_in_parts(gb_graph *graph, const gb_graph_run *run, float *gradient,
                                gb_graph_done *done, void *context);
/* What DONE would hear, at once. */
void gb_graph_each_part(const gb_graph *graph, gb_graph_done *done, void *context);

GB_END_DECLS
#endif
