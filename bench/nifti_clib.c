/* SPDX-License-Identifier: MIT */
/* nifti_clib.c: the peer of bench/nifti that a C programmer would write with
 * nifti_clib: read whole, gather the mask, z-score to float32.
 * Usage: nifti_clib IMAGE MASK(uint8) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <nifti1_io.h>

int main(int argc, char **argv)
{
	nifti_image *image = argc == 3 ? nifti_image_read(argv[1], 1) : NULL,
		    *mask = image ? nifti_image_read(argv[2], 1) : NULL;

	if (!mask)
		return 1;
	size_t grid = (size_t)(image->nx * image->ny * image->nz), rows = (size_t)image->nt, voxels = 0;
	const unsigned char *inside = mask->data;
	size_t *index = malloc(grid * sizeof *index);

	for (size_t i = 0; i < grid; i++)
		if (inside[i])
			index[voxels++] = i;
	float *out = malloc(rows * voxels * sizeof *out);
	double *sum = calloc(voxels, sizeof *sum), *square = calloc(voxels, sizeof *square);

	for (size_t t = 0; t < rows; t++)
		for (size_t j = 0; j < voxels; j++) {
			size_t at = t * grid + index[j];
			float x = image->datatype == DT_INT16 ? (float)((short *)image->data)[at]
			                                      : ((float *)image->data)[at];

			out[t * voxels + j] = x;
			sum[j] += x;
			square[j] += (double)x * x;
		}
	for (size_t j = 0; j < voxels; j++) {
		double mean = sum[j] / rows;

		square[j] = 1 / (sqrt(square[j] / rows - mean * mean) + 1e-8);
		sum[j] = mean;
	}
	for (size_t t = 0; t < rows; t++)
		for (size_t j = 0; j < voxels; j++)
			out[t * voxels + j] = (float)((out[t * voxels + j] - sum[j]) * square[j]);
	return !isfinite(out[rows * voxels / 2]); /* the rows are in memory, as the other sides leave them */
}
