/* SPDX-License-Identifier: MIT */
/* inspect_health.h: whether the weights of a checkpoint are sound. */
#ifndef GB_INSPECT_INSPECT_HEALTH_H
#define GB_INSPECT_INSPECT_HEALTH_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

#define GB_HEALTH_LIMIT 1e6

/* Look for NaN, Inf, rows of weights that are all 0 (dead units), and values beyond GB_HEALTH_LIMIT in a checkpoint.
 * GB_NO if there are any. */
GB_CHECK gb_status gb_inspect_health(FILE *out, gb_tensor_file *file, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
