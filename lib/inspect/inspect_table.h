/* SPDX-License-Identifier: MIT */
/* inspect_table.h: the tensors of a file and its profile as an aligned table. */
#ifndef GB_INSPECT_INSPECT_TABLE_H
#define GB_INSPECT_INSPECT_TABLE_H

#include <stdio.h>

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

GB_CHECK gb_status gb_inspect_table(FILE *out, const gb_tensor_file *file, gb_err *err);

GB_END_DECLS
#endif
