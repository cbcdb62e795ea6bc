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
#include "nifti/nifti_mask.h"

GB_BEGIN_DECLS

typedef struct gb_nifti gb_nifti;

/* PATH: an image, either half of a pair, or "-".  Reads the header only. */
GB_CHECK gb_status gb_nifti_open(gb_nifti **image, const char *path, gb_err *err);
void gb_nifti_close(gb_nifti *image); /* accepts NULL */
const gb_nifti_header *gb_nifti_header_of(const gb_nifti *image);
const char *gb_nifti_name(const gb_nifti *image);
const char *gb_nifti_data_path(const gb_nifti *image); /* the .img of a pair, else NULL */

/* Volumes FIRST … END−1. */
typedef struct gb_volumes {
	int64_t first, end;
} gb_volumes;

/* Read VOLUMES at the mask's voxels into OUT [volumes, voxels], a buffer of ROOM bytes.  FINITE: a NaN or
 * Inf is GB_DATA, naming voxel and volume.  The whole file is read, so that a gzip trailer is always
 * checked.  With the room that gb_nifti_gather_buffer asks for, the file is inflated into the far end of
 * OUT and the rows are written behind the point of reading: memory is touched for the first time only
 * once, which costs as much as a pass over it. */
GB_CHECK gb_status gb_nifti_gather(gb_nifti *image, const gb_nifti_mask *mask, gb_volumes volumes, float *out,
                                   size_t room, bool finite, gb_pool *pool, gb_err *err);
/* Bytes; at least the rows themselves.  0: more than a size can hold. */
size_t gb_nifti_gather_buffer(const gb_nifti *image, const gb_nifti_mask *mask, gb_volumes volumes);

/* Temporal standard deviation (population) of every voxel of the grid; 0 where
 * any value is not finite. */
GB_CHECK gb_status gb_nifti_deviation(gb_nifti *image, double *deviation, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
