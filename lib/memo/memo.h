/* SPDX-License-Identifier: MIT */
/* memo.h: run a command once for what goes into it.
 *
 * The key is over the program's bytes, its shared libraries (name, size, time), the processor class, the
 * arguments without -j -q -v, and the content of every file or folder that an argument names (whole, or after
 * "="), of a NIfTI's sidecar and pair, and of the files that variables name. */
#ifndef GB_MEMO_MEMO_H
#define GB_MEMO_MEMO_H

#include "base/pool.h"
#include "io/hash.h"
#include "io/json.h"

GB_BEGIN_DECLS

typedef struct gb_memo_key {
	char text[GB_HASH_TEXT];
	char *program;         /* path */
	gb_json *about;        /* what went into the key: program, class, command, extension */
	char **known;          /* hashes and ids of all content, as text */
	size_t knowns;
	int64_t newest;        /* seconds since 1970: the newest of the inputs and the program */
} gb_memo_key;

typedef struct gb_memo {
	const char *store;
	char *const *command;  /* "gb-tool", its arguments, NULL */
	const char *out;       /* path, or NULL for standard output */
	const char *path;      /* where programs are searched: "/usr/bin:…" */
	const char *const *variable; /* "GB_ENCODEC=/x/y", …, NULL: what tools read beside arguments */
} gb_memo;

typedef enum gb_memo_outcome { GB_MEMO_FOUND, GB_MEMO_MADE, GB_MEMO_NOT_KEPT } gb_memo_outcome;

/* GB_USAGE: no gb- program, -o among its arguments, standard input. */
GB_CHECK gb_status gb_memo_key_of(const gb_memo *memo, gb_memo_key *key, gb_err *err);
void gb_memo_key_clear(gb_memo_key *key);

/* Deliver to OUT what the command makes: from the store, or by running it with -o.
 * A command that fails ends with its own status and leaves ERR's text empty: it has
 * said why.  NOT_KEPT: its result records an input that the key does not cover;
 * *UNNAMED (released with free()) is its name. */
GB_CHECK gb_status gb_memo_run(const gb_memo *memo, gb_memo_outcome *outcome, char key[GB_HASH_TEXT],
                               char **unnamed, gb_err *err);

GB_END_DECLS
#endif
