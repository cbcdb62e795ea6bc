/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tensor/clock_json.h"

gb_json *gb_clock_to_json(const gb_clock *clock)
{
	gb_json *time = gb_json_object(), *runs = gb_json_array();
	char text[GB_RATIONAL_TEXT];

	gb_json_set(time, "step", gb_json_string(gb_rational_format(clock->step, text)));
	gb_json_set(time, "unit", gb_json_string("s"));
	for (int i = 0; i < clock->runs; i++) {
		const gb_run *run = &clock->run[i];
		gb_json *one = gb_json_object();
		gb_json_set(one, "name", gb_json_string(run->name));
		gb_json_set(one, "rows", gb_json_integer(run->rows));
		gb_json_set(one, "start", gb_json_string(gb_rational_format(run->start, text)));
		gb_json_append(runs, one);
	}
	gb_json_set(time, "runs", runs);
	return time;
}

static bool read_rational(const gb_json *value, gb_rational *out)
{
	const char *text = gb_json_text(value);

	return text && gb_rational_parse(text, out, NULL) == GB_OK;
}

gb_status gb_clock_from_json(const gb_json *time, gb_clock *clock, gb_err *err)
{
	const gb_json *runs = gb_json_get(time, "runs");
	const char *unit = gb_json_text(gb_json_get(time, "unit"));
	int64_t total = 0;

	memset(clock, 0, sizeof *clock);
	if (!read_rational(gb_json_get(time, "step"), &clock->step) || clock->step.num <= 0)
		return gb_fail(err, GB_DATA, "time: step is no positive rational");
	if (!unit || strcmp(unit, "s"))
		return gb_fail(err, GB_DATA, "time: unit is not \"s\"");
	if (!gb_json_size(runs) || gb_json_size(runs) > GB_RUNS_MAX)
		return gb_fail(err, GB_DATA, "time: %zu runs, 1 to %d are wanted", gb_json_size(runs),
		               GB_RUNS_MAX);
	for (size_t i = 0; i < gb_json_size(runs); i++) {
		const gb_json *one = gb_json_at(runs, i);
		const char *name = gb_json_text(gb_json_get(one, "name"));
		gb_run *run = &clock->run[i];
		if (!name || strlen(name) >= sizeof run->name)
			return gb_fail(err, GB_DATA, "time: run %zu has no name, or one of %d bytes or more",
			               i, GB_RUN_NAME);
		if (!gb_json_read_integer(gb_json_get(one, "rows"), &run->rows) || run->rows < 0 ||
		    !read_rational(gb_json_get(one, "start"), &run->start) ||
		    __builtin_add_overflow(total, run->rows, &total))
			return gb_fail(err, GB_DATA, "time: run %s: rows or start is not valid", name);
		if (gb_clock_find(clock, name) >= 0)
			return gb_fail(err, GB_DATA, "time: run %s is named twice", name);
		strcpy(run->name, name);
		clock->runs++;
	}
	return GB_OK;
}
