/* SPDX-License-Identifier: MIT */
/* table.h: a table of UTF-8 text: what every annotation file is read into.
 *
 * Header and cells have lost their outer blanks; an absent cell is "".  Empty
 * rows are left out, so a row also knows where it stood in the file. */
#ifndef GB_TABLE_TABLE_H
#define GB_TABLE_TABLE_H

#include "base/status.h"

GB_BEGIN_DECLS

#define GB_TABLE_COLUMNS_MAX 16384u           /* as in a spreadsheet */
#define GB_TABLE_CELLS_MAX (1u << 24)
#define GB_TABLE_TEXT_MAX (256u << 20)        /* bytes */

typedef struct gb_table {
	char *name;             /* of the file, for messages */
	size_t columns, rows;
	const char *format;     /* "xlsx", "csv", "tsv", "srt", "vtt", "film" */
	/* Set before reading: every line has as many cells as the header line, and blank rows are kept. */
	bool even;
	/* private */
	uint32_t *header, *cell;
	int64_t *line;
	size_t cell_room, line_room;
	char *text;
	size_t text_size, text_room;
	uint32_t *pending;      /* the row being built */
	size_t pending_size, pending_room;
	int64_t pending_line;
} gb_table;

GB_CHECK gb_status gb_table_new(gb_table **table, const char *name, gb_err *err);
void gb_table_free(gb_table *table); /* accepts NULL */

/* Building: cells of a row in any order, then the end of the row.  The first
 * row that is not empty is the header; cells beyond it are dropped.  A cell
 * that is not UTF-8 is GB_DATA, naming LINE and column. */
void gb_table_begin_row(gb_table *table, int64_t line);
GB_CHECK gb_status gb_table_cell(gb_table *table, size_t column, const char *text, size_t size, gb_err *err);
GB_CHECK gb_status gb_table_end_row(gb_table *table, gb_err *err);

const char *gb_table_header(const gb_table *table, size_t column);
const char *gb_table_at(const gb_table *table, size_t row, size_t column);
int64_t gb_table_line(const gb_table *table, size_t row); /* 1-based: line of a text file, row of a sheet */
/* Column with exactly this header, outer blanks aside; columns if there is none. */
size_t gb_table_find(const gb_table *table, const char *header);
/* The same, or GB_USAGE with all headers in the line. */
GB_CHECK gb_status gb_table_need(const gb_table *table, const char *header, size_t *column, gb_err *err);
/* All headers, "a, b, c", cut to fit, for messages.  Returns OUT. */
char *gb_table_headers(const gb_table *table, char *out, size_t room);

/* A cell that is a number (a bare sign is ±1); false if it is not. */
bool gb_cell_number(const char *cell, double *value);
/* "" and the other ways to write that there is no value: n/a, NA, NaN, null, #N/A. */
bool gb_cell_missing(const char *cell);

GB_END_DECLS
#endif
