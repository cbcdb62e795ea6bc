/* SPDX-License-Identifier: MIT */
#include "text/segments.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void gb_segments_clear(gb_segments *segments)
{
	free(segments->segment);
	free(segments->joined);
	*segments = (gb_segments){0};
}

/* Rows of a table that says times in rows: 1-based, whole. */
static bool row_number(const char *cell, gb_rational *row)
{
	return gb_time_parse(cell, GB_UNIT_SECONDS, row) && row->den == 1 && row->num >= 1;
}

static gb_status bad_cell(const gb_table *table, size_t row, size_t column, const char *want, gb_err *err)
{
	return gb_fail(err, GB_DATA, "%s: row %lld: %s: \"%.80s\" is not %s", table->name,
	               (long long)gb_table_line(table, row), gb_table_header(table, column),
	               gb_table_at(table, row, column), want);
}

static gb_status read_times_in_rows(const gb_table *table, const gb_annotation_columns *columns,
                                    gb_rational tr, size_t row, gb_segment *s, gb_err *err)
{
	static const char *const want = "a row number, counted from 1 (--unit tr)";
	gb_rational first, last, one = {1, 1};

	if (!row_number(gb_table_at(table, row, columns->start), &first))
		return bad_cell(table, row, columns->start, want, err);
	last = first;
	if (columns->end != GB_NO_COLUMN && !row_number(gb_table_at(table, row, columns->end), &last))
		return bad_cell(table, row, columns->end, want, err);
	if (columns->end_is_duration &&
	    (!gb_rational_add(first, last, &last) || !gb_rational_sub(last, one, &last)))
		return bad_cell(table, row, columns->end, want, err);
	if (gb_rational_compare(last, first) < 0)
		return gb_fail(err, GB_DATA, "%s: row %lld: ends at row %lld, before it starts at %lld",
		               table->name, (long long)gb_table_line(table, row), (long long)last.num,
		               (long long)first.num);
	if (!gb_rational_sub(first, one, &first) || !gb_rational_mul(first, tr, &s->start) ||
	    !gb_rational_mul(last, tr, &s->end))
		return bad_cell(table, row, columns->start, "a time that can be held", err);
	return GB_OK;
}

static gb_status read_times(const gb_table *table, const gb_annotation_columns *columns, size_t row,
                            gb_segment *s, gb_err *err)
{
	const char *want = columns->unit == GB_UNIT_MILLISECONDS ? "a time in milliseconds"
	                                                         : "a time in seconds";

	if (!gb_time_parse(gb_table_at(table, row, columns->start), columns->unit, &s->start))
		return bad_cell(table, row, columns->start, want, err);
	s->end = s->start;
	if (columns->end == GB_NO_COLUMN)
		return GB_OK;
	if (columns->end_is_duration && gb_cell_missing(gb_table_at(table, row, columns->end)))
		return GB_OK; /* an event whose length is not known */
	if (!gb_time_parse(gb_table_at(table, row, columns->end), columns->unit, &s->end))
		return bad_cell(table, row, columns->end, want, err);
	if (columns->end_is_duration && !gb_rational_add(s->start, s->end, &s->end))
		return bad_cell(table, row, columns->end, want, err);
	if (gb_rational_compare(s->end, s->start) < 0)
		return gb_fail(err, GB_DATA, "%s: row %lld: ends at %g s, before it starts at %g s",
		               table->name, (long long)gb_table_line(table, row), gb_rational_double(s->end),
		               gb_rational_double(s->start));
	return GB_OK;
}

/* The text columns of a row, "; " between those that are not empty, appended
 * to the one block that holds all texts. */
static char *join_text(const gb_table *table, const gb_annotation_columns *columns, size_t row, char *out)
{
	char *begin = out;

	for (int i = 0; i < columns->texts; i++) {
		const char *cell = gb_table_at(table, row, columns->text[i]);

		if (!*cell || !strcasecmp(cell, "n/a"))
			continue;
		if (out > begin)
			out = stpcpy(out, "; ");
		out = stpcpy(out, cell);
	}
	*out = 0;
	return out + 1;
}

static gb_status join_room(const gb_table *table, const gb_annotation_columns *columns, size_t *room)
{
	*room = 1;
	for (size_t row = 0; row < table->rows; row++) {
		*room += 1;
		for (int i = 0; i < columns->texts; i++)
			if (!gb_size_add(*room, strlen(gb_table_at(table, row, columns->text[i])) + 2, room))
				return GB_SYSTEM;
	}
	return GB_OK;
}

