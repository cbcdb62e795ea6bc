/* SPDX-License-Identifier: MIT */
/* table_reader.h: annotation files of several formats → a table.
 *
 * All readers take untrusted bytes; NAME is for messages.  Malformed content
 * is GB_DATA with one line. */
#ifndef GB_TABLE_TABLE_READER_H
#define GB_TABLE_TABLE_READER_H

#include "table/table.h"

GB_BEGIN_DECLS

/* What the bytes look like.  The content decides; a comma or a tab is told
 * from the header line. */
typedef enum gb_text_format {
	GB_FORMAT_XLSX,
	GB_FORMAT_DELIMITED,
	GB_FORMAT_SRT,
	GB_FORMAT_VTT,
	GB_FORMAT_OLD_OFFICE, /* .xls and encrypted workbooks: refused by name */
	GB_FORMAT_BINARY      /* perhaps a film */
} gb_text_format;
gb_text_format gb_text_sniff(const uint8_t *data, size_t size);

/* Any of the above but GB_FORMAT_BINARY.  SHEET: a sheet's name, NULL for the
 * first; given for another format it is GB_USAGE. */
GB_CHECK gb_status gb_table_read(gb_table **table, const uint8_t *data, size_t size, const char *name,
                                 const char *sheet, gb_err *err);

GB_END_DECLS
#endif
