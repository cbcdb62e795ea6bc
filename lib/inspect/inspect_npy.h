/* SPDX-License-Identifier: MIT */
/* inspect_npy.h: tensors as NumPy files. */
#ifndef GB_INSPECT_INSPECT_NPY_H
#define GB_INSPECT_INSPECT_NPY_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* Write each tensor, or TENSOR alone, as FOLDER/NAME.npy; BF16 becomes float32. */
GB_CHECK gb_status gb_inspect_npy(gb_tensor_file *file, const char *tensor, const char *folder, gb_err *err);

GB_END_DECLS
#endif
