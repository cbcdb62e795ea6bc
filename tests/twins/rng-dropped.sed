# gb-train lib/train/step.c
# Random numbers follow what this process has done, not the step.
s/gb_graph_run run = \{true, t->options->seed, \(uint32_t\)t->step, micro\};/static uint32_t calls;\
	gb_graph_run run = {true, t->options->seed, calls++, micro};/
