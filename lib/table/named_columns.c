/* SPDX-License-Identifier: MIT */
#include "table/named_columns.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"

#define COLUMNS_MAX 4096

typedef struct cell { const char *text; size_t length; } cell;

/* Split the line at *AT into cells; returns how many, −1 when there are too many. */
static int split(const char **at, const char *end, cell *cells)
{
	const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
	int n = 0;

	*at = stop ? stop + 1 : end;
	if (!stop)
		stop = end;
	if (stop > line && stop[-1] == '\r')
		stop--;
	for (;;) {
		const char *tab = memchr(line, '\t', (size_t)(stop - line)), *edge = tab ? tab : stop;

		while (line < edge && isspace((unsigned char)*line))
			line++;
		while (edge > line && isspace((unsigned char)edge[-1]))
			edge--;
		if (n == COLUMNS_MAX)
			return -1;
		cells[n++] = (cell){line, (size_t)(edge - line)};
		if (!tab)
			return n;
		line = tab + 1;
	}
}

static bool number(cell c, double *value)
{
	char text[64], *end;

	*value = NAN;
	if (c.length == 0 || (c.length == 3 && !strncasecmp(c.text, "n/a", 3)))
		return true;
	if (c.length >= sizeof text)
		return false;
	memcpy(text, c.text, c.length);
	text[c.length] = 0;
	*value = strtod(text, &end);
	return !*end && isfinite(*value);
}

static int find(const cell *cells, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (cells[i].length == strlen(name) && !memcmp(cells[i].text, name, cells[i].length))
			return i;
	return -1;
}

static gb_status read_rows(const gb_input *in, const char *at, const cell *head, int heads,
                           const char *const *name, int columns, double **value, size_t *rows, gb_err *err)
{
	const char *end = (const char *)in->data + in->size;
	cell cells[COLUMNS_MAX];
	int place[COLUMNS_MAX];
	gb_status status = GB_OK;

	for (int c = 0; c < columns; c++)
		if ((place[c] = find(head, heads, name[c])) < 0)
			return gb_fail(err, GB_USAGE, "%s: no column \"%s\" in its header line", in->name,
			               name[c]);
	for (*rows = 0; at < end && !status; ++*rows) {
		int n = split(&at, end, cells);

		if (n == 1 && cells[0].length == 0 && at == end)
			break;
		if (n != heads)
			return gb_fail(err, GB_DATA, "%s: line %zu has %d cells, the header line %d",
			               in->name, *rows + 2, n, heads);
		status = gb_grow(value, (*rows + 1) * (size_t)columns, sizeof **value, err);
		for (int c = 0; c < columns && !status; c++)
			if (!number(cells[place[c]], &(*value)[*rows * (size_t)columns + (size_t)c]))
				status = gb_fail(err, GB_DATA,
				                 "%s: line %zu, column %s: \"%.*s\" is not a number",
				                 in->name, *rows + 2, name[c],
				                 (int)(cells[place[c]].length > 40 ? 40
				                                                   : cells[place[c]].length),
				                 cells[place[c]].text);
	}
	return status;
}

gb_status gb_named_columns_read(const char *path, const char *const *name, int columns, double **value,
                                size_t *rows, gb_err *err)
{
	gb_input in = {0};
	cell head[COLUMNS_MAX];
	gb_status status;

	*value = NULL;
	*rows = 0;
	if (columns < 1 || columns > COLUMNS_MAX)
		return gb_fail(err, GB_USAGE, "%s: %d columns asked for, 1 to %d are possible", path, columns,
		               COLUMNS_MAX);
	if ((status = gb_input_open(&in, path, err)))
		return status;
	const char *at = (const char *)in.data;
	int heads = split(&at, at + in.size, head);

	if (heads < 0)
		status = gb_fail(err, GB_DATA, "%s: more than %d columns: not a table", in.name, COLUMNS_MAX);
	else
		status = read_rows(&in, at, head, heads, name, columns, value, rows, err);
	if (!status && *rows == 0)
		status = gb_fail(err, GB_DATA, "%s: no rows under its header line", in.name);
	if (status) {
		free(*value);
		*value = NULL;
	}
	gb_input_close(&in);
	return status;
}

bool gb_named_columns_has(const char *path, const char *name)
{
	gb_input in = {0};
	cell head[COLUMNS_MAX];
	bool has = false;

	if (!gb_input_open(&in, path, NULL)) {
		const char *at = (const char *)in.data;

		has = find(head, split(&at, at + in.size, head), name) >= 0;
		gb_input_close(&in);
	}
	return has;
}
