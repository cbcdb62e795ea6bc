/* SPDX-License-Identifier: MIT */
#include "table/named_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "table/delimited.h"

static gb_status open_table(gb_table **table, const char *path, gb_err *err)
{
	gb_input in = {0};
	gb_status status;

	*table = NULL;
	GB_TRY(gb_input_open(&in, path, err));
	GB_TRY(gb_table_new(table, in.name, err));
	(*table)->even = true;
	GB_TRY(gb_table_read_delimited(*table, (const char *)in.data, in.size, err));
done:
	gb_input_close(&in);
	return status;
}

/* "n/a" and an empty cell are NaN. */
static bool read_number(const char *cell, double *value)
{
	char *end;

	*value = NAN;
	if (!*cell || !strcasecmp(cell, "n/a"))
		return true;
	*value = strtod(cell, &end);
	return !*end && isfinite(*value);
}

gb_status gb_named_columns_read(const char *path, const char *const *name, int columns, double **value, size_t *rows,
                                gb_err *err)
{
	gb_table *table;
	gb_status status;

	*value = NULL;
	*rows = 0;
	GB_TRY(open_table(&table, path, err));
	for (int c = 0; c < columns; c++) {
		size_t at = gb_table_find(table, name[c]);

		if (at == table->columns) {
			status = gb_fail(err, GB_USAGE, "%s: no column \"%s\" in its header line", table->name, name[c]);
			goto done;
		}
		if (!*value)
			GB_TRY(gb_grow(value, table->rows * (size_t)columns, sizeof **value, err));
		for (size_t row = 0; row < table->rows; row++)
			if (!read_number(gb_table_at(table, row, at), &(*value)[row * (size_t)columns + (size_t)c])) {
				status = gb_fail(err, GB_DATA, "%s: line %lld, column %s: \"%.40s\" is not a number", table->name,
				                 (long long)gb_table_line(table, row), name[c], gb_table_at(table, row, at));
				goto done;
			}
	}
	*rows = table->rows;
	if (*rows == 0)
		status = gb_fail(err, GB_DATA, "%s: no rows under its header line", table->name);
done:
	if (status != GB_OK) {
		free(*value);
		*value = NULL;
	}
	gb_table_free(table);
	return status;
}

bool gb_named_columns_has(const char *path, const char *name)
{
	gb_table *table;
	bool has = open_table(&table, path, NULL) == GB_OK && gb_table_find(table, name) < table->columns;

	gb_table_free(table);
	return has;
}
