/* SPDX-License-Identifier: MIT */
/* xlsx.h: a sheet of a workbook → a table. */
#ifndef GB_TABLE_XLSX_H
#define GB_TABLE_XLSX_H

#include "table/table.h"

GB_BEGIN_DECLS

/* .xlsx by libzip and expat: shared and inline strings, numbers (15 digits, as
 * spreadsheets show them), times of day as h:mm:ss, dates as ISO text.  What
 * is unpacked is bounded; document types are refused. */
GB_CHECK gb_status gb_table_read_xlsx(gb_table *table, const uint8_t *data, size_t size, const char *sheet,
                                      gb_err *err);

GB_END_DECLS
#endif
