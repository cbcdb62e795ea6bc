/* SPDX-License-Identifier: MIT */
/* Tables and subtitles: csv, tsv, srt, vtt. */
#define FUZZ_TARGET "text"
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (gb_text_sniff(data, size) != GB_FORMAT_XLSX)
		read_annotations(data, size);
	return 0;
}
