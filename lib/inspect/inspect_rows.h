/* SPDX-License-Identifier: MIT */
/* inspect_rows.h: rows of a tensor as tab-separated values. */
#ifndef GB_INSPECT_INSPECT_ROWS_H
#define GB_INSPECT_INSPECT_ROWS_H

#include <stdio.h>

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* Rows FIRST … END−1 along axis 0, below a header line.  A tensor that holds a JSON array gives its entries.
 * TENSOR NULL: the only one of FILE. */
GB_CHECK gb_status gb_inspect_rows(FILE *out, gb_tensor_file *file, const char *tensor, int64_t first,
                                   int64_t end, gb_err *err);

GB_END_DECLS
#endif
