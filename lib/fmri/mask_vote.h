/* SPDX-License-Identifier: MIT */
/* mask_vote.h: a group mask by vote of subjects. */
#ifndef GB_FMRI_MASK_VOTE_H
#define GB_FMRI_MASK_VOTE_H

#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

/* The voxels whose temporal standard deviation lies above the PERCENTILE (0 …
 * 100, linear between neighbours) of the subject's non-zero ones, in at least
 * SHARE of the COUNT images.  WITHIN (NULL: everywhere) limits both.  A voxel
 * with a NaN in any volume counts as 0.  GB_DATA when grids differ or no voxel is left. */
GB_CHECK gb_status gb_mask_vote(gb_nifti_mask *mask, char *const *path, int count, double share,
                                double percentile, const char *within, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
