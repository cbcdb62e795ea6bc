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
static gb_status read_number(const gb_table *table, size_t row, size_t column, double *value, gb_err *err)
{
	const char *cell = gb_table_at(table, row, column);
	char *end;

	*value = NAN;
	if (!*cell || !strcasecmp(cell, "n/a"))
		return GB_OK;
	*value = strtod(cell, &end);
	if (*end || !isfinite(*value))
		return gb_fail(err, GB_DATA, "%s: line %lld, column %s: \"%.40s\" is not a number",
		               table->name, (long long)gb_table_line(table, row),
		               gb_table_header(table, column), cell);
	return GB_OK;
}

gb_status gb_named_columns_read(const char *path, const char *const *name, int columns, double **value,
                                size_t *rows, gb_err *err)
{
	gb_table *table;
	gb_status status;

	*value = NULL;
	*rows = 0;
	GB_TRY(open_table(&table, path, err));
	for (int c = 0; c < columns; c++) {
		size_t at = gb_table_find(table, name[c]);

		if (at == table->columns) {
			status = gb_fail(err, GB_USAGE, "%s: no column \"%s\" in its header line",
			                 table->name, name[c]);
			goto done;
		}
		if (!*value)
			GB_TRY(gb_grow(value, table->rows * (size_t)columns, sizeof **value, err));
		for (size_t row = 0; row < table->rows; row++) {
			double *number = *value + row * (size_t)columns + (size_t)c;

			GB_TRY(read_number(table, row, at, number, err));
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
