/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

/* Messages are one line for a terminal: what a file holds must not move the
 * cursor or add lines. */
static void make_one_line(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

gb_status gb_fail(gb_err *err, gb_status status, const char *format, ...)
{
	va_list args;

	if (!err)
		return status;
	err->status = status;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	make_one_line(err->text);
	return status;
}

gb_status gb_fail_in(gb_err *err, const char *format, ...)
{
	char prefix[sizeof err->text], old[sizeof err->text];
	va_list args;

	if (!err)
		return GB_DATA;
	va_start(args, format);
	vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	memcpy(old, err->text, sizeof old);
	snprintf(err->text, sizeof err->text, "%.400s: %.600s", prefix, old);
	make_one_line(err->text);
	return err->status;
}

gb_status gb_fail_errno(gb_err *err, gb_status status, int errno_value, const char *format, ...)
{
	size_t used;
	va_list args;

	if (!err)
		return status;
	err->status = status;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text - 100, format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errno_value));
	make_one_line(err->text);
	return status;
}
