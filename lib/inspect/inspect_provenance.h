/* SPDX-License-Identifier: MIT */
/* inspect_provenance.h: the tree of commands and inputs that made a file. */
#ifndef GB_INSPECT_INSPECT_PROVENANCE_H
#define GB_INSPECT_INSPECT_PROVENANCE_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* The tree of commands and inputs that made FILE, as far as the tensor files
 * in FOLDERS (of COUNT paths) hold it. */
GB_CHECK gb_status gb_inspect_provenance(FILE *out, const gb_tensor_file *file, const char *const *folders,
                                         int count, gb_err *err);

GB_END_DECLS
#endif
