# gb-train lib/train/step.c
# The learning rate follows what this process has done, not the step.
s/^(	double per = .*at = )\(double\)t->step(, warm)/\1(double)(t->step - t->first_step)\2/
