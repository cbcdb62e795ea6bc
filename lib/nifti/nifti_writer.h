/* SPDX-License-Identifier: MIT */
/* nifti_writer.h: writing NIfTI images: float32 or uint8, gzip'd when the name ends
 * in .gz, whole or not at all.  The same bytes for the same values.
 *
 *   open → volume… → commit → free */
#ifndef GB_NIFTI_NIFTI_WRITER_H
#define GB_NIFTI_NIFTI_WRITER_H

#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

typedef struct gb_nifti_writer gb_nifti_writer;

/* PATH or "-"/NULL; VOLUMES 0 makes a 3-D image.  DESCRIPTION (≤ 79 bytes) goes
 * into the header, NULL for none. */
GB_CHECK gb_status gb_nifti_writer_open(gb_nifti_writer **writer, const char *path,
                                        const gb_nifti_geometry *geometry, int64_t volumes, gb_rational tr,
                                        const char *description, gb_err *err);
/* The next volume, float32: VALUE [mask->voxels] at the mask's voxels, 0 elsewhere. */
GB_CHECK gb_status gb_nifti_writer_volume(gb_nifti_writer *writer, const gb_nifti_mask *mask,
                                          const float *value, gb_err *err);
/* GB_DATA if volumes are missing. */
GB_CHECK gb_status gb_nifti_writer_commit(gb_nifti_writer *writer, gb_err *err);
void gb_nifti_writer_free(gb_nifti_writer *writer); /* accepts NULL; aborts what was not committed */

/* A mask as a 3-D uint8 image. */
GB_CHECK gb_status gb_nifti_mask_write(const char *path, const gb_nifti_mask *mask, gb_err *err);

GB_END_DECLS
#endif
