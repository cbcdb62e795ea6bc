/* SPDX-License-Identifier: MIT */
/* size.h: checked arithmetic on sizes, and allocation that uses it.
 *
 * Every size that comes from a file passes through these before use. */
#ifndef GB_BASE_SIZE_H
#define GB_BASE_SIZE_H

#include "base/status.h"

GB_BEGIN_DECLS

/* *OUT = A op B; false (and *OUT unspecified) when it does not fit. */
static inline bool gb_size_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool gb_size_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* COUNT zeroed elements of SIZE bytes, 64-byte aligned, to be released with
 * free(); never NULL for COUNT 0.  On overflow or lack of memory NULL, ERR
 * filled with status GB_SYSTEM. */
GB_CHECK void *gb_array(size_t count, size_t size, gb_err *err);

/* *POINTER (a pointer variable's address) grown to COUNT elements; new bytes
 * are not cleared; on failure the old block stays.  Not for gb_array blocks
 * that need their alignment kept. */
GB_CHECK gb_status gb_grow(void *pointer, size_t count, size_t size, gb_err *err);

/* strdup, and printf into a new string; released with free(). */
GB_CHECK char *gb_string(const char *text, gb_err *err);
GB_CHECK char *gb_format(gb_err *err, const char *format, ...) GB_PRINTF(2, 3);

GB_END_DECLS
#endif
