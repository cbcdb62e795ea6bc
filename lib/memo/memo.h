/* SPDX-License-Identifier: MIT */
/* memo.h: run a command once for what goes into it. */
#ifndef GB_MEMO_MEMO_H
#define GB_MEMO_MEMO_H

#include "base/pool.h"
#include "io/hash.h"
#include "io/json.h"

GB_BEGIN_DECLS

typedef struct gb_memo {
	const char *store;
	char *const *command;  /* "gb-tool", its arguments, NULL */
	const char *out;       /* path, or NULL for standard output */
	const char *path;      /* where programs are searched: "/usr/bin:…" */
	const char *const *variable; /* "GB_ENCODEC=/x/y", …, NULL: what tools read beside arguments */
} gb_memo;

typedef enum gb_memo_outcome { GB_MEMO_FOUND, GB_MEMO_MADE, GB_MEMO_NOT_KEPT } gb_memo_outcome;

/* Deliver to OUT what the command makes: from the store, or by running it with -o.
 * A command that fails ends with its own status and leaves ERR's text empty: it has
 * said why.  NOT_KEPT: its result records an input that the key does not cover;
 * *UNNAMED (released with free()) is its name.
 * GB_USAGE: no gb- program, -o among its arguments, standard input. */
GB_CHECK gb_status gb_memo_run(const gb_memo *memo, gb_memo_outcome *outcome, char key[GB_HASH_TEXT],
                               char **unnamed, gb_err *err);

GB_END_DECLS
#endif
