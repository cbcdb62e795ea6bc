/* SPDX-License-Identifier: MIT */
#include "text/annotation_columns.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Names in the order in which they are preferred. */
static const char *const start_names[] = {"onset", "start", "start time", "start_time", "starttime", "begin",
                                          "begin time", "begin_time", "tmin", "from", "time", NULL};
static const char *const end_names[] = {"end",    "end time", "end_time", "endtime",  "stop", "stop time",
                                        "offset", "tmax",     "to",       "duration", NULL};
static const char *const text_names[] = {"text",     "transcript",  "transcription", "caption",
                                         "subtitle", "sentence",    "utterance",     "scene details",
                                         "details",  "description", "annotation",    "word",
                                         "words",    "label",       "trial_type",    "value",
                                         NULL};

/* HEADER is NAME, perhaps with more after it: a unit in brackets or behind an
 * underscore ("start (s)", "onset_ms"), a remark behind a dash. */
static bool header_is(const char *header, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(header, name, n))
		return false;
	header += n;
	if (!strcasecmp(header, "_ms") || !strcasecmp(header, "_s"))
		return true;
	header += strspn(header, " ");
	return !*header || strchr("([-", *header);
}

static gb_time_unit unit_of(const char *header)
{
	const char *open = strpbrk(header, "([");
	size_t n = strlen(header);

	if (open && (!strncasecmp(open + 1, "TR", 2) || !strncasecmp(open + 1, "vol", 3) ||
	             !strncasecmp(open + 1, "row", 3)))
		return GB_UNIT_ROWS;
	if ((open && (!strncasecmp(open + 1, "ms", 2) || !strncasecmp(open + 1, "millis", 6))) ||
	    (n > 3 && !strcasecmp(header + n - 3, "_ms")))
		return GB_UNIT_MILLISECONDS;
	if (open && !strncasecmp(open + 1, "s", 1))
		return GB_UNIT_SECONDS;
	return GB_UNIT_GUESS;
}

/* The column that the earliest of NAMES matches, of those whose unit is UNIT
 * (or says none); GB_NO_COLUMN if there is none. */
static size_t guess(const gb_table *table, const char *const *names, gb_time_unit unit)
{
	for (; *names; names++)
		for (size_t i = 0; i < table->columns; i++) {
			const char *header = gb_table_header(table, i);
			gb_time_unit says = unit_of(header);

			if (header_is(header, *names) && (says == unit || says == GB_UNIT_GUESS))
				return i;
		}
	return GB_NO_COLUMN;
}

static gb_status find_start(const gb_table *table, const gb_annotation_columns_wanted *wanted,
                            gb_annotation_columns *columns, gb_err *err)
{
	static const gb_time_unit order[] = {GB_UNIT_SECONDS, GB_UNIT_MILLISECONDS, GB_UNIT_ROWS};
	char all[512];
	gb_status status;

	columns->unit = wanted->unit;
	if (wanted->start) {
		status = gb_table_need(table, wanted->start, &columns->start, err);
		if (status == GB_OK && columns->unit == GB_UNIT_GUESS)
			columns->unit = unit_of(gb_table_header(table, columns->start));
		if (columns->unit == GB_UNIT_GUESS)
			columns->unit = GB_UNIT_SECONDS;
		return status;
	}
	columns->start = GB_NO_COLUMN;
	for (size_t i = 0; i < 3 && columns->start == GB_NO_COLUMN; i++)
		if (wanted->unit == GB_UNIT_GUESS || wanted->unit == order[i]) {
			columns->start = guess(table, start_names, order[i]);
			columns->unit = order[i];
		}
	if (columns->start == GB_NO_COLUMN)
		return gb_fail(err, GB_DATA,
		               "%s: no column looks like start times; name one with --start-col; it has: %s",
		               table->name, gb_table_headers(table, all, sizeof(all)));
	return GB_OK;
}

static gb_status find_end(const gb_table *table, const gb_annotation_columns_wanted *wanted,
                          gb_annotation_columns *columns, gb_err *err)
{
	gb_status status = GB_OK;

	if (wanted->end)
		status = gb_table_need(table, wanted->end, &columns->end, err);
	else
		columns->end = guess(table, end_names, columns->unit);
	columns->end_is_duration = status == GB_OK && columns->end != GB_NO_COLUMN &&
	                           !strncasecmp(gb_table_header(table, columns->end), "duration", 8);
	return status;
}

/* "A,B": headers may hold commas themselves, so the longest match wins. */
static gb_status named_texts(const gb_table *table, const char *list, gb_annotation_columns *columns,
                             gb_err *err)
{
	char piece[1024];

	while (*list) {
		const char *best = NULL, *end = list;
		size_t column = 0;
		gb_status status;

		for (; end && *list; end = *end ? end + 1 : NULL) {
			end += strcspn(end, ",");
			snprintf(piece, sizeof(piece), "%.*s", (int)(end - list), list);
			if (gb_table_find(table, piece) < table->columns) {
				best = end;
				column = gb_table_find(table, piece);
			}
		}
		if (!best) {
			snprintf(piece, sizeof(piece), "%.*s", (int)strcspn(list, ","), list);
			status = gb_table_need(table, piece, &column, err);
			if (status != GB_OK)
				return status;
			best = list + strcspn(list, ",");
		}
		if (columns->texts == GB_TEXT_COLUMNS_MAX)
			return gb_fail(err, GB_USAGE, "--text: more than %d columns", GB_TEXT_COLUMNS_MAX);
		columns->text[columns->texts++] = column;
		list = *best ? best + 1 : best;
	}
	return GB_OK;
}

gb_status gb_annotation_columns_find(const gb_table *table, const gb_annotation_columns_wanted *wanted,
                                     bool need_text, gb_annotation_columns *columns, gb_err *err)
{
	char all[512];
	gb_status status;

	*columns = (gb_annotation_columns){.end = GB_NO_COLUMN};
	status = find_start(table, wanted, columns, err);
	if (status == GB_OK)
		status = find_end(table, wanted, columns, err);
	if (status != GB_OK)
		return status;
	if (wanted->text)
		return named_texts(table, wanted->text, columns, err);
	columns->text[0] = guess(table, text_names, GB_UNIT_GUESS);
	columns->texts = columns->text[0] != GB_NO_COLUMN;
	if (need_text && !columns->texts)
		return gb_fail(err, GB_DATA,
		               "%s: no column looks like text; name one with --text; it has: %s", table->name,
		               gb_table_headers(table, all, sizeof(all)));
	return GB_OK;
}
