/* SPDX-License-Identifier: MIT */
/* inspect_npy.h: each tensor as a .npy file. */
#ifndef GB_INSPECT_INSPECT_NPY_H
#define GB_INSPECT_INSPECT_NPY_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* Each tensor as FOLDER/NAME.npy (BF16 as float32). */
GB_CHECK gb_status gb_inspect_npy(gb_tensor_file *file, const char *tensor, const char *folder, gb_err *err);

GB_END_DECLS
#endif
