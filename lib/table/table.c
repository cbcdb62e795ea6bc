/* SPDX-License-Identifier: MIT */
#include "table/table.h"
#include "base/size.h"
#include "table/unicode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

gb_status gb_table_new(gb_table **out, const char *name, gb_err *err)
{
	gb_table *table = gb_array(1, sizeof(*table), err);

	*out = NULL;
	if (!table)
		return err ? err->status : GB_SYSTEM;
	table->name = gb_string(name, err);
	if (!table->name || gb_grow(&table->text, 4096, 1, err) != GB_OK) {
		gb_table_free(table);
		return GB_SYSTEM;
	}
	table->text_room = 4096;
	table->text[0] = 0;
	table->text_size = 1; /* offset 0 is the empty cell */
	*out = table;
	return GB_OK;
}

void gb_table_free(gb_table *table)
{
	if (!table)
		return;
	free(table->name);
	free(table->header);
	free(table->cell);
	free(table->line);
	free(table->text);
	free(table->pending);
	free(table);
}

/* *POINTER gets room for COUNT elements, doubling. */
static gb_status reserve(void *pointer, size_t *room, size_t count, size_t size, gb_err *err)
{
	size_t want = *room ? *room : 64;
	gb_status status;

	if (count <= *room)
		return GB_OK;
	while (want < count)
		want *= 2;
	status = gb_grow(pointer, want, size, err);
	if (status == GB_OK)
		*room = want;
	return status;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void trim(const char **text, size_t *size)
{
	for (;;) {
		if (*size && is_blank((*text)[0]))
			(*text)++, (*size)--;
		else if (*size > 1 && !memcmp(*text, "\xC2\xA0", 2)) /* no-break space */
			*text += 2, *size -= 2;
		else
			break;
	}
	for (;;) {
		if (*size && is_blank((*text)[*size - 1]))
			(*size)--;
		else if (*size > 1 && !memcmp(*text + *size - 2, "\xC2\xA0", 2))
			*size -= 2;
		else
			break;
	}
}

void gb_table_begin_row(gb_table *table, int64_t line)
{
	table->pending_size = 0;
	table->pending_line = line;
}

gb_status gb_table_cell(gb_table *table, size_t column, const char *text, size_t size, gb_err *err)
{
	size_t bad, end;
	gb_status status;

	if (table->header && column >= table->columns)
		return GB_OK;
	trim(&text, &size);
	if (!size)
		return GB_OK;
	if (column >= GB_TABLE_COLUMNS_MAX)
		return gb_fail(err, GB_DATA, "%s: row %lld: more than %u columns", table->name,
		               (long long)table->pending_line, GB_TABLE_COLUMNS_MAX);
	bad = gb_utf8_check(text, size);
	if (bad < size)
		return gb_fail(err, GB_DATA,
		               "%s: row %lld, column %zu: byte 0x%02x is not UTF-8; save the table as UTF-8",
		               table->name, (long long)table->pending_line, column + 1, (uint8_t)text[bad]);
	if (!gb_size_add(table->text_size, size + 1, &end) || end > GB_TABLE_TEXT_MAX)
		return gb_fail(err, GB_DATA, "%s: row %lld: more than %u bytes of text", table->name,
		               (long long)table->pending_line, GB_TABLE_TEXT_MAX);
	status = reserve(&table->text, &table->text_room, end, 1, err);
	if (status == GB_OK)
		status = reserve(&table->pending, &table->pending_room, column + 1, sizeof(*table->pending),
		                 err);
	if (status != GB_OK)
		return status;
	while (table->pending_size <= column)
		table->pending[table->pending_size++] = 0;
	table->pending[column] = (uint32_t)table->text_size;
	memcpy(table->text + table->text_size, text, size);
	table->text[table->text_size + size] = 0;
	table->text_size = end;
	return GB_OK;
}

gb_status gb_table_end_row(gb_table *table, gb_err *err)
{
	size_t used = table->pending_size, cells;
	gb_status status;

	if (!used && !(table->even && table->header))
		return GB_OK;
	if (!table->header) {
		status = gb_grow(&table->header, used, sizeof(*table->header), err);
		if (status != GB_OK)
			return status;
		memcpy(table->header, table->pending, used * sizeof(*table->header));
		table->columns = used;
		return GB_OK;
	}
	if (!gb_size_mul(table->rows + 1, table->columns, &cells) || cells > GB_TABLE_CELLS_MAX)
		return gb_fail(err, GB_DATA, "%s: row %lld: more than %u cells", table->name,
		               (long long)table->pending_line, GB_TABLE_CELLS_MAX);
	status = reserve(&table->cell, &table->cell_room, cells, sizeof(*table->cell), err);
	if (status == GB_OK)
		status = reserve(&table->line, &table->line_room, table->rows + 1, sizeof(*table->line), err);
	if (status != GB_OK)
		return status;
	for (size_t i = 0; i < table->columns; i++)
		table->cell[table->rows * table->columns + i] = i < used ? table->pending[i] : 0;
	table->line[table->rows++] = table->pending_line;
	return GB_OK;
}

const char *gb_table_header(const gb_table *table, size_t column)
{
	return table->text + table->header[column];
}

const char *gb_table_at(const gb_table *table, size_t row, size_t column)
{
	return table->text + table->cell[row * table->columns + column];
}

int64_t gb_table_line(const gb_table *table, size_t row) { return table->line[row]; }

size_t gb_table_find(const gb_table *table, const char *header)
{
	size_t size = strlen(header);

	trim(&header, &size);
	for (size_t i = 0; i < table->columns; i++)
		if (strlen(gb_table_header(table, i)) == size &&
		    !memcmp(gb_table_header(table, i), header, size))
			return i;
	return table->columns;
}

char *gb_table_headers(const gb_table *table, char *out, size_t room)
{
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < table->columns && used + 8 < room; i++)
		if (gb_table_header(table, i)[0]) {
			int n = snprintf(out + used, room - used, "%s%s", used ? ", " : "",
			                 gb_table_header(table, i));

			used += n > 0 ? (size_t)n : 0;
		}
	if (used >= room - 1 && room > 4) { /* cut before a character, not in it */
		used = room - 4;
		while (used && ((uint8_t)out[used] & 0xC0) == 0x80)
			used--;
		snprintf(out + used, 4, "...");
	}
	return out;
}

gb_status gb_table_need(const gb_table *table, const char *header, size_t *column, gb_err *err)
{
	char all[512];

	*column = gb_table_find(table, header);
	if (*column < table->columns)
		return GB_OK;
	return gb_fail(err, GB_USAGE, "%s: no column \"%s\"; it has: %s", table->name, header,
	               gb_table_headers(table, all, sizeof(all)));
}

bool gb_cell_number(const char *cell, double *value)
{
	char *end;

	if (!strcmp(cell, "+") || !strcmp(cell, "-")) {
		*value = cell[0] == '+' ? 1 : -1;
		return true;
	}
	if (!*cell || cell[strspn(cell, "0123456789+-.eE")])
		return false;
	*value = strtod(cell, &end);
	return !*end && isfinite(*value);
}

bool gb_cell_missing(const char *cell)
{
	static const char *const ways[] = {"", "n/a", "na", "nan", "null", "#n/a"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcasecmp(cell, ways[i]))
			return true;
	return false;
}
