/* SPDX-License-Identifier: MIT */
#include "text/annotation_runs.h"

#include <stdio.h>
#include <string.h>

static size_t count_of(const gb_segments *segments, int run)
{
	size_t n = 0;

	for (size_t i = 0; i < segments->count; i++)
		n += segments->segment[i].run == run;
	return n;
}

/* "run-1: 482 segments to 1426 s; run-2: …" */
static const char *table_of(const gb_segments *segments, const gb_clock *names, char *out, size_t room)
{
	size_t used = 0;

	for (int run = 0; run < segments->runs && used + 96 < room; run++) {
		gb_rational end = gb_segments_end(segments, run);
		int n = snprintf(out + used, room - used, "%s%s: %zu segments to %.10g s", run ? "; " : "",
		                 names->run[run].name, count_of(segments, run), gb_rational_double(end));

		used += n > 0 ? (size_t)n : 0;
	}
	return out;
}

/* Only the segments of run KEEP stay, as run 0. */
static void keep_run(gb_segments *segments, int keep)
{
	size_t n = 0;

	for (size_t i = 0; i < segments->count; i++)
		if (segments->segment[i].run == keep) {
			segments->segment[n] = segments->segment[i];
			segments->segment[n++].run = 0;
		}
	segments->count = n;
	segments->runs = 1;
}

/* Times in rows count through the concatenation of RUNS: each segment is put
 * into its run and onto that run's clock.  False at a segment outside. */
static bool split_rows(gb_segments *segments, const gb_clock *runs, size_t *bad)
{
	for (size_t i = 0; i < segments->count; i++) {
		gb_segment *s = &segments->segment[i];
		gb_rational first, offset, from;
		int run;

		*bad = i;
		if (!gb_rational_div(s->start, runs->step, &first))
			return false;
		run = gb_clock_run_of(runs, gb_rational_floor(first));
		if (run < 0)
			return false;
		offset = (gb_rational){gb_clock_first(runs, run), 1};
		if (!gb_rational_mul(offset, runs->step, &from) ||
		    !gb_rational_sub(s->start, from, &s->start) || !gb_rational_sub(s->end, from, &s->end))
			return false;
		s->run = run;
	}
	segments->runs = runs->runs;
	return true;
}

static gb_status fill_rows(const gb_segments *segments, const gb_run_choice *choice, gb_clock *clock,
                           gb_err *err)
{
	for (int run = 0; run < clock->runs; run++) {
		gb_rational rows;

		if (clock->run[run].rows > 0)
			continue;
		if (!gb_rational_sub(gb_segments_end(segments, run), clock->run[run].start, &rows) ||
		    !gb_rational_div(rows, choice->tr, &rows))
			return gb_fail(err, GB_USAGE, "--tr: too fine for these times");
		clock->run[run].rows = choice->partial ? gb_rational_ceil(rows) : gb_rational_floor(rows);
		if (clock->run[run].rows < 1)
			return gb_fail(err, GB_DATA,
			               "%s: the annotations end before the first row does; say how many "
			               "there are with --rows",
			               clock->run[run].name);
	}
	return GB_OK;
}

/* The names of the detected runs, with their rows where --runs says them. */
static gb_status name_runs(const gb_segments *segments, const gb_run_choice *choice, const char *name,
                           bool in_rows, gb_clock *clock, gb_err *err)
{
	*clock = (gb_clock){.step = choice->tr, .runs = segments->runs};
	if (segments->runs > GB_RUNS_MAX)
		return gb_fail(err, GB_DATA,
		               "%s: start times fall back %d times; is it sorted? At most %d runs are "
		               "possible",
		               name, segments->runs - 1, GB_RUNS_MAX);
	for (int run = 0; run < segments->runs; run++) {
		snprintf(clock->run[run].name, GB_RUN_NAME, "run-%d", run + 1);
		clock->run[run].start = (gb_rational){0, 1};
	}
	if (choice->runs) {
		gb_status status = gb_clock_parse_runs(choice->runs, clock, err);

		if (status != GB_OK)
			return gb_fail_in(err, "--runs");
		clock->step = choice->tr;
		if (clock->runs != segments->runs && !(in_rows && segments->runs == 1))
			return gb_fail(err, GB_USAGE, "%s: --runs names %d runs, but the start times show %d",
			               name, clock->runs, segments->runs);
	} else if (segments->runs == 1 && choice->run && strcmp(choice->run, "all"))
		snprintf(clock->run[0].name, GB_RUN_NAME, "%s", choice->run);
	for (int run = 0; run < clock->runs && choice->start.den; run++)
		clock->run[run].start = choice->start;
	return GB_OK;
}

gb_status gb_segments_choose(gb_segments *segments, const gb_run_choice *choice, const char *name,
                             bool in_rows, gb_clock *clock, gb_err *err)
{
	char table[900];
	size_t bad;
	int one;
	bool all = choice->runs && !choice->run;
	gb_status status = name_runs(segments, choice, name, in_rows, clock, err);

	if (status != GB_OK)
		return status;
	if (in_rows && clock->runs > segments->runs && !split_rows(segments, clock, &bad))
		return gb_fail(err, GB_DATA, "%s: segment %zu lies outside the rows of --runs", name,
		               bad + 1);
	all = all || (choice->run && !strcmp(choice->run, "all"));
	one = choice->run && !all ? gb_clock_find(clock, choice->run) : clock->runs == 1 ? 0 : -1;
	if (one < 0 && !all)
		return gb_fail(err, GB_USAGE, "%s: %s (%s); choose with --run NAME or --run all", name,
		               choice->run ? "no such run" : "several runs",
		               table_of(segments, clock, table, sizeof(table)));
	if (!all || clock->runs == 1) {
		if (one > 0)
			clock->run[0] = clock->run[one];
		if (clock->runs > 1)
			keep_run(segments, one);
		clock->runs = 1;
		if (choice->rows > 0)
			clock->run[0].rows = choice->rows;
	} else if (choice->rows > 0)
		return gb_fail(err, GB_USAGE,
		               "--rows is for one run; say the rows of each with --runs %s:%lld,...",
		               clock->run[0].name, (long long)choice->rows);
	status = fill_rows(segments, choice, clock, err);
	return status == GB_OK ? status : gb_fail_in(err, "%s", name);
}
