/* SPDX-License-Identifier: MIT */
/* source_internal.h: an image's stored volumes, block by block.  Private to lib/nifti. */
#ifndef GB_NIFTI_SOURCE_INTERNAL_H
#define GB_NIFTI_SOURCE_INTERNAL_H

#include "io/file.h"
#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

struct gb_nifti {
	gb_nifti_header header;
	gb_input head, data; /* data: the .img of a pair, else unused */
	char *name, *data_path;
};

/* COUNT whole volumes from volume FIRST on, as stored, at RAW. */
typedef gb_status gb_nifti_visit(void *context, const uint8_t *raw, int64_t first, int64_t count,
                                 gb_pool *pool, gb_err *err);

/* Can the file hold what its header promises?  GB_DATA if not; checked once, at open. */
GB_CHECK gb_status gb_nifti_check_size(const gb_nifti *image, gb_err *err);

/* Bytes that a file is inflated to at once; 0 where it is read in place or in blocks. */
size_t gb_nifti_whole(const gb_nifti *image);

/* Visit all volumes in order.  Up to 512 MB inflated at once (into WHOLE
 * [gb_nifti_whole], or into memory of its own if NULL), more in two
 * alternating blocks, the next of which a thread of its own inflates while
 * this one is visited (with -j1 nothing overlaps). */
GB_CHECK gb_status gb_nifti_each(gb_nifti *image, uint8_t *whole, gb_nifti_visit *visit, void *context,
                                 gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
