# gb-train lib/train/run_folder.c
# A run that goes on repeats the epoch that it had saved.
s/^	t->start = gb_json_copy\(gb_json_get\(state, "start"\)\);/	t->epoch -= t->epoch > 0 \&\& t->step_in_epoch == 0;\
	t->step -= t->step_in_epoch == 0 ? t->step \/ (t->epoch + 1) : 0;\
&/
