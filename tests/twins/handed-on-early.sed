# gb-train lib/network/graph_backward.c
# A gradient counts as final after the first node on the way back that adds to it.
s/if \(graph->node\[i\]\.weight >= 0\)/if (graph->node[i].weight >= 0 \&\& !first[graph->node[i].weight])/
s/if \(graph->node\[i\]\.bias >= 0\)/if (graph->node[i].bias >= 0 \&\& !first[graph->node[i].bias])/
