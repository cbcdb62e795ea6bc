/* SPDX-License-Identifier: MIT */
/* convert.h: stored voxels of every type and byte order, as float. */
#ifndef GB_NIFTI_CONVERT_H
#define GB_NIFTI_CONVERT_H

#include "nifti/nifti_header.h"

GB_BEGIN_DECLS

/* OUT [COUNT]: values from element FIRST of the stored DATA on, scaled by the header's slope and
 * intercept. */
void gb_nifti_convert(const gb_nifti_header *header, const uint8_t *data, size_t first, size_t count,
                      float *out);

GB_END_DECLS
#endif
