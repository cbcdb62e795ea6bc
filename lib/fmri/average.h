/* SPDX-License-Identifier: MIT */
/* average.h: the mean BOLD of several subjects. */
#ifndef GB_FMRI_AVERAGE_H
#define GB_FMRI_AVERAGE_H

#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

/* Write the mean of `bold` over the tensor files PATH[0 … COUNT−1] to OUT, with
 * `bold.valid` (1: valid in every file; other rows are the mean of the files in
 * which they are valid, or 0) and the first file's `bold.mask`.  Sums are in
 * double, in the order given.  GB_DATA when masks, clocks or voxels differ. */
GB_CHECK gb_status gb_average(char *const *path, int count, const char *tool, const gb_json *params,
                              const char *out, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
