/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli_internal.h"
#include "io/file.h"

void gb_cli_load(const gb_command *command)
{
	gb_cli_state *s = &gb_cli;
	const gb_option common[] = {
	    {"output", GB_OPTION_STRING, &s->out, "OUT", "write to OUT (default: standard output)",
	     .letter = 'o'},
	    {"threads", GB_OPTION_INTEGER, &s->threads, "THREADS",
	     "use this many threads (default: all cores); the result does not depend on it", .min = 1,
	     .max = 1024, .letter = 'j'},
	    {"config", GB_OPTION_STRING, &s->config, "FILE",
	     "read options from FILE, one `name = value` a line, by their long names", .letter = 'c'},
	    {"quiet", GB_OPTION_FLAG, &s->quiet, NULL, "print neither warnings nor progress", .letter = 'q'},
	    {"verbose", GB_OPTION_FLAG, &s->verbose, NULL,
	     "print what was found and guessed, and at the end the time and memory used", .letter = 'v'},
	    {"help", GB_OPTION_FLAG, &s->help, NULL, "print this help and exit", .letter = 'h'},
	    {"version", GB_OPTION_FLAG, &s->version, NULL,
	     "print the version and the processor class in use, and exit", .letter = 'V'},
	};

	s->command = command;
	s->count = 0;
	memset(s->given, 0, sizeof s->given);
	for (const gb_option *o = command->options; o && o->name && s->count < GB_OPTIONS_MAX; o++)
		s->options[s->count++] = *o;
	s->own = s->count;
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		s->options[s->count++] = common[i];
}

/* Damerau-free edit distance, enough for typing errors; words are short. */
static int distance(const char *a, const char *b)
{
	int row[64], n = (int)strlen(b);

	if (n > 62)
		return 99;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *gb_cli_nearest(const char *word, const char *(*candidate)(int index), int count)
{
	const char *best = NULL;
	int least = 1 + (int)strlen(word) / 3;

	for (int i = 0; i < count; i++) {
		int d = distance(word, candidate(i));
		if (d <= least && (!best || d < least)) {
			best = candidate(i);
			least = d;
		}
	}
	return best;
}

static const char *option_name(int index) { return gb_cli.options[index].name; }

gb_status gb_cli_lookup(const char *name, const char *where, int *index, gb_err *err)
{
	const char *near;

	for (*index = 0; *index < gb_cli.count; ++*index) {
		const gb_option *o = &gb_cli.options[*index];

		if (!strcmp(o->name, name) || (o->former && !strcmp(o->former, name)))
			return GB_OK;
	}
	near = gb_cli_nearest(name, option_name, gb_cli.count);
	return gb_fail(err, GB_USAGE, "%s%s: no such option%s%s%s (--help lists them)", where, name,
	               near ? ": did you mean --" : "", near ? near : "", near ? "?" : "");
}

static gb_status set_integer(const gb_option *o, const char *value, const char *where, gb_err *err)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || end == value || *end)
		return gb_fail(err, GB_USAGE, "%s '%s': a whole number is wanted", where, value);
	if ((o->min || o->max) && ((double)number < o->min || (double)number > o->max))
		return gb_fail(err, GB_USAGE, "%s %lld: %.15g to %.15g is wanted", where, number, o->min,
		               o->max);
	*(int64_t *)o->value = number;
	return GB_OK;
}

static gb_status set_real(const gb_option *o, const char *value, const char *where, gb_err *err)
{
	char *end;
	double number = strtod(value, &end);

	if (end == value || *end || !isfinite(number))
		return gb_fail(err, GB_USAGE, "%s '%s': a number is wanted", where, value);
	if ((o->min || o->max) && (number < o->min || number > o->max))
		return gb_fail(err, GB_USAGE, "%s %g: %g to %g is wanted", where, number, o->min, o->max);
	*(double *)o->value = number;
	return GB_OK;
}

static gb_status set_range(const gb_option *o, const char *value, const char *where, gb_err *err)
{
	gb_range *range = o->value;
	char *end;

	errno = 0;
	range->first = strtoll(value, &end, 10);
	if (end == value || *end != ':' || errno || range->first < 0)
		return gb_fail(err, GB_USAGE, "%s '%s': A:B is wanted (rows A to B-1)", where, value);
	value = end + 1;
	range->end = INT64_MAX;
	if (*value) {
		range->end = strtoll(value, &end, 10);
		if (end == value || *end || errno)
			return gb_fail(err, GB_USAGE, "%s '%s': A:B is wanted (rows A to B-1)", where, value);
	}
	if (range->end <= range->first)
		return gb_fail(err, GB_USAGE, "%s %" PRId64 ":%" PRId64 ": holds no row", where, range->first,
		               range->end);
	range->set = true;
	return GB_OK;
}

