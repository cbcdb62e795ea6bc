/* SPDX-License-Identifier: MIT */
#include "dataset/common_clock.h"

#include <string.h>

gb_status gb_clock_join(gb_clock *clock, const gb_clock *more, gb_err *err)
{
	char a[GB_RATIONAL_TEXT], b[GB_RATIONAL_TEXT];
	int r;

	if (gb_rational_compare(clock->step, more->step) != 0)
		return gb_fail(err, GB_DATA,
		               "a row of %s s, and of %s s in an earlier file: make both with one --tr",
		               gb_rational_format(more->step, a), gb_rational_format(clock->step, b));
	for (r = 0; r < more->runs; r++) {
		if (gb_clock_find(clock, more->run[r].name) >= 0)
			return gb_fail(err, GB_DATA,
			               "%s is in an earlier file too: leave one out, or give them other "
			               "--run names",
			               more->run[r].name);
		if (clock->runs == GB_RUNS_MAX)
			return gb_fail(err, GB_DATA, "more than %d runs", GB_RUNS_MAX);
		clock->run[clock->runs++] = more->run[r];
	}
	return GB_OK;
}

/* Rows from the start of A to that of B; false if that is no whole number. */
static bool rows_between(gb_rational a, gb_rational b, gb_rational step, int64_t *rows)
{
	gb_rational d;

	if (!gb_rational_sub(b, a, &d) || !gb_rational_div(d, step, &d) || d.den != 1)
		return false;
	*rows = d.num;
	return true;
}

/* Crop RUN, one of the first clock's, to what CLOCK has of it. */
static gb_status crop(gb_run *run, gb_rational step, const gb_run *other, const char *name, const char *first,
                      gb_err *err)
{
	char a[GB_RATIONAL_TEXT], b[GB_RATIONAL_TEXT], c[GB_RATIONAL_TEXT];
	int64_t shift, end, other_end;

	if (!rows_between(run->start, other->start, step, &shift))
		return gb_fail(err, GB_DATA,
		               "%s: %s starts at %s s, in %s at %s s: not a whole number of rows of %s s "
		               "apart, and rows are never resampled",
		               name, run->name, gb_rational_format(other->start, a), first,
		               gb_rational_format(run->start, b), gb_rational_format(step, c));
	end = run->rows;
	if (__builtin_add_overflow(shift, other->rows, &other_end))
		return gb_fail(err, GB_DATA, "%s: %s: its end does not fit", name, run->name);
	if (other_end < end)
		end = other_end;
	if (shift > 0) {
		gb_rational ahead;

		if (!gb_rational_make(shift, 1, &ahead) || !gb_rational_mul(ahead, step, &ahead) ||
		    !gb_rational_add(run->start, ahead, &run->start))
			return gb_fail(err, GB_DATA, "%s: %s: its start does not fit", name, run->name);
		end -= shift;
	}
	if (end <= 0)
		return gb_fail(err, GB_DATA,
		               "%s: %s has no row in common with the inputs before it (starts at %s s; look "
		               "at --start)",
		               name, run->name, gb_rational_format(other->start, a));
	run->rows = end;
	return GB_OK;
}

gb_status gb_clock_common(const gb_clock *const *clock, const char *const *name, size_t count,
                          gb_clock *common, gb_err *err)
{
	char a[GB_RATIONAL_TEXT], b[GB_RATIONAL_TEXT];
	size_t i;
	int r;

	*common = *clock[0];
	for (i = 1; i < count; i++) {
		gb_clock joined = {.step = common->step};

		if (gb_rational_compare(clock[i]->step, common->step) != 0)
			return gb_fail(err, GB_DATA,
			               "%s: a row of %s s, but %s has rows of %s s: make all with one --tr",
			               name[i], gb_rational_format(clock[i]->step, a), name[0],
			               gb_rational_format(common->step, b));
		for (r = 0; r < common->runs; r++) {
			int at = gb_clock_find(clock[i], common->run[r].name);
			gb_status status;

			if (at < 0)
				continue;
			status = crop(&common->run[r], common->step, &clock[i]->run[at], name[i], name[0],
			              err);
			if (status)
				return status;
			joined.run[joined.runs++] = common->run[r];
		}
		if (joined.runs == 0)
			return gb_fail(err, GB_DATA,
			               "%s: its first run is %s, that of %s is %s: no run in common (see "
			               "--run)",
			               name[i], clock[i]->runs ? clock[i]->run[0].name : "missing", name[0],
			               common->run[0].name);
		*common = joined;
	}
	if (gb_clock_rows(common) <= 0)
		return gb_fail(err, GB_DATA, "%s: no rows", name[0]);
	return GB_OK;
}

int64_t gb_clock_offset(const gb_clock *common, int run, const gb_clock *clock)
{
	int at = gb_clock_find(clock, common->run[run].name);
	int64_t shift;

	if (at < 0 || !rows_between(clock->run[at].start, common->run[run].start, clock->step, &shift))
		return -1;
	return gb_clock_first(clock, at) + shift;
}
