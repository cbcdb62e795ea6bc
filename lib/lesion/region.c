/* SPDX-License-Identifier: MIT */
#include "lesion/region.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

typedef struct candidate { double distance; size_t grid; } candidate;

static bool nearer(candidate a, candidate b)
{
	return a.distance < b.distance || (a.distance == b.distance && a.grid < b.grid);
}

/* A heap of grid points by distance from the seed. */
static void push(candidate *heap, size_t *count, candidate new)
{
	size_t i = (*count)++;

	for (; i > 0 && nearer(new, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = new;
}

static candidate pop(candidate *heap, size_t *count)
{
	candidate top = heap[0], last = heap[--*count];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < *count; i = child) {
		if (child + 1 < *count && nearer(heap[child + 1], heap[child]))
			child++;
		if (!nearer(heap[child], last))
			break;
		heap[i] = heap[child];
	}
	heap[i] = last;
	return top;
}

static double distance(const gb_nifti_mask *mask, size_t a, size_t b)
{
	const gb_nifti_geometry *g = &mask->geometry;
	int64_t nx = g->size[0], ny = g->size[1], p = (int64_t)a, q = (int64_t)b;
	double d[3] = {(double)(p % nx - q % nx), (double)(p / nx % ny - q / nx % ny),
	               (double)(p / nx / ny - q / nx / ny)},
	       sum = 0;

	for (int i = 0; i < 3; i++) {
		double mm = g->affine[i][0] * d[0] + g->affine[i][1] * d[1] + g->affine[i][2] * d[2];

		sum += mm * mm;
	}
	return sum;
}

gb_status gb_region_grow(const gb_nifti_mask *mask, size_t seed, size_t size, uint8_t *region, bool *whole,
                         gb_err *err)
{
	int64_t step[3] = {1, mask->geometry.size[0], mask->geometry.size[0] * mask->geometry.size[1]};
	size_t *voxel = gb_array(mask->grid, sizeof *voxel, err), waiting = 0, taken = 0, start = 0;
	uint8_t *seen = voxel ? gb_array(mask->grid, 1, err) : NULL;
	candidate *heap = seen ? gb_array(mask->grid, sizeof *heap, err) : NULL;

	for (size_t i = 0, v = 0; heap && i < mask->grid; i++)
		if (mask->inside[i]) {
			start = v == seed ? i : start;
			voxel[i] = v++;
		}
	if (heap) {
		memset(region, 0, mask->voxels);
		push(heap, &waiting, (candidate){0, start});
		seen[start] = 1;
	}
	while (waiting && taken < size) {
		candidate c = pop(heap, &waiting);
		int64_t at = (int64_t)c.grid,
			place[3] = {at % step[1], at / step[1] % mask->geometry.size[1], at / step[2]};

		region[voxel[c.grid]] = 1;
		taken++;
		for (int axis = 0; axis < 3; axis++)
			for (int way = -1; way <= 1; way += 2) {
				size_t next = (size_t)(at + way * step[axis]);

				if (place[axis] + way < 0 || place[axis] + way >= mask->geometry.size[axis] ||
				    !mask->inside[next] || seen[next])
					continue;
				seen[next] = 1;
				push(heap, &waiting, (candidate){distance(mask, start, next), next});
			}
	}
	*whole = taken == size;
	free(voxel);
	free(seen);
	if (!heap)
		return GB_SYSTEM;
	free(heap);
	return GB_OK;
}

gb_status gb_region_load(const char *path, const gb_nifti_mask *mask, uint8_t *region, size_t *size,
                         gb_err *err)
{
	gb_nifti_mask roi;
	gb_status status = gb_nifti_mask_load(&roi, path, err);

	*size = 0;
	if (status)
		return status;
	if (!gb_nifti_geometry_same(&roi.geometry, &mask->geometry))
		status = gb_fail(
			err, GB_DATA,
			"%s: another grid than the set's BOLD (%lld × %lld × %lld): resample it first", path,
			(long long)mask->geometry.size[0], (long long)mask->geometry.size[1],
			(long long)mask->geometry.size[2]);
	for (size_t i = 0, v = 0; !status && i < mask->grid; i++)
		if (mask->inside[i]) {
			region[v] = roi.inside[i];
			*size += region[v++];
		}
	gb_nifti_mask_clear(&roi);
	if (!status && (*size == 0 || *size == mask->voxels))
		status = gb_fail(
			err, GB_DATA,
			"%s: %zu of the brain's %zu voxels are in it: some in and some out are wanted", path,
			*size, mask->voxels);
	return status;
}
