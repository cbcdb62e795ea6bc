/* SPDX-License-Identifier: MIT */
/* status.h: what a function that can fail returns, and how it says why.
 *
 * The numbers are the exit codes of the tools.  A function that can fail is
 * marked GB_CHECK, returns a gb_status and fills the caller's gb_err with one
 * line: the object first, then the value found, then the value wanted
 * ("movie.mp4: video stream: frame 812 has no timestamp").  Nothing in the
 * library prints, exits, aborts or reads the environment. */
#ifndef GB_BASE_STATUS_H
#define GB_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define GB_BEGIN_DECLS extern "C" {
#define GB_END_DECLS }
#else
#define GB_BEGIN_DECLS
#define GB_END_DECLS
#endif
#define GB_CHECK __attribute__((warn_unused_result))
#define GB_PRINTF(f, a) __attribute__((format(printf, f, a)))

GB_BEGIN_DECLS

typedef enum gb_status {
	GB_OK = 0,     /* done */
	GB_NO = 1,     /* the answer is no: differs, unhealthy, diverged */
	GB_USAGE = 2,  /* wrong command line, or an input that cannot be opened */
	GB_DATA = 3,   /* content is not what it should be */
	GB_SYSTEM = 4  /* the machine lacks something: weights, device, memory, disk */
} gb_status;

typedef struct gb_err {
	gb_status status;
	char text[1024]; /* one line, no newline, control characters replaced */
} gb_err;

/* Fill ERR (may be NULL) and return STATUS, so that callers can write
 * `return gb_fail(err, GB_DATA, "%s: …", path)`. */
gb_status gb_fail(gb_err *err, gb_status status, const char *format, ...) GB_PRINTF(3, 4);

/* Put "PREFIX: " before the text of ERR (the object that a lower layer could
 * not know) and return its status. */
gb_status gb_fail_in(gb_err *err, const char *format, ...) GB_PRINTF(2, 3);

/* gb_fail with ": " and strerror(ERRNO) at the end. */
gb_status gb_fail_errno(gb_err *err, gb_status status, int errno_value, const char *format, ...)
    GB_PRINTF(4, 5);

/* In a function with a local gb_status STATUS and a label DONE, where what was acquired is released: call,
 * and go there on failure. */
#define GB_TRY(call)                                                                                         \
	do {                                                                                                 \
		if ((status = (call)) != GB_OK)                                                              \
			goto done;                                                                           \
	} while (0)

GB_END_DECLS
#endif
