# gb-train lib/train/step.c
# Fault: one gradient of micro-batch 5 is Inf at step 7.
/^	status = gb_mirror_download\(&t->device, &t->sums_of_z, err\);/i\
	if (t->step == 7 && micro == 5)\
		t->device.ops->upload(&t->device, partial->gradient + gb_graph_parameter_at(t->net.graph, gb_graph_find(t->net.graph, "11.pool.weight"))->first, &(float){INFINITY}, sizeof(float));
