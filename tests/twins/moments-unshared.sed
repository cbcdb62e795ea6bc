# gb-train lib/train/running_statistics.c
# Each rank follows the batch norms of its own micro-batches alone.
s/gb_comm_allgather\(.*, err\) : GB_OK/GB_OK : GB_OK/
s/if \(t->step_window\[m \* groups\].count\)/if (t->step_window[m * groups].count \&\& m >= gb_trainer_first_micro(t, gb_comm_rank(t->options->comm)) \&\& m < gb_trainer_first_micro(t, gb_comm_rank(t->options->comm) + 1))/
