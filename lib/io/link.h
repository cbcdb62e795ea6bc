/* SPDX-License-Identifier: MIT */
/* link.h: the same file under a second name. */
#ifndef GB_IO_LINK_H
#define GB_IO_LINK_H

#include "base/status.h"

GB_BEGIN_DECLS

/* TO becomes another name of FROM, or, on another disk, a copy; in one step. */
GB_CHECK gb_status gb_file_link(const char *from, const char *to, gb_err *err);

GB_END_DECLS
#endif
