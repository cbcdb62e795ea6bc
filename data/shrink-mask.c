/* SPDX-License-Identifier: MIT */
/* shrink-mask IN.nii.gz FACTOR OUT.nii.gz: a brain on a fine grid as a mask on
 * a coarse one: a coarse voxel is kept if half of its fine ones are above 0.
 * For the demo only; gb-fmri-hrf mask makes masks from scans. */
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "nifti/nifti_writer.h"

static gb_status shrink(const gb_nifti_mask *fine, int factor, gb_nifti_mask *coarse, gb_err *err)
{
	gb_nifti_geometry g = fine->geometry;
	int64_t size[3];
	uint8_t *inside;
	gb_status status;

	for (int axis = 0; axis < 3; axis++) {
		size[axis] = g.size[axis] / factor;
		g.size[axis] = size[axis];
	}
	/* The centre of the first block, and steps FACTOR times as long. */
	for (int row = 0; row < 3; row++)
		for (int axis = 0; axis < 3; axis++) {
			g.affine[row][3] += g.affine[row][axis] * (factor - 1) / 2.0;
			g.affine[row][axis] *= factor;
		}
	if (!(inside = gb_array((size_t)(size[0] * size[1] * size[2]), 1, err)))
		return GB_SYSTEM;
	for (int64_t z = 0; z < size[2]; z++)
		for (int64_t y = 0; y < size[1]; y++)
			for (int64_t x = 0; x < size[0]; x++) {
				int count = 0;
				for (int64_t k = 0; k < factor * factor * factor; k++) {
					int64_t fx = x * factor + k % factor,
						fy = y * factor + k / factor % factor,
						fz = z * factor + k / factor / factor;
					count += fine->inside[(fz * fine->geometry.size[1] + fy) *
					                          fine->geometry.size[0] +
					                      fx];
				}
				inside[(z * size[1] + y) * size[0] + x] = 2 * count >=
				                                          factor * factor * factor;
			}
	status = gb_nifti_mask_make(coarse, &g, inside, err);
	free(inside);
	return status;
}

int main(int argc, char **argv)
{
	gb_nifti_mask fine = {0}, coarse = {0};
	gb_err err = {GB_OK, ""};
	int factor = argc == 4 ? atoi(argv[2]) : 0;
	gb_status status;

	if (factor < 1 || factor > 64) {
		fprintf(stderr, "usage: shrink-mask IN.nii.gz FACTOR OUT.nii.gz\n");
		return GB_USAGE;
	}
	if ((status = gb_nifti_mask_load(&fine, argv[1], &err)) == GB_OK &&
	    (status = shrink(&fine, factor, &coarse, &err)) == GB_OK)
		status = gb_nifti_mask_write(argv[3], &coarse, &err);
	if (status != GB_OK)
		fprintf(stderr, "shrink-mask: %s\n", err.text);
	else
		printf("shrink-mask: %zu voxels\n", coarse.voxels);
	gb_nifti_mask_clear(&fine);
	gb_nifti_mask_clear(&coarse);
	return status;
}
