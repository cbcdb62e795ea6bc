/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "table/subtitle_text.h"
#include "table/unicode.h"

#include <stdlib.h>
#include <string.h>

typedef struct lines { const char *data; size_t size, at; int64_t number; } lines;
typedef struct line { const char *text; size_t size; int64_t number; } line;

/* The next line without its end (LF, CRLF or CR); false at the end of the file. */
static bool next_line(lines *l, line *out)
{
	size_t start = l->at, at = start;

	if (start >= l->size)
		return false;
	while (at < l->size && l->data[at] != '\n' && l->data[at] != '\r')
		at++;
	*out = (line){l->data + start, at - start, ++l->number};
	if (at + 1 < l->size && l->data[at] == '\r' && l->data[at + 1] == '\n')
		at++;
	if (at < l->size)
		at++;
	l->at = at;
	return true;
}

static bool blank(line l)
{
	for (size_t i = 0; i < l.size; i++)
		if (l.text[i] != ' ' && l.text[i] != '\t')
			return false;
	return true;
}

static const char *find_arrow(line l) { return memmem(l.text, l.size, "-->", 3); }

/* The first blank-delimited word in [from, end), cut to fit. */
static void first_word(const char *from, const char *end, char *out, size_t room)
{
	size_t n;

	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	for (n = 0; from + n < end && from[n] != ' ' && from[n] != '\t' && n + 1 < room; n++)
		out[n] = from[n];
	out[n] = 0;
}

/* The character a reference like &amp; or &#233; stands for, and its length in
 * TEXT; 0 if it is none. */
static size_t reference(const char *text, size_t left, uint32_t *point)
{
	static const struct { const char *name; uint32_t point; } known[] = {
	    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
	    {"&nbsp;", ' '}, {"&lrm;", 0}, {"&rlm;", 0}};
	size_t at = 2;
	uint32_t value = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (left >= strlen(known[i].name) && !memcmp(text, known[i].name, strlen(known[i].name))) {
			*point = known[i].point;
			return strlen(known[i].name);
		}
	if (left < 4 || text[1] != '#')
		return 0;
	while (at < left && at < 10 && text[at] >= '0' && text[at] <= '9')
		value = value * 10 + (uint32_t)(text[at++] - '0');
	if (at == 2 || at >= left || text[at] != ';' || value > 0x10FFFF ||
	    (value >= 0xD800 && value < 0xE000))
		return 0;
	*point = value;
	return at + 1;
}

/* Where markup that begins at TEXT ends; none is longer than this. */
static const char *find_close(const char *text, size_t left, char close)
{
	return memchr(text, close, left < 1024 ? left : 1024);
}

/* Markup out of SIZE bytes of TEXT into OUT (room for SIZE): <…>, {\…}, and
 * references read; \N and line ends become blanks. */
static size_t plain_text(const char *text, size_t size, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < size;) {
		const char *close;
		size_t n;
		uint32_t point;

		if (text[i] == '<' && i + 1 < size && text[i + 1] != ' ' &&
		    (close = find_close(text + i, size - i, '>'))) {
			i = (size_t)(close - text) + 1;
		} else if (text[i] == '{' && i + 1 < size && text[i + 1] == '\\' &&
		           (close = find_close(text + i, size - i, '}'))) {
			i = (size_t)(close - text) + 1;
		} else if (text[i] == '\\' && i + 1 < size &&
		           (text[i + 1] == 'N' || text[i + 1] == 'n' || text[i + 1] == 'h')) {
			out[used++] = ' ';
			i += 2;
		} else if (text[i] == '&' && (n = reference(text + i, size - i, &point))) {
			if (point)
				used += (size_t)gb_utf8_encode(point, out + used);
			i += n;
		} else {
			if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
				out[used++] = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
			i++;
		}
	}
	return used;
}

