/* SPDX-License-Identifier: MIT */
/* memo_store.h: a folder of results, each under the key of what made it.
 *
 *   STORE/KEY/about.json, STORE/KEY/out.EXT   an entry; it appears whole or not at all
 *   STORE/KEY.lock                            there, and held (flock), while the entry is made or removed
 *   STORE/.KEY.XXXXXX/                        being made, or left by a process that was killed */
#ifndef GB_MEMO_MEMO_STORE_H
#define GB_MEMO_MEMO_STORE_H

#include "base/pool.h"
#include "io/hash.h"
#include "io/json.h"

GB_BEGIN_DECLS

#define GB_STORE_ABOUT "about.json"

typedef struct gb_store_entry {
	char key[GB_HASH_TEXT];
	char *folder, *file; /* the entry; its result */
	gb_json *about;      /* command, tool, inputs, output {file, bytes, xxh3, id} */
	uint64_t bytes;
	int64_t used;        /* seconds since 1970: made, or last asked for */
} gb_store_entry;

/* *FOUND: the entry is there; else ENTRY is all zero.  An entry that cannot be read is not there. */
GB_CHECK gb_status gb_store_find(const char *store, const char *key, gb_store_entry *entry, bool *found,
                                 gb_err *err);
void gb_store_entry_clear(gb_store_entry *entry);

/* All entries by key; a store that does not exist has none. */
GB_CHECK gb_status gb_store_list(const char *store, gb_store_entry **entries, size_t *count, gb_err *err);
void gb_store_list_free(gb_store_entry *entries, size_t count);

/* Is its result the bytes that were stored? */
GB_CHECK gb_status gb_store_check(const gb_store_entry *entry, bool *good, gb_err *err);

/* Hold the lock of KEY; *DESCRIPTOR −1 when it is taken and WAIT is false.  A killed process lets go of
 * it. */
GB_CHECK gb_status gb_store_lock(const char *store, const char *key, bool wait, int *descriptor, gb_err *err);
void gb_store_unlock(const char *store, const char *key, int descriptor); /* accepts −1 */

GB_END_DECLS
#endif
