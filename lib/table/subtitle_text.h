/* SPDX-License-Identifier: MIT */
/* subtitle_text.h: SubRip and WebVTT → a table of cues. */
#ifndef GB_TABLE_SUBTITLE_TEXT_H
#define GB_TABLE_SUBTITLE_TEXT_H

#include "table/table.h"

GB_BEGIN_DECLS

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
