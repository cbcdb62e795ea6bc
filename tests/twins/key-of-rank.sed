# gb-train lib/model/trainer_step.c
# Random numbers are keyed by the micro-batch's place in its rank, not in the step.
s/run_micro\(t, own, micro, work, err\)/run_micro(t, own, micro - begin, work, err)/
