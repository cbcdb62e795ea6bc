/* SPDX-License-Identifier: MIT */
/* geometry.h: where an image's voxels lie, over nifti_clib. */
#ifndef GB_NIFTI_GEOMETRY_H
#define GB_NIFTI_GEOMETRY_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_nifti_geometry {
	int64_t size[3];     /* voxels along x, y, z; x is fastest in the file */
	double affine[3][4]; /* voxel indices → millimetres; row 4 is 0 0 0 1 */
	int space;           /* form code: 0 unknown, 1 scanner, 2 aligned, 3 Talairach, 4 MNI, 5 template */
} gb_nifti_geometry;

/* Same grid: sizes equal, corners nearer than a thousandth of a voxel. */
bool gb_nifti_geometry_same(const gb_nifti_geometry *a, const gb_nifti_geometry *b);

/* The quaternion form of an affine and back, as the NIfTI standard defines them; all numbers are finite.
 * PIXDIM[0] is the handedness (−1 or 1), PIXDIM[1 … 3] the voxels' edges in millimetres. */
void gb_nifti_quaternion_to_affine(const double quaternion[3], const double offset[3], const double pixdim[4],
                                   double affine[3][4]);
void gb_nifti_affine_to_quaternion(double affine[3][4], float quaternion[3], float offset[3],
                                   float pixdim[4]);

GB_END_DECLS
#endif
