/* SPDX-License-Identifier: MIT */
/* audit.h: is every byte of a data set, or of a tensor file, still what was written? */
#ifndef GB_DATASET_AUDIT_H
#define GB_DATASET_AUDIT_H

#include "base/pool.h"

GB_BEGIN_DECLS

/* PATH: a data set's folder (its index, all members, and that they belong together), or a
 * tensor file.  GB_DATA with what is wrong. */
GB_CHECK gb_status gb_audit(const char *path, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
