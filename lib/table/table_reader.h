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

/* .xlsx by libzip and expat: shared and inline strings, numbers (15 digits, as
 * spreadsheets show them), times of day as h:mm:ss, dates as ISO text.  What
 * is unpacked is bounded; document types are refused. */
GB_CHECK gb_status gb_table_read_xlsx(gb_table *table, const uint8_t *data, size_t size, const char *sheet,
                                      gb_err *err);
/* Subtitles: columns start, end (h:mm:ss.fff), text; markup taken out, lines
 * joined by a blank. */
GB_CHECK gb_status gb_table_read_srt(gb_table *table, const char *data, size_t size, gb_err *err);
GB_CHECK gb_status gb_table_read_vtt(gb_table *table, const char *data, size_t size, gb_err *err);

/* The header of a table of subtitles, and one cue of it (times as
 * gb_time_parse takes them; markup is taken out of the text). */
GB_CHECK gb_status gb_table_cue_header(gb_table *table, gb_err *err);
GB_CHECK gb_status gb_table_cue(gb_table *table, int64_t line, const char *start, const char *end,
                                const char *text, size_t size, gb_err *err);

GB_END_DECLS
#endif
