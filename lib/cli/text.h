/* SPDX-License-Identifier: MIT */
/* text.h: text results of a tool. */
#ifndef GB_CLI_TEXT_H
#define GB_CLI_TEXT_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Text results: to -o's file (whole or not at all), or stdout. */
typedef struct gb_text gb_text;
GB_CHECK gb_status gb_text_open(gb_text **text, const char *out, gb_err *err);
void gb_text_print(gb_text *text, const char *format, ...) GB_PRINTF(2, 3);
GB_CHECK gb_status gb_text_commit(gb_text *text, gb_err *err); /* also frees */
void gb_text_free(gb_text *text);                             /* aborts; accepts NULL */

GB_END_DECLS
#endif
