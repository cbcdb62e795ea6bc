/* SPDX-License-Identifier: MIT */
#include "time/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gb_clock gb_clock_single(gb_rational step, const char *name, int64_t rows, gb_rational start)
{
	gb_clock clock = {.step = step, .runs = 1};

	snprintf(clock.run[0].name, sizeof clock.run[0].name, "%s", name);
	clock.run[0].rows = rows;
	clock.run[0].start = start;
	return clock;
}

int64_t gb_clock_first(const gb_clock *clock, int run)
{
	int64_t first = 0;

	for (int i = 0; i < run; i++)
		first += clock->run[i].rows;
	return first;
}

int64_t gb_clock_rows(const gb_clock *clock) { return gb_clock_first(clock, clock->runs); }

int gb_clock_run_of(const gb_clock *clock, int64_t row)
{
	if (row < 0)
		return -1;
	for (int i = 0; i < clock->runs; i++) {
		if (row < clock->run[i].rows)
			return i;
		row -= clock->run[i].rows;
	}
	return -1;
}

int gb_clock_find(const gb_clock *clock, const char *name)
{
	for (int i = 0; i < clock->runs; i++)
		if (!strcmp(clock->run[i].name, name))
			return i;
	return -1;
}

bool gb_clock_row_at(const gb_clock *clock, int run, gb_rational t, int64_t *row)
{
	gb_rational since, rows;

	if (!gb_rational_sub(t, clock->run[run].start, &since) || !gb_rational_div(since, clock->step, &rows))
		return false;
	*row = gb_rational_floor(rows);
	return true;
}

bool gb_clock_time_of(const gb_clock *clock, int run, int64_t row, gb_rational *t)
{
	gb_rational offset;

	return gb_rational_mul(clock->step, (gb_rational){row, 1}, &offset) &&
	       gb_rational_add(clock->run[run].start, offset, t);
}

bool gb_clock_rows_in(const gb_clock *clock, gb_rational seconds, int64_t *rows)
{
	gb_rational count;

	if (!gb_rational_div(seconds, clock->step, &count))
		return false;
	*rows = gb_rational_ceil(count);
	return true;
}

bool gb_clock_equal(const gb_clock *a, const gb_clock *b)
{
	if (gb_rational_compare(a->step, b->step) || a->runs != b->runs)
		return false;
	for (int i = 0; i < a->runs; i++)
		if (strcmp(a->run[i].name, b->run[i].name) || a->run[i].rows != b->run[i].rows ||
		    gb_rational_compare(a->run[i].start, b->run[i].start))
			return false;
	return true;
}

gb_status gb_clock_parse_runs(const char *text, gb_clock *clock, gb_err *err)
{
	gb_rational step = clock->step;

	memset(clock, 0, sizeof *clock);
	clock->step = step;
	for (const char *p = text; *p;) {
		gb_run *run = &clock->run[clock->runs];
		const char *colon = strchr(p, ':'), *comma = strchr(p, ',');
		char *end;

		if (clock->runs == GB_RUNS_MAX)
			return gb_fail(err, GB_USAGE, "--runs: more than %d runs", GB_RUNS_MAX);
		if (!colon || colon == p || (comma && comma < colon) ||
		    (size_t)(colon - p) >= sizeof run->name)
			return gb_fail(err, GB_USAGE, "--runs '%s': name:rows,name:rows is wanted", text);
		memcpy(run->name, p, (size_t)(colon - p));
		run->start = (gb_rational){0, 1};
		errno = 0;
		run->rows = strtoll(colon + 1, &end, 10);
		if (errno || end == colon + 1 || (*end && *end != ',') || run->rows < 1 ||
		    run->rows > INT32_MAX)
			return gb_fail(err, GB_USAGE,
			               "--runs '%s': name:rows,name:rows is wanted, with rows 1 or more",
			               text);
		if (gb_clock_find(clock, run->name) >= 0)
			return gb_fail(err, GB_USAGE, "--runs '%s': run %s is named twice", text, run->name);
		clock->runs++;
		p = *end ? end + 1 : end;
		if (*end && !*p)
			return gb_fail(err, GB_USAGE, "--runs '%s': nothing after the last comma", text);
	}
	if (!clock->runs)
		return gb_fail(err, GB_USAGE, "--runs: name:rows,name:rows is wanted");
	return GB_OK;
}
