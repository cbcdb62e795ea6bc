# gb-train lib/train/running_statistics.c
# The running moments follow a rank's micro-batches in the order that this rank met them first.
s/follow\(t, t->measured \+ m \* n\)/follow(t, t->measured + (m + gb_trainer_first_micro(t, gb_comm_rank(t->options->comm))) % micros * n)/
