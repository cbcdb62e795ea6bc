/* SPDX-License-Identifier: MIT */
/* Workbooks: a zip file as it is, or the text of its parts, one NUL after
 * each, which are put into a zip here so that mutations reach the XML. */
#define FUZZ_TARGET "xlsx"
#include "tests/fuzz/fuzz.h"

#include <zip.h>

#include "tests/fuzz/features.h"

static const char *const parts[] = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels",
                                    "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"};

static bool pack(const uint8_t *data, size_t size, zip_source_t *out)
{
	zip_t *zip = zip_open_from_source(out, ZIP_TRUNCATE, NULL);
	bool good = zip != NULL;

	if (good)
		zip_source_keep(out);
	for (size_t i = 0; good && i < sizeof(parts) / sizeof(*parts) && size; i++) {
		const uint8_t *end = memchr(data, 0, size);
		size_t n = end ? (size_t)(end - data) : size;
		zip_source_t *part = zip_source_buffer(zip, data, n, 0);
		zip_int64_t index = part ? zip_file_add(zip, parts[i], part, 0) : -1;

		good = index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0;
		data += n + (end != NULL);
		size -= n + (end != NULL);
	}
	if (good)
		return zip_close(zip) == 0;
	zip_discard(zip);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	zip_source_t *source;
	zip_stat_t stat;
	uint8_t *bytes;

	if (size > 3 && !memcmp(data, "PK\3\4", 4)) {
		read_annotations(data, size);
		return 0;
	}
	source = zip_source_buffer_create(NULL, 0, 0, NULL);
	if (!source)
		abort();
	if (pack(data, size, source) && zip_source_stat(source, &stat) == 0 && zip_source_open(source) == 0) {
		bytes = malloc((size_t)stat.size);
		if (bytes && zip_source_read(source, bytes, stat.size) == (zip_int64_t)stat.size)
			read_annotations(bytes, (size_t)stat.size);
		free(bytes);
		zip_source_close(source);
	}
	zip_source_free(source);
	return 0;
}
