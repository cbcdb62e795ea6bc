/* SPDX-License-Identifier: MIT */
#include "fmri/mask_vote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double percentile_of(double *value, size_t count, double percentile)
{
	double place = percentile / 100 * (double)(count - 1);
	size_t low = (size_t)floor(place), high = low + 1 < count ? low + 1 : low;

	qsort(value, count, sizeof *value, rising);
	return value[low] + (place - (double)low) * (value[high] - value[low]);
}

/* Add one subject's votes. */
static gb_status vote(gb_nifti *image, const gb_nifti_mask *area, double percentile, int *votes,
                      gb_pool *pool, gb_err *err)
{
	double *deviation = gb_array(area->grid, sizeof *deviation, err), *sorted = NULL, threshold;
	size_t n = 0;
	gb_status status = GB_SYSTEM;

	if (!deviation || !(sorted = gb_array(area->grid, sizeof *sorted, err)) ||
	    (status = gb_nifti_deviation(image, deviation, pool, err)))
		goto done;
	for (size_t i = 0; i < area->grid; i++)
		if (area->inside[i] && deviation[i] > 0)
			sorted[n++] = deviation[i];
	if (!n) {
		status = gb_fail(err, GB_DATA, "%s: no voxel varies in time", gb_nifti_name(image));
		goto done;
	}
	threshold = percentile_of(sorted, n, percentile);
	for (size_t i = 0; i < area->grid; i++)
		votes[i] += area->inside[i] && deviation[i] > threshold;
done:
	free(deviation);
	free(sorted);
	return status;
}

static gb_status vote_all(gb_nifti_mask *area, char *const *path, int count, double percentile,
                          const char *within, int **votes, gb_pool *pool, gb_err *err)
{
	gb_status status = within ? gb_nifti_mask_load(area, within, err) : GB_OK;

	for (int i = 0; i < count && !status; i++) {
		gb_nifti *image;

		if ((status = gb_nifti_open(&image, path[i], err)))
			break;
		if (gb_nifti_header_of(image)->volumes < 2)
			status = gb_fail(err, GB_DATA, "%s: one volume does not vary: 4-D images are wanted",
			                 path[i]);
		else if (!area->grid)
			status = gb_nifti_mask_all(area, &gb_nifti_header_of(image)->geometry, err);
		if (!status)
			status = gb_nifti_mask_fits(area, within ? within : path[0], image, err);
		if (!status && !*votes && !(*votes = gb_array(area->grid, sizeof **votes, err)))
			status = GB_SYSTEM;
		if (!status)
			status = vote(image, area, percentile, *votes, pool, err);
		gb_nifti_close(image);
	}
	return status;
}

gb_status gb_mask_vote(gb_nifti_mask *mask, char *const *path, int count, double share, double percentile,
                        const char *within, gb_pool *pool, gb_err *err)
{
	gb_nifti_mask area = {0};
	int *votes = NULL, wanted = (int)ceil(share * count - 1e-9);
	gb_status status = vote_all(&area, path, count, percentile, within, &votes, pool, err);

	memset(mask, 0, sizeof *mask);
	for (size_t i = 0; i < area.grid && !status; i++)
		area.inside[i] = votes[i] >= (wanted > 1 ? wanted : 1);
	if (!status)
		status = gb_nifti_mask_make(mask, &area.geometry, area.inside, err);
	if (!status && !mask->voxels) {
		gb_nifti_mask_clear(mask);
		status = gb_fail(err, GB_DATA, "no voxel has %d of %d votes: lower --votes or --percentile",
		                 wanted, count);
	}
	gb_nifti_mask_clear(&area);
	free(votes);
	return status;
}
