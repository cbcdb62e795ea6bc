/* SPDX-License-Identifier: MIT */
/* inspect_json.h: the tensors of a file and its profile as one line of JSON. */
#ifndef GB_INSPECT_INSPECT_JSON_H
#define GB_INSPECT_INSPECT_JSON_H

#include <stdio.h>

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* With STATS each tensor has its gb_tensor_stats. */
GB_CHECK gb_status gb_inspect_json(FILE *out, gb_tensor_file *file, bool stats, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
