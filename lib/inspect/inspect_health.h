/* SPDX-License-Identifier: MIT */
/* inspect_health.h: whether the weights of a checkpoint are sound. */
#ifndef GB_INSPECT_INSPECT_HEALTH_H
#define GB_INSPECT_INSPECT_HEALTH_H

#include <stdio.h>

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

#define GB_HEALTH_LIMIT 1e6 /* larger magnitudes count as huge */

/* A table of NaN, Inf, huge values and dead units (rows of weights that are all 0) in each tensor of numbers.
 * GB_NO: there are any. */
GB_CHECK gb_status gb_inspect_health(FILE *out, gb_tensor_file *file, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
