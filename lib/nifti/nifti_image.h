/* SPDX-License-Identifier: MIT */
/* nifti_image.h: reading NIfTI images: .nii, .nii.gz, .hdr/.img pairs, both
 * versions, both byte orders, every real type.
 *
 * A value is slope · stored + intercept in double, rounded once to float: what
 * nibabel's get_fdata gives, as float32.  Voxels are numbered in file order,
 * x fastest. */
#ifndef GB_NIFTI_NIFTI_IMAGE_H
#define GB_NIFTI_NIFTI_IMAGE_H

#include "base/pool.h"
#include "nifti/nifti_header.h"

GB_BEGIN_DECLS

typedef struct gb_nifti gb_nifti;

/* PATH: an image, either half of a pair, or "-".  Reads the header only. */
GB_CHECK gb_status gb_nifti_open(gb_nifti **image, const char *path, gb_err *err);
void gb_nifti_close(gb_nifti *image); /* accepts NULL */
const gb_nifti_header *gb_nifti_header_of(const gb_nifti *image);
const char *gb_nifti_name(const gb_nifti *image);
const char *gb_nifti_data_path(const gb_nifti *image); /* the .img of a pair, else NULL */

/* A set of voxels of a grid. */
typedef struct gb_nifti_mask {
	gb_nifti_geometry geometry;
	size_t grid, voxels;  /* of the grid; in the mask */
	uint8_t *inside;      /* [grid] 0 or 1 */
	size_t runs;          /* stretches of neighbours in file order */
	struct gb_nifti_stretch { size_t first, count; } *run;
} gb_nifti_mask;

/* Voxels above 0 of the 3-D image PATH; GB_DATA when there are none. */
GB_CHECK gb_status gb_nifti_mask_load(gb_nifti_mask *mask, const char *path, gb_err *err);
GB_CHECK gb_status gb_nifti_mask_all(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, gb_err *err);
/* INSIDE [grid] is copied. */
GB_CHECK gb_status gb_nifti_mask_make(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, const uint8_t *inside,
                                      gb_err *err);
void gb_nifti_mask_clear(gb_nifti_mask *mask);
/* GB_DATA with both grids when IMAGE has another one. */
GB_CHECK gb_status gb_nifti_mask_fits(const gb_nifti_mask *mask, const char *mask_name, const gb_nifti *image,
                                      gb_err *err);

/* Volumes FIRST … END−1 at the mask's voxels into OUT [END−FIRST, voxels], of
 * ROOM bytes.  FINITE: a NaN or Inf is GB_DATA, naming voxel and volume.  The
 * whole file is read, so that a gzip trailer is always checked.  With the room
 * that gb_nifti_gather_buffer names, the file is inflated into the far end of OUT
 * and the rows follow behind the reading: fresh memory, which costs as much as
 * a pass over it, is taken once. */
GB_CHECK gb_status gb_nifti_gather(gb_nifti *image, const gb_nifti_mask *mask, int64_t first, int64_t end, float *out,
                                   size_t room, bool finite, gb_pool *pool, gb_err *err);
/* At least the rows themselves; 0: past what a size can hold. */
size_t gb_nifti_gather_buffer(const gb_nifti *image, const gb_nifti_mask *mask, int64_t first, int64_t end);

/* Temporal standard deviation (population) of every voxel of the grid; 0 where
 * any value is not finite. */
GB_CHECK gb_status gb_nifti_deviation(gb_nifti *image, double *deviation, gb_pool *pool, gb_err *err);

/* convert.c: COUNT values from element FIRST of the stored DATA. */
void gb_nifti_convert(const gb_nifti_header *header, const uint8_t *data, size_t first, size_t count, float *out);

GB_END_DECLS
#endif
