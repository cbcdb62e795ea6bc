/* SPDX-License-Identifier: MIT */
/* mask_vote.h: a mask that subjects agree on. */
#ifndef GB_FMRI_MASK_VOTE_H
#define GB_FMRI_MASK_VOTE_H

#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

/* The voxels whose temporal standard deviation lies above the PERCENTILE (0 …
 * 100, linear between neighbours) of the subject's non-zero ones, in at least
 * SHARE of the COUNT images.  WITHIN (NULL: everywhere) limits both.  A voxel
 * that is ever NaN counts as 0.  GB_DATA for different grids or no voxel. */
GB_CHECK gb_status gb_mask_vote(gb_nifti_mask *mask, char *const *path, int count, double share, double percentile,
                                 const char *within, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
