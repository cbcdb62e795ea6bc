/* SPDX-License-Identifier: MIT */
/* encode.h: the bytes of a new image's header. */
#ifndef GB_NIFTI_ENCODE_H
#define GB_NIFTI_ENCODE_H

#include "nifti/nifti_header.h"

GB_BEGIN_DECLS

/* Fill BYTES with a NIfTI-1 header (352 bytes with the empty extension) and return its length.  Sizes
 * beyond 32767 need a NIfTI-2 header, 544 bytes.  VOLUMES 0: a 3-D image; TR is stored as float32 seconds. */
size_t gb_nifti_header_make(uint8_t bytes[GB_NIFTI_HEADER_MAX], const gb_nifti_geometry *geometry,
                            int64_t volumes, gb_rational tr, gb_nifti_type type);

GB_END_DECLS
#endif
