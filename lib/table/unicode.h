/* SPDX-License-Identifier: MIT */
/* unicode.h: UTF-8, checked, and the words in it. */
#ifndef GB_TABLE_UNICODE_H
#define GB_TABLE_UNICODE_H

#include "base/status.h"

GB_BEGIN_DECLS

/* The code point at TEXT (LEFT ≥ 1 bytes remain) and its length; length 0 when
 * the bytes are not UTF-8 (overlong forms, surrogates, beyond U+10FFFF). */
uint32_t gb_utf8_decode(const char *text, size_t left, int *length);
/* POINT as 1 to 4 bytes in OUT; returns how many. */
int gb_utf8_encode(uint32_t point, char out[4]);
/* The first byte of TEXT that is not UTF-8 or is NUL; SIZE when all is well. */
size_t gb_utf8_check(const char *text, size_t size);

/* The next word at or after *POSITION of the UTF-8 TEXT, lower-cased, into
 * WORD (ROOM bytes, at least 8; a longer word is cut at a character): a run of
 * letters, marks and apostrophes, [a-z'] in ASCII; an ideograph or hiragana is
 * a word of its own.  Returns its length, 0 at the end of the text. */
size_t gb_word_next(const char *text, size_t size, size_t *position, char *word, size_t room);

GB_END_DECLS
#endif