gb_status gb_table_cue_header(gb_table *table, gb_err *err)
{
	static const char *const names[] = {"start", "end", "text"};
	gb_status status = GB_OK;

	gb_table_begin_row(table, 0);
	for (size_t i = 0; i < 3 && status == GB_OK; i++)
		status = gb_table_cell(table, i, names[i], strlen(names[i]), err);
	return status == GB_OK ? gb_table_end_row(table, err) : status;
}

gb_status gb_table_cue(gb_table *table, int64_t number, const char *start, const char *end, const char *text,
                       size_t size, gb_err *err)
{
	char *plain = gb_array(size + 1, 1, err);
	gb_status status = plain ? GB_OK : GB_SYSTEM;

	gb_table_begin_row(table, number);
	if (status == GB_OK)
		status = gb_table_cell(table, 0, start, strlen(start), err);
	if (status == GB_OK)
		status = gb_table_cell(table, 1, end, strlen(end), err);
	if (status == GB_OK)
		status = gb_table_cell(table, 2, plain, plain_text(text, size, plain), err);
	if (status == GB_OK)
		status = gb_table_end_row(table, err);
	free(plain);
	return status;
}

/* A cue whose timing line is TIMING; its text runs to the next blank line. */
static gb_status read_cue(gb_table *table, lines *l, line timing, gb_err *err)
{
	const char *arrow = find_arrow(timing);
	char start[32], end[32];
	line text = {l->data + l->at, 0, 0}, next;

	first_word(timing.text, arrow, start, sizeof(start));
	first_word(arrow + 3, timing.text + timing.size, end, sizeof(end));
	if (!*start || !*end)
		return gb_fail(err, GB_DATA, "%s: line %lld: \"-->\" without a time on each side",
		               table->name, (long long)timing.number);
	while (next_line(l, &next) && !blank(next))
		text.size = (size_t)(next.text + next.size - text.text);
	return gb_table_cue(table, timing.number, start, end, text.text, text.size, err);
}

static lines lines_of(const char *data, size_t size)
{
	lines l = {data, size, 0, 0};

	if (size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3))
		l.at = 3;
	return l;
}

gb_status gb_table_read_srt(gb_table *table, const char *data, size_t size, gb_err *err)
{
	lines l = lines_of(data, size);
	line at;
	gb_status status = gb_table_cue_header(table, err);

	table->format = "srt";
	while (status == GB_OK && next_line(&l, &at)) {
		if (blank(at))
			continue;
		if (!find_arrow(at)) { /* the number of the cue; the timing follows */
			line number = at;

			if (!next_line(&l, &at) || !find_arrow(at))
				return gb_fail(err, GB_DATA,
				               "%s: line %lld: a time like 00:00:01,000 --> 00:00:02,000 is "
				               "wanted after it",
				               table->name, (long long)number.number);
		}
		status = read_cue(table, &l, at, err);
	}
	return status;
}

gb_status gb_table_read_vtt(gb_table *table, const char *data, size_t size, gb_err *err)
{
	lines l = lines_of(data, size);
	line at;
	gb_status status = gb_table_cue_header(table, err);

	table->format = "vtt";
	while (next_line(&l, &at) && !blank(at)) /* "WEBVTT" and its header */
		;
	while (status == GB_OK && next_line(&l, &at)) {
		line first = at;

		if (blank(at))
			continue;
		if (!find_arrow(at) && (!next_line(&l, &at) || !find_arrow(at))) {
			if (first.size >= 4 &&
			    (!memcmp(first.text, "NOTE", 4) || !memcmp(first.text, "STYL", 4) ||
			     !memcmp(first.text, "REGI", 4))) {
				while (!blank(at) && next_line(&l, &at))
					;
				continue;
			}
			return gb_fail(err, GB_DATA, "%s: line %lld: neither a cue nor a comment",
			               table->name, (long long)first.number);
		}
		status = read_cue(table, &l, at, err);
	}
	return status;
}
