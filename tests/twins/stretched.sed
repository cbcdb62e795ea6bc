# gb-train lib/dataset/dataset.c
# A member that is longer than the clock is stretched over it instead of cropped.
s/^(	\*at = )bound->span\[run\]\.first \+ row - gb_clock_first\(&set->clock, run\);/\1(row - gb_clock_first(\&set->clock, run)) * bound->span[run].tensor->shape[0] \/ set->clock.run[run].rows;/
