/* SPDX-License-Identifier: MIT */
/* temporary.h: the register of temporary files, private to io/. */
#ifndef GB_IO_TEMPORARY_H
#define GB_IO_TEMPORARY_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Remember PATH, a file or a folder of files, until forgotten; -1 when the register is full (GB_SYSTEM in
 * ERR).  gb_temporary_forget does not remove the file. */
int gb_temporary_remember(const char *path, gb_err *err);
void gb_temporary_forget(int slot);

GB_END_DECLS
#endif
