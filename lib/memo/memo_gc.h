/* SPDX-License-Identifier: MIT */
/* memo_gc.h: what old results and killed runs leave behind. */
#ifndef GB_MEMO_MEMO_GC_H
#define GB_MEMO_MEMO_GC_H

#include "base/status.h"

GB_BEGIN_DECLS

/* What gc removes or names. */
typedef struct gb_litter {
	const char *what;   /* "entry", "temporary", "leftover" */
	const char *action; /* "removed", "to remove", "named" */
	char *path;
	uint64_t bytes;
	double days;        /* since it was used or changed */
} gb_litter;

/* Remove entries not used for DAYS, and what killed runs left in the store; name what
 * killed tools left in FOLDERS (".NAME.XXXXXX", files or folders; they are not removed:
 * a tool may be writing them).  DRY: remove nothing. */
GB_CHECK gb_status gb_store_collect(const char *store, double days, bool dry, const char *const *folder,
                                    size_t folders, gb_litter **litter, size_t *count, gb_err *err);
void gb_litter_free(gb_litter *litter, size_t count);

GB_END_DECLS
#endif
