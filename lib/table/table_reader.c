/* SPDX-License-Identifier: MIT */
#include "table/table_reader.h"
#include "table/delimited.h"
#include "table/subtitle_text.h"
#include "table/xlsx.h"

#include <string.h>

/* Is there an arrow in one of the first lines that are not empty? */
static bool looks_like_srt(const uint8_t *data, size_t size)
{
	size_t at = 0;

	for (int seen = 0; at < size && seen < 2;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - data) - at : size - at;

		if (memmem(data + at, n, "-->", 3))
			return true;
		for (size_t i = 0; i < n; i++)
			if (!strchr("\r \t", data[at + i])) {
				seen++;
				break;
			}
		at += n + 1;
	}
	return false;
}

gb_text_format gb_text_sniff(const uint8_t *data, size_t size)
{
	size_t head = size < 4096 ? size : 4096, bom = size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3) ? 3 : 0;

	if (size >= 4 && !memcmp(data, "PK\3\4", 4))
		return GB_FORMAT_XLSX;
	if (size >= 8 && !memcmp(data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8))
		return GB_FORMAT_OLD_OFFICE;
	if (head && memchr(data, 0, head))
		return GB_FORMAT_BINARY;
	if (size >= bom + 6 && !memcmp(data + bom, "WEBVTT", 6))
		return GB_FORMAT_VTT;
	return looks_like_srt(data + bom, size - bom) ? GB_FORMAT_SRT : GB_FORMAT_DELIMITED;
}

static gb_status read_as(gb_table *table, gb_text_format format, const uint8_t *data, size_t size,
                         const char *sheet, gb_err *err)
{
	const char *text = (const char *)data;

	if (!size)
		return gb_fail(err, GB_DATA, "%s: empty; a table of annotations or subtitles is wanted",
		               table->name);
	if (sheet && format != GB_FORMAT_XLSX)
		return gb_fail(err, GB_USAGE, "%s: --sheet is for .xlsx workbooks", table->name);
	if (size >= 2 && (!memcmp(data, "\xFF\xFE", 2) || !memcmp(data, "\xFE\xFF", 2)))
		return gb_fail(err, GB_DATA, "%s: UTF-16; save it as UTF-8", table->name);
	switch (format) {
	case GB_FORMAT_XLSX:
		return gb_table_read_xlsx(table, data, size, sheet, err);
	case GB_FORMAT_SRT:
		return gb_table_read_srt(table, text, size, err);
	case GB_FORMAT_VTT:
		return gb_table_read_vtt(table, text, size, err);
	case GB_FORMAT_DELIMITED:
		return gb_table_read_delimited(table, text, size, err);
	case GB_FORMAT_OLD_OFFICE:
		return gb_fail(err, GB_DATA,
		               "%s: an old .xls (or an encrypted) workbook; save it as .xlsx or .csv",
		               table->name);
	case GB_FORMAT_BINARY:
		break;
	}
	return gb_fail(err, GB_DATA, "%s: not a table of annotations or subtitles", table->name);
}

gb_status gb_table_read(gb_table **out, const uint8_t *data, size_t size, const char *name, const char *sheet,
                        gb_err *err)
{
	gb_table *table;
	gb_status status = gb_table_new(&table, name, err);

	*out = NULL;
	if (status == GB_OK)
		status = read_as(table, gb_text_sniff(data, size), data, size, sheet, err);
	if (status == GB_OK && !table->header)
		status = gb_fail(err, GB_DATA, "%s: nothing in it", name);
	if (status == GB_OK && !table->rows)
		status = gb_fail(err, GB_DATA, "%s: a header but no rows", name);
	if (status != GB_OK)
		gb_table_free(table);
	else
		*out = table;
	return status;
}
