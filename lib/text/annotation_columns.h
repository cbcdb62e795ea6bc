/* SPDX-License-Identifier: MIT */
/* annotation_columns.h: which columns of a table hold times and text. */
#ifndef GB_TEXT_ANNOTATION_COLUMNS_H
#define GB_TEXT_ANNOTATION_COLUMNS_H

#include "table/table.h"
#include "text/time_text.h"

GB_BEGIN_DECLS

/* Which column is what.  NULL and GB_UNIT_GUESS: to be guessed. */
typedef struct gb_annotation_columns_wanted {
	const char *start, *end; /* headers; an end column named duration… holds lengths */
	const char *text;        /* headers, separated by commas */
	gb_time_unit unit;
} gb_annotation_columns_wanted;

#define GB_TEXT_COLUMNS_MAX 16
#define GB_NO_COLUMN SIZE_MAX

typedef struct gb_annotation_columns {
	size_t start, end;       /* end: GB_NO_COLUMN: segments without length */
	bool end_is_duration;
	size_t text[GB_TEXT_COLUMNS_MAX];
	int texts;               /* 0 only where NEED_TEXT was not set */
	gb_time_unit unit;
} gb_annotation_columns;

/* GB_USAGE for a header that was named and is not there; GB_DATA when a column
 * cannot be guessed: the line lists the headers. */
GB_CHECK gb_status gb_annotation_columns_find(const gb_table *table,
                                              const gb_annotation_columns_wanted *wanted, bool need_text,
                                              gb_annotation_columns *columns, gb_err *err);

GB_END_DECLS
#endif
