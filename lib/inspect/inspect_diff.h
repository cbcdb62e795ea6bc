/* SPDX-License-Identifier: MIT */
/* inspect_diff.h: where two files differ. */
#ifndef GB_INSPECT_INSPECT_DIFF_H
#define GB_INSPECT_INSPECT_DIFF_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* Do two files hold the same?  |a − b| ≤ ATOL + RTOL·|b|, NaN equals NaN;
 * shapes, types and what is said of each tensor count, who made it does not.
 * A line a tensor with its worst element; GB_NO if they differ. */
GB_CHECK gb_status gb_inspect_diff(FILE *out, gb_tensor_file *a, gb_tensor_file *b, const char *tensor,
                                   double rtol, double atol, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
