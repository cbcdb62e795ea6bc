# gb-train lib/train/step.c
# Fault: a weight becomes NaN at step 7.
/^	status = run_tree\(/i\
	if (t->step == 7) {\
		((float *)gb_graph_weights(t->net.graph)->host)[gb_graph_parameter_at(t->net.graph, gb_graph_find(t->net.graph, "5.expand.weight"))->first + 3] = NAN;\
		gb_graph_push(t->net.graph);\
	}
