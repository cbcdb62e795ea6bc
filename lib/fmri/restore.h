/* SPDX-License-Identifier: MIT */
/* restore.h: an image from a tensor of voxels. */
#ifndef GB_FMRI_RESTORE_H
#define GB_FMRI_RESTORE_H

#include "tensor/tensor_file.h"
#include "nifti/nifti_writer.h"

GB_BEGIN_DECLS

/* Write TENSOR of FILE ([rows, voxels] with a clock: 4-D; [voxels]: 3-D) to OUT
 * in the geometry of its mask tensor (TENSOR.mask, else bold.mask).
 * DENORMALISE adds back the mean, SD and trend that were removed from `bold`. */
GB_CHECK gb_status gb_nifti_restore(gb_tensor_file *file, const char *tensor, bool denormalise,
                                    const char *out, gb_err *err);

GB_END_DECLS
#endif
