/* SPDX-License-Identifier: MIT */
/* memo_key.h: the key of a command: a hash of all that goes into it.
 *
 * The key is over the program's bytes, its shared libraries (name, size, time), the processor class, the
 * arguments without -j -q -v, and the content of every file or folder that an argument names (whole, or after
 * "="), of a NIfTI's sidecar and pair, and of the files that variables name. */
#ifndef GB_MEMO_MEMO_KEY_H
#define GB_MEMO_MEMO_KEY_H

#include "memo/memo.h"

GB_BEGIN_DECLS

typedef struct gb_memo_key {
	char text[GB_HASH_TEXT];
	char *program;         /* path */
	gb_json *about;        /* what went into the key: program, class, command, extension */
	char **known;          /* hashes and ids of all content, as text */
	size_t knowns;
	int64_t newest;        /* seconds since 1970: the newest of the inputs and the program */
} gb_memo_key;

/* GB_USAGE: no gb- program, -o among its arguments, standard input. */
GB_CHECK gb_status gb_memo_key_of(const gb_memo *memo, gb_memo_key *key, gb_err *err);
void gb_memo_key_clear(gb_memo_key *key);

GB_END_DECLS
#endif
