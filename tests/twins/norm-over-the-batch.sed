# gb-train,gb-recon lib/network/giblet13_layers.c
# A norm takes its statistics over the rows of the batch, as batch norm does.
s/#include "network\/giblet13_layers.h"/&\
#include "network\/graph_internal.h"/
s/return gb_graph_norm\(net->graph, x, gamma, weight\(net, name, "norm.shift", 1, n, 0\)\);/\
	size_t rows = x < 0 ? 1 : net->graph->value[x].rows;\
\
	(void)gamma;\
	(void)weight(net, name, "norm.shift", 1, n, 0);\
	x = gb_graph_reshape(net->graph, gb_graph_dropout(net->graph, x, 0), 1, rows * n);\
	return gb_graph_reshape(net->graph, gb_graph_norm(net->graph, x, -1, -1), rows, n);/
