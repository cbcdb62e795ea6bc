/* SPDX-License-Identifier: MIT */
/* inspect.h: what all views of a tensor file share.
 *
 * Everything is written to a stream of the caller's.  Tensors read in full are
 * verified first.  TENSOR NULL means all of the file. */
#ifndef GB_INSPECT_INSPECT_H
#define GB_INSPECT_INSPECT_H

#include <stdio.h>

#include "base/pool.h"
#include "plot/canvas.h"
#include "tensor/tensor_file.h"
#endif
