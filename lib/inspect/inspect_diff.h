/* SPDX-License-Identifier: MIT */
/* inspect_diff.h: whether two tensor files hold the same. */
#ifndef GB_INSPECT_INSPECT_DIFF_H
#define GB_INSPECT_INSPECT_DIFF_H

#include <stdio.h>

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

typedef struct gb_tolerance { double relative, absolute; } gb_tolerance;

/* Values are the same where |a − b| ≤ absolute + relative·|b|; NaN equals NaN.  Shapes, types and attributes
 * count; the tool that made a file does not.  Writes a line for each tensor, with its worst element.  TENSOR
 * NULL: all.  GB_NO: the files differ. */
GB_CHECK gb_status gb_inspect_diff(FILE *out, gb_tensor_file *a, gb_tensor_file *b, const char *tensor,
                                   gb_tolerance tolerance, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
