/* SPDX-License-Identifier: MIT */
/* temporary.h: the register of temporary files. */
#ifndef GB_IO_TEMPORARY_H
#define GB_IO_TEMPORARY_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Makes the file PATH, which ends in XXXXXX, under a name that nobody has, put in their place, and opens
 * DESCRIPTOR for writing; where that is NULL, a folder of files.  It is remembered until forgotten, and from
 * before it is there: a signal never finds one that it does not know.  Returns the slot, −1 after an error
 * (GB_SYSTEM in ERR, about NAME). gb_temporary_forget does not remove anything. */
int gb_temporary_make(char *path, int *descriptor, const char *name, gb_err *err);
void gb_temporary_forget(int slot);
/* Remove every registered temporary; only async-signal-safe calls. */
void gb_file_cleanup(void);

GB_END_DECLS
#endif
