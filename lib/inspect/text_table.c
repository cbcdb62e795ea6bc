/* SPDX-License-Identifier: MIT */
#include "inspect/text_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { WIDEST = 48 };

struct gb_text_table {
	const char *const *heading;
	const char *align;
	size_t columns, cells, room;
	char **cell;
	bool short_of_memory;
};

gb_status gb_text_table_new(gb_text_table **columns, const char *const *heading, const char *align,
                            gb_err *err)
{
	gb_text_table *c = gb_array(1, sizeof *c, err);

	*columns = c;
	if (!c)
		return GB_SYSTEM;
	c->heading = heading;
	c->align = align;
	c->columns = strlen(align);
	return GB_OK;
}

void gb_text_table_free(gb_text_table *columns)
{
	if (!columns)
		return;
	for (size_t i = 0; i < columns->cells; i++)
		free(columns->cell[i]);
	free(columns->cell);
	free(columns);
}

char *gb_text_table_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) {
			if (*p == 0xc2)
				memmove(p, p + 1, strlen((char *)p + 1) + 1);
			*p = *p == '\t' || *p == '\n' || *p == '\r' ? ' ' : '?';
		}
	return text;
}

void gb_text_table_cell(gb_text_table *columns, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	if (columns->short_of_memory)
		return;
	if (columns->cells == columns->room) {
		size_t room = columns->room ? 2 * columns->room : 64;
		if (gb_grow(&columns->cell, room, sizeof *columns->cell, NULL)) {
			columns->short_of_memory = true;
			return;
		}
		columns->room = room;
	}
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	columns->short_of_memory = !text;
	if (text)
		columns->cell[columns->cells++] = gb_text_table_clean(text);
}

static size_t wide(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

static const char *cell_at(const gb_text_table *c, size_t row, size_t column)
{
	size_t at = row * c->columns + column;

	return at < c->cells ? c->cell[at] : "";
}

static void print_row(const gb_text_table *c, FILE *out, const char *indent, const size_t *width,
                      const char *const *cell)
{
	size_t owed = 0; /* blanks wait until something follows them */
	bool first = true;

	fputs(indent, out);
	for (size_t k = 0; k < c->columns; k++) {
		size_t size = wide(cell[k]), pad = size < width[k] ? width[k] - size : 0;
		if (!width[k])
			continue;
		if (!first)
			owed += 2;
		if (c->align[k] == 'r')
			owed += pad;
		if (size) {
			fprintf(out, "%*s%s", (int)owed, "", cell[k]);
			owed = 0;
		}
		if (c->align[k] != 'r')
			owed += pad;
		if (first && size > width[k]) {
			fprintf(out, "\n%s", indent);
			owed = width[k];
		}
		first = false;
	}
	fputc('\n', out);
}

gb_status gb_text_table_print(const gb_text_table *c, FILE *out, const char *indent, gb_err *err)
{
	size_t rows = c->columns ? (c->cells + c->columns - 1) / c->columns : 0, width[32] = {0};
	const char *line[32];

	if (c->short_of_memory || c->columns > 32)
		return gb_fail(err, GB_SYSTEM, "out of memory");
	for (size_t k = 0; k < c->columns; k++) {
		for (size_t r = 0; r < rows; r++) {
			size_t size = wide(cell_at(c, r, k));
			if (k == 0 && size > WIDEST)
				size = 1;
			width[k] = size > width[k] ? size : width[k];
		}
		if (c->heading && width[k] && wide(c->heading[k]) > width[k])
			width[k] = wide(c->heading[k]);
	}
	if (c->heading && rows)
		print_row(c, out, indent, width, c->heading);
	for (size_t r = 0; r < rows; r++) {
		for (size_t k = 0; k < c->columns; k++)
			line[k] = cell_at(c, r, k);
		print_row(c, out, indent, width, line);
	}
	return GB_OK;
}
