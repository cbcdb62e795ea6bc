/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "io/file.h"

struct gb_text {
	gb_output output;
	char *block;
	size_t used;
	gb_status status; /* of the first write that failed; reported by commit */
	gb_err err;
};

enum { BLOCK = 1 << 16 };

static void flush(gb_text *text)
{
	if (text->status == GB_OK && text->used)
		text->status = gb_output_write(&text->output, text->block, text->used, &text->err);
	text->used = 0;
}

gb_status gb_text_open(gb_text **out, const char *path, gb_err *err)
{
	gb_text *text = gb_array(1, sizeof *text, err);
	gb_status status = GB_SYSTEM;

	*out = NULL;
	if (!text)
		return status;
	fflush(stdout);
	if (!(text->block = gb_array(BLOCK, 1, err)) ||
	    (status = gb_output_open(&text->output, path, false, err)) != GB_OK) {
		gb_text_free(text);
		return status;
	}
	*out = text;
	return GB_OK;
}

void gb_text_print(gb_text *text, const char *format, ...)
{
	va_list args;
	char *line = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0) {
		if (text->status == GB_OK)
			text->status = gb_fail(&text->err, GB_SYSTEM, "out of memory");
		return;
	}
	if (text->used + (size_t)length > BLOCK)
		flush(text);
	if ((size_t)length > BLOCK) {
		if (text->status == GB_OK)
			text->status = gb_output_write(&text->output, line, (size_t)length, &text->err);
	} else {
		memcpy(text->block + text->used, line, (size_t)length);
		text->used += (size_t)length;
	}
	free(line);
}

gb_status gb_text_commit(gb_text *text, gb_err *err)
{
	gb_status status;

	flush(text);
	status = text->status;
	if (status == GB_OK)
		status = gb_output_commit(&text->output, err);
	else if (err)
		*err = text->err;
	gb_text_free(text);
	return status;
}

void gb_text_free(gb_text *text)
{
	if (!text)
		return;
	gb_output_abort(&text->output);
	free(text->block);
	free(text);
}
