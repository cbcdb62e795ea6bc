/* SPDX-License-Identifier: MIT */
/* nifti_mask.h: a set of voxels of a grid. */
#ifndef GB_NIFTI_NIFTI_MASK_H
#define GB_NIFTI_NIFTI_MASK_H

#include "nifti/geometry.h"

GB_BEGIN_DECLS

typedef struct gb_nifti gb_nifti; /* nifti_image.h */

typedef struct gb_nifti_mask {
	gb_nifti_geometry geometry;
	size_t grid, voxels;  /* of the grid; in the mask */
	uint8_t *inside;      /* [grid] 0 or 1 */
	size_t runs;          /* stretches of neighbours in file order */
	struct gb_nifti_stretch { size_t first, count; } *run;
} gb_nifti_mask;

/* The voxels above 0 of the 3-D image PATH; GB_DATA when there are none. */
GB_CHECK gb_status gb_nifti_mask_load(gb_nifti_mask *mask, const char *path, gb_err *err);
GB_CHECK gb_status gb_nifti_mask_all(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, gb_err *err);
/* INSIDE [grid] is copied. */
GB_CHECK gb_status gb_nifti_mask_make(gb_nifti_mask *mask, const gb_nifti_geometry *geometry,
                                      const uint8_t *inside, gb_err *err);
void gb_nifti_mask_clear(gb_nifti_mask *mask);
/* GB_DATA, naming both grids, when IMAGE has another one. */
GB_CHECK gb_status gb_nifti_mask_fits(const gb_nifti_mask *mask, const char *mask_name, const gb_nifti *image,
                                      gb_err *err);

GB_END_DECLS
#endif
