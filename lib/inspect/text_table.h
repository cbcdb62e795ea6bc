/* SPDX-License-Identifier: MIT */
/* text_table.h: a table for people: cells are collected, then written aligned.
 *
 * Columns in which no cell has text are left out.  Control characters become
 * "?" (tabs and line ends blanks), so that a name from a file cannot steer the terminal.  A first cell
 * wider than 48 has a line of its own. */
#ifndef GB_INSPECT_TEXT_TABLE_H
#define GB_INSPECT_TEXT_TABLE_H

#include <stdio.h>

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_text_table gb_text_table;

/* HEADING: one a column, or NULL for none; ALIGN: 'l' or 'r' for each column. */
GB_CHECK gb_status gb_text_table_new(gb_text_table **columns, const char *const *heading, const char *align,
                                     gb_err *err);
/* Add the next cell, row by row.  If memory is short, gb_text_table_print fails. */
void gb_text_table_cell(gb_text_table *columns, const char *format, ...) GB_PRINTF(2, 3);
/* Write all rows, each after INDENT. */
GB_CHECK gb_status gb_text_table_print(const gb_text_table *columns, FILE *out, const char *indent,
                                       gb_err *err);
void gb_text_table_free(gb_text_table *columns); /* accepts NULL */

/* TEXT without control characters, in place. */
char *gb_text_table_clean(char *text);

GB_END_DECLS
#endif
