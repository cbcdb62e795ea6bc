/* SPDX-License-Identifier: MIT */
/* region.h: regions of a brain: one byte for each voxel of its mask, 0 or 1. */
#ifndef GB_LESION_REGION_H
#define GB_LESION_REGION_H

#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

/* REGION [voxels of MASK]: voxels above 0 of the NIfTI image at PATH, and how many.  GB_DATA: another
 * grid, no voxel in the mask, or none outside the region. */
GB_CHECK gb_status gb_region_load(const char *path, const gb_nifti_mask *mask, uint8_t *region, size_t *size,
                                  gb_err *err);

/* The SIZE voxels of MASK that a region grown evenly from voxel SEED takes, over faces: REGION [voxels].
 * WHOLE false: the part of the mask around SEED has fewer. */
GB_CHECK gb_status gb_region_grow(const gb_nifti_mask *mask, size_t seed, size_t size, uint8_t *region,
                                  bool *whole, gb_err *err);

GB_END_DECLS
#endif
