/* SPDX-License-Identifier: MIT */
/* export.h: the weights of a checkpoint as a plain safetensors file. */
#ifndef GB_CHECKPOINT_EXPORT_H
#define GB_CHECKPOINT_EXPORT_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Write the weights of the checkpoint (or run folder) PATH to OUT, without the
 * profile's metadata and without the state of the optimiser. */
GB_CHECK gb_status gb_export_weights(const char *path, const char *out, gb_err *err);

GB_END_DECLS
#endif
