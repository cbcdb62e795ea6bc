/* SPDX-License-Identifier: MIT */
#include "nifti/geometry.h"

#include <math.h>
#include <nifti1_io.h>

void gb_nifti_quaternion_to_affine(const double q[3], const double offset[3], const double pixdim[4],
                                   double affine[3][4])
{
	mat44 m = nifti_quatern_to_mat44((float)q[0], (float)q[1], (float)q[2], (float)offset[0],
	                                 (float)offset[1], (float)offset[2], (float)pixdim[1],
	                                 (float)pixdim[2], (float)pixdim[3], pixdim[0] < 0 ? -1.0f : 1.0f);

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 4; j++)
			affine[i][j] = (double)m.m[i][j];
}

void gb_nifti_affine_to_quaternion(double affine[3][4], float q[3], float offset[3], float pixdim[4])
{
	mat44 m = {{{0}}};

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 4; j++)
			m.m[i][j] = (float)affine[i][j];
	m.m[3][3] = 1;
	nifti_mat44_to_quatern(m, &q[0], &q[1], &q[2], &offset[0], &offset[1], &offset[2], &pixdim[1],
	                       &pixdim[2], &pixdim[3], &pixdim[0]);
}

bool gb_nifti_geometry_same(const gb_nifti_geometry *a, const gb_nifti_geometry *b)
{
	for (int i = 0; i < 3; i++)
		if (a->size[i] != b->size[i])
			return false;
	for (int corner = 0; corner < 8; corner++) {
		double far = 0, edge = 0;

		for (int i = 0; i < 3; i++) {
			double d = a->affine[i][3] - b->affine[i][3];

			for (int j = 0; j < 3; j++) {
				if (corner >> j & 1)
					d += (a->affine[i][j] - b->affine[i][j]) * (double)(a->size[j] - 1);
				edge += a->affine[i][j] * a->affine[i][j] / 3;
			}
			far += d * d;
		}
		if (!(sqrt(far) <= 1e-3 * sqrt(edge)))
			return false;
	}
	return true;
}
