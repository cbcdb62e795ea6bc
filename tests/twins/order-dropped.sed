# gb-train lib/train/step.c
# The order of windows follows what this process has done, not the epoch.
s/gb_rng rng = gb_rng_at\(t->options->seed, \(uint32_t\)t->epoch, 0, KEY_ORDER\);/static uint32_t calls;\
	gb_rng rng = gb_rng_at(t->options->seed, calls++, 0, KEY_ORDER);/
