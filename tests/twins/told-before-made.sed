# gb-train lib/network/graph_backward.c
# A part is called final before the device has been asked for it.
/^void gb_graph_backward_in_parts/,/^}/ {
	s/run_part\(graph, run, gradient, part\);/TELL/
	s/tell\(graph, part, done, context\);/run_part(graph, run, gradient, part);/
	s/TELL/tell(graph, part, done, context);/
}
