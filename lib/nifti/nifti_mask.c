/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "nifti/nifti_image.h"

/* Fill voxels, runs and run from inside. */
static gb_status find_runs(gb_nifti_mask *mask, gb_err *err)
{
	size_t r = 0;

	for (size_t i = 0; i < mask->grid; i++) {
		mask->voxels += mask->inside[i];
		mask->runs += mask->inside[i] && (i == 0 || !mask->inside[i - 1]);
	}
	mask->run = gb_array(mask->runs, sizeof *mask->run, err);
	if (!mask->run)
		return GB_SYSTEM;
	for (size_t i = 0; i < mask->grid; i++) {
		if (!mask->inside[i])
			continue;
		if (i == 0 || !mask->inside[i - 1])
			mask->run[r++].first = i;
		mask->run[r - 1].count++;
	}
	return GB_OK;
}

static gb_status start(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, gb_err *err)
{
	memset(mask, 0, sizeof *mask);
	mask->geometry = *geometry;
	mask->grid = (size_t)(geometry->size[0] * geometry->size[1] * geometry->size[2]);
	mask->inside = gb_array(mask->grid, 1, err);
	return mask->inside ? GB_OK : GB_SYSTEM;
}

gb_status gb_nifti_mask_make(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, const uint8_t *inside,
                             gb_err *err)
{
	gb_status status = start(mask, geometry, err);

	for (size_t i = 0; !status && i < mask->grid; i++)
		mask->inside[i] = inside[i] != 0;
	if (!status)
		status = find_runs(mask, err);
	if (status)
		gb_nifti_mask_clear(mask);
	return status;
}

gb_status gb_nifti_mask_all(gb_nifti_mask *mask, const gb_nifti_geometry *geometry, gb_err *err)
{
	gb_status status = start(mask, geometry, err);

	if (!status) {
		memset(mask->inside, 1, mask->grid);
		status = find_runs(mask, err);
	}
	if (status)
		gb_nifti_mask_clear(mask);
	return status;
}

gb_status gb_nifti_mask_load(gb_nifti_mask *mask, const char *path, gb_err *err)
{
	gb_nifti *image;
	gb_nifti_mask all = {0};
	float *value = NULL;
	gb_status status;

	memset(mask, 0, sizeof *mask);
	if ((status = gb_nifti_open(&image, path, err)))
		return status;
	const gb_nifti_header *h = gb_nifti_header_of(image);
	size_t grid = h->volume_bytes / h->value_bytes;

	if (h->volumes != 1) {
		status = gb_fail(err, GB_DATA, "%s: %lld volumes, a mask has one", path,
		                 (long long)h->volumes);
		goto done;
	}
	if ((status = gb_nifti_mask_all(&all, &h->geometry, err)))
		goto done;
	status = GB_SYSTEM;
	if (!(value = gb_array(grid, sizeof *value, err)) ||
	    (status = gb_nifti_gather(image, &all, (gb_volumes){0, 1}, value, 0, false, NULL, err)))
		goto done;
	for (size_t i = 0; i < grid; i++)
		all.inside[i] = value[i] > 0;
	status = gb_nifti_mask_make(mask, &h->geometry, all.inside, err);
	if (!status && !mask->voxels) {
		gb_nifti_mask_clear(mask);
		status = gb_fail(err, GB_DATA, "%s: no voxel is above 0: the mask is empty", path);
	}
done:
	gb_nifti_mask_clear(&all);
	free(value);
	gb_nifti_close(image);
	return status;
}

void gb_nifti_mask_clear(gb_nifti_mask *mask)
{
	free(mask->inside);
	free(mask->run);
	memset(mask, 0, sizeof *mask);
}

gb_status gb_nifti_mask_fits(const gb_nifti_mask *mask, const char *mask_name, const gb_nifti *image,
                             gb_err *err)
{
	const gb_nifti_geometry *m = &mask->geometry, *g = &gb_nifti_header_of(image)->geometry;

	if (gb_nifti_geometry_same(m, g))
		return GB_OK;
	if (memcmp(m->size, g->size, sizeof m->size))
		return gb_fail(err, GB_DATA,
		               "%s: grid %lld×%lld×%lld, %s has %lld×%lld×%lld: resample one of them",
		               mask_name, (long long)m->size[0], (long long)m->size[1], (long long)m->size[2],
		               gb_nifti_name(image), (long long)g->size[0], (long long)g->size[1],
		               (long long)g->size[2]);
	return gb_fail(err, GB_DATA,
	               "%s: same sizes as %s but another affine (voxel 0 at %g,%g,%g and %g,%g,%g mm): "
	               "resample one of them",
	               mask_name, gb_nifti_name(image), m->affine[0][3], m->affine[1][3], m->affine[2][3],
	               g->affine[0][3], g->affine[1][3], g->affine[2][3]);
}
