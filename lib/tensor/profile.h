/* SPDX-License-Identifier: MIT */
/* profile.h: what gbt/1 adds to the container, as reader and writer share it.
 * Private to meta/. */
#ifndef GB_TENSOR_PROFILE_H
#define GB_TENSOR_PROFILE_H

#include "io/hash.h"
#include "tensor/container.h"

GB_BEGIN_DECLS

#define GB_FORMAT "gbt/1"
#define GB_TRAILER "gbt.xxh3" /* U8 [1 + tensors, 16], last in the file */

/* The identity of a computation: XXH3-128 over the canonical JSON
 * {"inputs": PROFILE's without names, "params", "tensors": PROFILE's with each
 * tensor's dtype and shape, "tool"}.  TENSOR: COUNT tensors without trailer. */
GB_CHECK gb_status gb_profile_identity(const gb_json *profile, const gb_tensor *tensor, size_t count,
                                       char id[GB_HASH_TEXT], gb_err *err);

GB_END_DECLS
#endif
