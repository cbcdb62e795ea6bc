/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "text/column_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct piece { const char *text; size_t size; } piece;

static int by_bytes(const void *a, const void *b)
{
	const piece *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);

	return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* The next value of a cell that holds several; false at its end. */
static bool next_piece(const char **cell, piece *out)
{
	while (**cell) {
		const char *from = *cell + strspn(*cell, " ,"), *end = from + strcspn(from, ",");

		*cell = end;
		while (end > from && end[-1] == ' ')
			end--;
		*out = (piece){from, (size_t)(end - from)};
		if (out->size)
			return true;
	}
	return false;
}

/* All values of a column of the whole table, each once, in byte order. */
static gb_status categories_of(const gb_table *table, size_t column, piece **out, size_t *count, gb_err *err)
{
	size_t n = 0, most = 0, kept = 0;
	const char *cell;
	piece *list, p;

	for (size_t row = 0; row < table->rows; row++)
		for (cell = gb_table_at(table, row, column); next_piece(&cell, &p);)
			most++;
	*out = list = gb_array(most + 1, sizeof(*list), err) /* the end of a cell is tried, too */;
	if (!list)
		return GB_SYSTEM;
	for (size_t row = 0; row < table->rows; row++)
		if (!gb_cell_missing(gb_table_at(table, row, column)))
			for (cell = gb_table_at(table, row, column); next_piece(&cell, &list[n]);)
				n++;
	qsort(list, n, sizeof(*list), by_bytes);
	for (size_t i = 0; i < n; i++)
		if (!i || by_bytes(&list[i], &list[i - 1]))
			list[kept++] = list[i];
	*count = kept;
	return GB_OK;
}

static bool is_numeric(const gb_table *table, size_t column)
{
	double value;
	bool any = false;

	for (size_t row = 0; row < table->rows; row++) {
		const char *cell = gb_table_at(table, row, column);

		if (gb_cell_missing(cell))
			continue;
		any = true;
		if (!gb_cell_number(cell, &value))
			return false;
	}
	return any;
}

/* VALUES [segments, width] of a column; USE: whether there is one. */
static void fill_values(const gb_annotations *a, size_t column, const piece *category, size_t width,
                        float *values, uint8_t *use)
{
	for (size_t i = 0; i < a->segments.count; i++) {
		const char *cell = gb_table_at(a->table, a->segments.segment[i].row, column);
		double number;
		piece p, *at;

		use[i] = category || (!gb_cell_missing(cell) && gb_cell_number(cell, &number));
		if (!category && use[i])
			values[i] = (float)number;
		while (category && !gb_cell_missing(cell) && next_piece(&cell, &p)) {
			at = bsearch(&p, category, width, sizeof(p), by_bytes);
			if (at)
				values[i * width + (size_t)(at - category)] = 1;
		}
	}
}

static gb_status add_column(const gb_annotations *a, size_t column, const piece *category, size_t width,
                            gb_gap gap, gb_tensor_list *list, gb_pool *pool, gb_err *err)
{
	gb_alignment how = {GB_POOL_MEAN, 1, gap};
	char name[300];
	gb_tensor_spec spec = {.name = name,
	                       .dtype = GB_F32,
	                       .rank = 2,
	                       .shape = {gb_clock_rows(&a->clock), (int64_t)width},
	                       .dims = "time,feature",
	                       .clock = &a->clock,
	                       .doc = category ? "share of each row that has each value of the column"
	                                       : "mean of the column over each row"};
	float *values = gb_array(a->segments.count, width * sizeof(*values), err), *out;
	uint8_t *use = gb_array(a->segments.count, 1, err);
	gb_status status;

	snprintf(name, sizeof(name), "text.column.%s", gb_table_header(a->table, column));
	if (category) {
		gb_json *names = gb_json_array();

		for (size_t i = 0; i < width; i++) {
			char *text = gb_format(err, "%.*s", (int)category[i].size, category[i].text);

			gb_json_append(names, gb_json_string(text));
			free(text);
		}
		spec.attributes = gb_json_object();
		gb_json_set(spec.attributes, "categories", names);
	}
	status = gb_tensor_list_add(list, &spec, &out, err);
	if (status == GB_OK && (!values || !use))
		status = GB_SYSTEM;
	if (status == GB_OK) {
		fill_values(a, column, category, width, values, use);
		status = gb_align(a->cover, &(gb_segment_values){values, width, use}, how,
		                  (gb_aligned){.out = out}, pool, err);
	}
	free(values);
	free(use);
	return status;
}

gb_status gb_feature_column(const gb_annotations *a, const char *header, gb_gap gap, gb_tensor_list *list,
                            gb_pool *pool, gb_err *err)
{
	piece *category = NULL;
	size_t column, width = 1;
	gb_status status = gb_table_need(a->table, header, &column, err);

	if (status == GB_OK && strlen(gb_table_header(a->table, column)) > 200)
		return gb_fail(err, GB_DATA, "%s: a header of more than 200 bytes: \"%.40s...\"",
		               a->table->name, gb_table_header(a->table, column));
	if (status == GB_OK && !is_numeric(a->table, column))
		status = categories_of(a->table, column, &category, &width, err);
	if (status == GB_OK && !width)
		status = gb_fail(err, GB_DATA, "%s: column \"%s\" is empty", a->table->name,
		                 gb_table_header(a->table, column));
	if (status == GB_OK && width > 4096)
		status = gb_fail(err, GB_DATA,
		                 "%s: column \"%s\" has %zu different values, more than 4096; is it text?",
		                 a->table->name, gb_table_header(a->table, column), width);
	if (status == GB_OK)
		status = add_column(a, column, category, width, gap, list, pool, err);
	free(category);
	return status;
}
