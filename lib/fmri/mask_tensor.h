/* SPDX-License-Identifier: MIT */
/* mask_tensor.h: a mask as the tensor `bold.mask`: U8 [x, y, z] row-major, with
 * its affine and space.  Voxels stay numbered in file order, x fastest. */
#ifndef GB_FMRI_MASK_TENSOR_H
#define GB_FMRI_MASK_TENSOR_H

#include "tensor/tensor_writer.h"
#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

/* Declare NAME ("bold.mask") before begin; fill it after. */
GB_CHECK gb_status gb_mask_tensor_add(gb_tensor_writer *writer, const char *name, const gb_nifti_mask *mask,
                                      gb_err *err);
GB_CHECK gb_status gb_mask_tensor_put(gb_tensor_writer *writer, const char *name, const gb_nifti_mask *mask,
                                      gb_err *err);
/* Read it back; a mask without affine gets the unit one. */
GB_CHECK gb_status gb_mask_tensor_read(gb_nifti_mask *mask, gb_tensor_file *file, const char *name,
                                       gb_err *err);
/* Whether both files' NAME hold the same voxels of one grid (as gb_nifti_geometry_same), or both lack it. */
GB_CHECK gb_status gb_mask_tensor_same(gb_tensor_file *a, gb_tensor_file *b, const char *name, bool *same,
                                       gb_err *err);

GB_END_DECLS
#endif
