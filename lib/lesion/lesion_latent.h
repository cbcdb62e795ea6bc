/* SPDX-License-Identifier: MIT */
/* lesion_latent.h: a lesion of the bottleneck z: what the model shares between a region and everything else.
 *
 * From the stimulus, voxels are outputs, and ablating one changes nothing else.  Instead, the directions of z
 * that the region's head reads are held at their mean over the train rows, and everything is decoded from the
 * remaining z.  The head reads h·M_f·z for each voxel and each filter f of the brain kernel.  The directions
 * span the principal components of all these values over the train rows, as many as have GB_LATENT_SHARE of
 * their variance (voxels and filters count alike).  As many directions are removed for each random region. */
#ifndef GB_LESION_LESION_LATENT_H
#define GB_LESION_LESION_LATENT_H

#include "lesion/lesion.h"

GB_BEGIN_DECLS

#define GB_LATENT_SHARE 0.95

/* Scores BOLD, where the brain was scored, and the tensors decoded through the bottleneck.  r of each
 * voxel is written to r_latent_lesion.nii.gz in the brain's folder.  GB_DATA: the set has no train rows,
 * or the head reads nothing. */
GB_CHECK gb_status gb_lesion_latent(gb_lesion *lesion, const gb_lesion_options *options, gb_err *err);

GB_END_DECLS
#endif
