/* SPDX-License-Identifier: MIT */
/* delimited.h: text whose cells are separated by commas, semicolons or tabs → a table. */
#ifndef GB_TABLE_DELIMITED_H
#define GB_TABLE_DELIMITED_H

#include "table/table.h"

GB_BEGIN_DECLS

/* Quotation as in RFC 4180; the header line tells the separator.  GB_DATA for
 * a quotation mark that is not closed and, with TABLE->even, a ragged line. */
GB_CHECK gb_status gb_table_read_delimited(gb_table *table, const char *data, size_t size, gb_err *err);

GB_END_DECLS
#endif
