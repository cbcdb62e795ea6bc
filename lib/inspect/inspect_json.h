/* SPDX-License-Identifier: MIT */
/* inspect_json.h: all that is known of a file as one line of JSON. */
#ifndef GB_INSPECT_INSPECT_JSON_H
#define GB_INSPECT_INSPECT_JSON_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* One line of JSON; with STATS also gb_tensor_stats of each tensor. */
GB_CHECK gb_status gb_inspect_json(FILE *out, gb_tensor_file *file, bool stats, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
