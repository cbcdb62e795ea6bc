/* SPDX-License-Identifier: MIT */
#include "base/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gb_status no_memory(gb_err *err, size_t count, size_t size)
{
	return gb_fail(err, GB_SYSTEM, "out of memory: %zu × %zu bytes cannot be had", count, size);
}

void *gb_array(size_t count, size_t size, gb_err *err)
{
	size_t bytes, padded;
	void *block;

	/* Whole cache lines, at least one, so that nothing is never NULL. */
	if (!gb_size_mul(count, size, &bytes) || !gb_size_add(bytes, 127, &padded)) {
		no_memory(err, count, size);
		return NULL;
	}
	padded &= ~(size_t)63;
	if (posix_memalign(&block, 64, padded) != 0) {
		no_memory(err, count, size);
		return NULL;
	}
	memset(block, 0, padded);
	return block;
}

gb_status gb_grow(void *pointer, size_t count, size_t size, gb_err *err)
{
	size_t bytes;
	void *block, *old;

	memcpy(&old, pointer, sizeof old);
	if (!gb_size_mul(count, size, &bytes) || !(block = realloc(old, bytes ? bytes : 1)))
		return no_memory(err, count, size);
	memcpy(pointer, &block, sizeof block);
	return GB_OK;
}

char *gb_string(const char *text, gb_err *err)
{
	char *copy = strdup(text);

	if (!copy)
		no_memory(err, strlen(text) + 1, 1);
	return copy;
}

char *gb_format(gb_err *err, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		no_memory(err, 1, 1);
		return NULL;
	}
	return text;
}