/* Is VALUE one of CHOICES, "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);

	for (const char *at = choices; *at;) {
		size_t n = strcspn(at, "|");
		if (n == length && !strncmp(at, value, n))
			return true;
		at += n + (at[n] == '|');
	}
	return false;
}

static gb_status set_choice(const gb_option *o, const char *value, const char *where, gb_err *err)
{
	const char *old = o->renamed ? strchr(o->renamed, '=') + 1 : NULL;
	bool renamed = old && strlen(value) == (size_t)(old - 1 - o->renamed) &&
	               !strncmp(o->renamed, value, strlen(value));

	if (!is_choice(o->argument, value) && !(old && !strcmp(value, old)))
		return gb_fail(err, GB_USAGE, "%s '%s': one of %s is wanted", where, value, o->argument);
	*(const char **)o->value = renamed ? old : value;
	return GB_OK;
}

static gb_status append(gb_strings *list, const char *value, gb_err *err)
{
	gb_status status = gb_grow(&list->item, (size_t)list->count + 1, sizeof *list->item, err);

	if (status == GB_OK)
		list->item[list->count++] = value;
	return status;
}

gb_status gb_cli_set(int index, const char *value, const char *where, gb_err *err)
{
	const gb_option *o = &gb_cli.options[index];

	gb_cli.given[index] = true;
	switch (o->kind) {
	case GB_OPTION_FLAG:
		*(bool *)o->value = true;
		return GB_OK;
	case GB_OPTION_STRING:
		*(const char **)o->value = value;
		return GB_OK;
	case GB_OPTION_CHOICE: return set_choice(o, value, where, err);
	case GB_OPTION_INTEGER: return set_integer(o, value, where, err);
	case GB_OPTION_REAL: return set_real(o, value, where, err);
	case GB_OPTION_RANGE: return set_range(o, value, where, err);
	case GB_OPTION_LIST: return append(o->value, value, err);
	case GB_OPTION_RATIONAL: {
		gb_maybe_rational *r = o->value;
		r->set = true;
		return gb_rational_parse(value, &r->value, err) == GB_OK ? GB_OK
		                                                         : gb_fail_in(err, "%s", where);
	}
	}
	return GB_OK;
}

/* One line of a configuration file, without its end; TEXT is kept by the options. */
static gb_status read_line(char *text, const char *path, int number, const bool *fixed, gb_err *err)
{
	char *equals, *name = text + strspn(text, " \t"), *end, where[512];
	int index;
	gb_status status;

	if (!*name || *name == '#')
		return GB_OK;
	snprintf(where, sizeof where, "%s line %d: ", path, number);
	if (!(equals = strchr(name, '=')))
		return gb_fail(err, GB_USAGE, "%s'%s': name = value is wanted", where, name);
	for (end = equals; end > name && strchr(" \t", end[-1]); end--)
		;
	*end = 0;
	equals += 1 + strspn(equals + 1, " \t");
	for (end = equals + strlen(equals); end > equals && strchr(" \t\r", end[-1]); end--)
		;
	*end = 0;
	if ((status = gb_cli_lookup(name, where, &index, err)) != GB_OK)
		return status;
	if (fixed[index])
		return GB_OK;
	snprintf(where + strlen(where), sizeof where - strlen(where), "%.60s", name);
	if (gb_cli.options[index].kind != GB_OPTION_FLAG)
		return gb_cli_set(index, equals, where, err);
	if (strcmp(equals, "yes") && strcmp(equals, "no"))
		return gb_fail(err, GB_USAGE, "%s '%s': yes or no is wanted", where, equals);
	return strcmp(equals, "yes") ? GB_OK : gb_cli_set(index, NULL, where, err);
}

gb_status gb_cli_read_config(const char *path, gb_err *err)
{
	static char *kept; /* option values point into it: lives as long as the program */
	bool fixed[sizeof gb_cli.given];
	gb_input input;
	gb_status status = gb_input_open(&input, path, err);

	if (status != GB_OK)
		return status;
	memcpy(fixed, gb_cli.given, sizeof fixed);
	kept = gb_array(input.size + 1, 1, err);
	if (kept)
		memcpy(kept, input.data, input.size);
	if (kept && memchr(kept, 0, input.size))
		status = gb_fail(err, GB_USAGE, "%s: holds a 0 byte: not a text file", path);
	gb_input_close(&input);
	if (!kept || status != GB_OK)
		return kept ? status : GB_SYSTEM;
	int number = 1;
	for (char *line = kept; line && status == GB_OK; number++) {
		char *next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		status = read_line(line, path, number, fixed, err);
		line = next;
	}
	return status;
}

static gb_json *value_of(const gb_option *o)
{
	char text[GB_RATIONAL_TEXT + 64];

	switch (o->kind) {
	case GB_OPTION_FLAG: return gb_json_boolean(*(bool *)o->value);
	case GB_OPTION_STRING:
	case GB_OPTION_CHOICE:
		return *(const char **)o->value ? gb_json_string(*(const char **)o->value) : NULL;
	case GB_OPTION_INTEGER: return gb_json_integer(*(int64_t *)o->value);
	case GB_OPTION_REAL: return gb_json_real(*(double *)o->value);
	case GB_OPTION_RATIONAL: {
		const gb_maybe_rational *r = o->value;
		/* A rational that has a value but was not given is a default. */
		return r->set || r->value.den ? gb_json_string(gb_rational_format(r->value, text)) : NULL;
	}
	case GB_OPTION_RANGE: {
		const gb_range *r = o->value;
		if (!r->set)
			return NULL;
		if (r->end == INT64_MAX)
			snprintf(text, sizeof text, "%" PRId64 ":", r->first);
		else
			snprintf(text, sizeof text, "%" PRId64 ":%" PRId64, r->first, r->end);
		return gb_json_string(text);
	}
	case GB_OPTION_LIST: {
		const gb_strings *list = o->value;
		gb_json *array = list->count ? gb_json_array() : NULL;
		for (int i = 0; i < list->count; i++)
			gb_json_append(array, gb_json_string(list->item[i]));
		return array;
	}
	}
	return NULL;
}

gb_json *gb_cli_params(void)
{
	gb_json *params = gb_json_object();

	if (gb_cli.command->verb)
		gb_json_set(params, "verb", gb_json_string(gb_cli.command->verb));
	for (int i = 0; i < gb_cli.own; i++) {
		gb_json *value = gb_cli.options[i].not_param ? NULL : value_of(&gb_cli.options[i]);
		if (value)
			gb_json_set(params, gb_option_key(&gb_cli.options[i]), value);
	}
	return params;
}

