/* SPDX-License-Identifier: MIT */
/* inspect_provenance.h: how a tensor file was made. */
#ifndef GB_INSPECT_INSPECT_PROVENANCE_H
#define GB_INSPECT_INSPECT_PROVENANCE_H

#include <stdio.h>

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* The tree of commands and inputs behind FILE, as far as the tensor files in FOLDERS [count] tell it. */
GB_CHECK gb_status gb_inspect_provenance(FILE *out, const gb_tensor_file *file, const char *const *folders,
                                         int count, gb_err *err);

GB_END_DECLS
#endif
