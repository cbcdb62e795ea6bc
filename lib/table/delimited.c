/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "table/delimited.h"

#include <stdlib.h>
#include <string.h>

/* The separator that the header line has most of, quoted parts aside. */
static char separator_of(const char *data, size_t size)
{
	size_t tabs = 0, commas = 0, semicolons = 0;
	bool quoted = false;

	for (size_t i = 0; i < size && (quoted || (data[i] != '\n' && data[i] != '\r')); i++) {
		quoted ^= data[i] == '"';
		if (!quoted) {
			tabs += data[i] == '\t';
			commas += data[i] == ',';
			semicolons += data[i] == ';';
		}
	}
	return tabs ? '\t' : semicolons > commas ? ';' : ',';
}

typedef struct field { char *text; size_t size, room; } field;

static gb_status push(field *f, char c, gb_err *err)
{
	if (f->size == f->room) {
		size_t room = f->room ? 2 * f->room : 256;
		gb_status status = gb_grow(&f->text, room, 1, err);

		if (status != GB_OK)
			return status;
		f->room = room;
	}
	f->text[f->size++] = c;
	return GB_OK;
}

typedef struct cursor { const char *data; size_t size, at; int64_t line; char separator; } cursor;

/* One field, up to the separator or line end at which it stops. */
static gb_status read_field(cursor *c, field *f, const char *name, gb_err *err)
{
	bool quoted = false;
	int64_t opened = c->line;
	gb_status status = GB_OK;

	f->size = 0;
	if (c->at < c->size && c->data[c->at] == '"') {
		quoted = true;
		c->at++;
	}
	while (c->at < c->size && status == GB_OK) {
		char byte = c->data[c->at];

		if (quoted && byte == '"') {
			if (c->at + 1 < c->size && c->data[c->at + 1] == '"')
				c->at++; /* "" is one " */
			else {
				quoted = false;
				c->at++;
				continue;
			}
		} else if (!quoted && (byte == c->separator || byte == '\n' || byte == '\r'))
			break;
		c->line += byte == '\n';
		status = push(f, byte, err);
		c->at++;
	}
	if (status == GB_OK && quoted)
		return gb_fail(err, GB_DATA, "%s: line %lld: a quotation mark is not closed", name,
		               (long long)opened);
	return status;
}

/* Past the line end at the cursor, whichever kind it is. */
static void end_line(cursor *c)
{
	if (c->at < c->size && c->data[c->at] == '\r')
		c->at++;
	if (c->at < c->size && c->data[c->at] == '\n')
		c->at++;
	c->line++;
}

gb_status gb_table_read_delimited(gb_table *table, const char *data, size_t size, gb_err *err)
{
	cursor c = {.data = data, .size = size, .line = 1};
	field f = {0};
	size_t columns = 0;
	gb_status status = GB_OK;

	if (size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3))
		c.at = 3;
	c.separator = separator_of(data + c.at, size - c.at);
	table->format = c.separator == '\t' ? "tsv" : "csv";
	while (c.at < size) {
		int64_t line = c.line;
		size_t cells = 0;

		gb_table_begin_row(table, line);
		do {
			c.at += cells > 0; /* the separator */
			GB_TRY(read_field(&c, &f, table->name, err));
			GB_TRY(gb_table_cell(table, cells++, f.text ? f.text : "", f.size, err));
		} while (c.at < size && data[c.at] == c.separator);
		end_line(&c);
		if (!table->header)
			columns = cells;
		else if (table->even && cells == 1 && f.size == 0 && c.at >= size)
			break; /* a blank last line */
		else if (table->even && cells != columns) {
			status = gb_fail(err, GB_DATA, "%s: line %lld has %zu cells, the header line %zu",
			                 table->name, (long long)line, cells, columns);
			goto done;
		}
		GB_TRY(gb_table_end_row(table, err));
	}
done:
	free(f.text);
	return status;
}
