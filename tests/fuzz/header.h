/* SPDX-License-Identifier: MIT */
/* header.h: the header of a safetensors file, put and mutated as text, so that its length stays right. */
#ifndef GB_TESTS_FUZZ_HEADER_H
#define GB_TESTS_FUZZ_HEADER_H

#include "tests/fuzz/fuzz.h"

/* The header as a whole file again: its length, the text, the data.  Returns the new size; 0 when it does
 * not fit. */
__attribute__((unused)) static size_t put_header(uint8_t *out, size_t room, const char *text,
                                                 const uint8_t *data, size_t data_size)
{
	size_t n = strlen(text), total = 8 + n + data_size;

	if (total > room)
		return 0;
	memmove(out + 8 + n, data, data_size);
	memcpy(out + 8, text, n);
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)n >> 8 * i);
	return total;
}

#ifdef GB_LIBFUZZER
/* Returns the new size; 0, DATA as it was: there is no header, or the new one does not fit. */
static size_t mutate_header(uint8_t *data, size_t size, size_t max_size)
{
	uint64_t n = 0;
	uint8_t *text, *rest;
	size_t rest_size, total = 0;

	for (int i = 0; i < 8 && size >= 10; i++)
		n |= (uint64_t)data[i] << 8 * i;
	if (size < 10 || n > size - 8)
		return 0;
	rest_size = size - 8 - (size_t)n;
	text = malloc(max_size + 1);
	rest = malloc(rest_size + 1);
	if (text && rest) {
		memcpy(text, data + 8, (size_t)n);
		memcpy(rest, data + 8 + n, rest_size);
		n = LLVMFuzzerMutate(text, (size_t)n,
		                     max_size - rest_size > 8 ? max_size - rest_size - 8 : 1);
		text[n] = 0;
		if (strlen((char *)text) == n)
			total = put_header(data, max_size, (char *)text, rest, rest_size);
	}
	free(text);
	free(rest);
	return total;
}
#endif

#endif
