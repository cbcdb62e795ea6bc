/* SPDX-License-Identifier: MIT */
/* provenance.h: the tree of commands and inputs that made a tensor file. */
#ifndef GB_MEMO_PROVENANCE_H
#define GB_MEMO_PROVENANCE_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef void gb_provenance_line(void *context, int depth, const char *text);

/* Call LINE for PATH (a tensor file, or a data set) and, one deeper, for each of its
 * inputs, and so on.  Inputs that are tensor files are looked for, by id, beside
 * PATH, in FOLDERS and in STORE; what is not found is a line that says so. */
GB_CHECK gb_status gb_provenance(const char *path, const char *const *folder, size_t folders,
                                 const char *store, gb_provenance_line *line, void *context, gb_err *err);

GB_END_DECLS
#endif