/* Runs are numbered where starts fall back far; smaller jumps are counted. */
static void detect_runs(gb_segments *segments)
{
	gb_rational first = {0, 1}, latest = {0, 1}, end = {0, 1}, back, covered, twice, two = {2, 1};
	int run = 0;

	for (size_t i = 0; i < segments->count; i++) {
		gb_segment *s = &segments->segment[i];
		bool begins = i == 0;

		if (i && gb_rational_compare(s->start, latest) < 0) {
			begins = gb_rational_sub(latest, s->start, &back) &&
			         gb_rational_mul(back, two, &twice) &&
			         gb_rational_sub(end, first, &covered) &&
			         gb_rational_compare(twice, covered) > 0;
			run += begins;
			segments->sorted += !begins;
		}
		if (begins) {
			first = latest = s->start;
			end = s->end;
		}
		if (gb_rational_compare(s->start, first) < 0)
			first = s->start;
		if (gb_rational_compare(s->start, latest) > 0)
			latest = s->start;
		if (gb_rational_compare(s->end, end) > 0)
			end = s->end;
		s->run = run;
	}
	segments->runs = segments->count ? run + 1 : 0;
}

static int by_time(const void *a, const void *b)
{
	const gb_segment *x = a, *y = b;
	int order = x->run - y->run;

	if (!order)
		order = gb_rational_compare(x->start, y->start);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

gb_status gb_segments_read(const gb_table *table, const gb_annotation_columns *columns, gb_rational tr,
                           gb_segments *segments, gb_err *err)
{
	size_t room;
	char *text;
	gb_status status = join_room(table, columns, &room);

	*segments = (gb_segments){0};
	if (status == GB_OK) {
		segments->segment = gb_array(table->rows + 1, sizeof(*segments->segment), err);
		segments->joined = gb_array(room, 1, err);
	}
	if (!segments->segment || !segments->joined) {
		gb_segments_clear(segments);
		return GB_SYSTEM;
	}
	text = segments->joined;
	for (size_t row = 0; row < table->rows && status == GB_OK; row++) {
		gb_segment *s = &segments->segment[segments->count];

		if (gb_cell_missing(gb_table_at(table, row, columns->start)) &&
		    (columns->end == GB_NO_COLUMN ||
		     gb_cell_missing(gb_table_at(table, row, columns->end)))) {
			segments->untimed++;
			continue;
		}
		s->row = row;
		s->text = text;
		text = join_text(table, columns, row, text);
		status = columns->unit == GB_UNIT_ROWS ? read_times_in_rows(table, columns, tr, row, s, err)
		                                       : read_times(table, columns, row, s, err);
		segments->count++;
	}
	if (status == GB_OK && !segments->count)
		status = gb_fail(err, GB_DATA, "%s: no row has a time in \"%s\"", table->name,
		                 gb_table_header(table, columns->start));
	if (status != GB_OK) {
		gb_segments_clear(segments);
		return status;
	}
	detect_runs(segments);
	qsort(segments->segment, segments->count, sizeof(*segments->segment), by_time);
	return GB_OK;
}

gb_rational gb_segments_end(const gb_segments *segments, int run)
{
	gb_rational end = {0, 1};

	for (size_t i = 0; i < segments->count; i++)
		if (segments->segment[i].run == run && gb_rational_compare(segments->segment[i].end, end) > 0)
			end = segments->segment[i].end;
	return end;
}

gb_status gb_segments_timebase(const gb_segments *segments, int64_t *timebase, gb_err *err)
{
	*timebase = 1;
	for (size_t i = 0; i < segments->count; i++) {
		int64_t a = segments->segment[i].start.den, b = segments->segment[i].end.den;

		if (__builtin_mul_overflow(*timebase / gb_gcd(*timebase, a), a, timebase) ||
		    __builtin_mul_overflow(*timebase / gb_gcd(*timebase, b), b, timebase))
			return gb_fail(err, GB_USAGE, "--tr: too fine for the times of these segments");
	}
	return GB_OK;
}

gb_status gb_segments_spans(const gb_segments *segments, int64_t timebase, int64_t *spans, gb_err *err)
{
	for (size_t i = 0; i < segments->count; i++) {
		const gb_segment *s = &segments->segment[i];

		spans[3 * i] = s->run;
		if (__builtin_mul_overflow(s->start.num, timebase / s->start.den, &spans[3 * i + 1]) ||
		    __builtin_mul_overflow(s->end.num, timebase / s->end.den, &spans[3 * i + 2]))
			return gb_fail(err, GB_USAGE, "--tr: too fine for the times of these segments");
	}
	return GB_OK;
}
