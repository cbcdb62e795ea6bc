# gb-train lib/train/step.c
# Random numbers are keyed by the micro-batch's place in its rank, not in the step.
s/gb_trainer_micro\(t, own, micro, work, err\)/gb_trainer_micro(t, own, micro - begin, work, err)/
