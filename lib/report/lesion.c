/* SPDX-License-Identifier: MIT */
#include "report/lesion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "report/refit.h"

/* ---- regions ---- */

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
	double d[3] = {(double)(p % nx - q % nx), (double)(p / nx % ny - q / nx % ny), (double)(p / nx / ny - q / nx / ny)}, sum = 0;

	for (int i = 0; i < 3; i++) {
		double mm = g->affine[i][0] * d[0] + g->affine[i][1] * d[1] + g->affine[i][2] * d[2];

		sum += mm * mm;
	}
	return sum;
}

gb_status gb_region_grow(const gb_nifti_mask *mask, size_t seed, size_t size, uint8_t *region, bool *whole, gb_err *err)
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
		int64_t at = (int64_t)c.grid, place[3] = {at % step[1], at / step[1] % mask->geometry.size[1], at / step[2]};

		region[voxel[c.grid]] = 1;
		taken++;
		for (int axis = 0; axis < 3; axis++)
			for (int way = -1; way <= 1; way += 2) {
				size_t next = (size_t)(at + way * step[axis]);

				if (place[axis] + way < 0 || place[axis] + way >= mask->geometry.size[axis] || !mask->inside[next] || seen[next])
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

/* ---- lesions ---- */

/* REGION [voxels] of the set's mask from the image. */
static gb_status load_region(const gb_lesion_options *o, uint8_t *region, size_t *size, gb_err *err)
{
	gb_nifti_mask roi;
	gb_status status = gb_nifti_mask_load(&roi, o->roi, err);

	*size = 0;
	if (status)
		return status;
	if (!gb_nifti_geometry_same(&roi.geometry, &o->mask->geometry))
		status = gb_fail(err, GB_DATA, "%s: another grid than the set's BOLD (%lld × %lld × %lld): resample it first", o->roi,
		                 (long long)o->mask->geometry.size[0], (long long)o->mask->geometry.size[1], (long long)o->mask->geometry.size[2]);
	for (size_t i = 0, v = 0; !status && i < o->mask->grid; i++)
		if (o->mask->inside[i]) {
			region[v] = roi.inside[i];
			*size += region[v++];
		}
	gb_nifti_mask_clear(&roi);
	if (!status && (*size == 0 || *size == o->mask->voxels))
		status = gb_fail(err, GB_DATA, "%s: %zu of the brain's %zu voxels are in it: some in and some out are wanted", o->roi, *size,
		                 o->mask->voxels);
	return status;
}

/* Ridge decoders of the features from the voxels with KEEP (NULL: all). */
static gb_status refit(const gb_lesion_options *o, const uint8_t *keep, gb_model **model, gb_err *err)
{
	const char *name[GB_LESION_FEATURES];
	gb_ridge_options ridge = {.tool = o->tool, .brain_kernel = "fir", .subject = o->decoding.subject, .feature = name, .seed = 1,
	                          .decoders = true, .decoders_alone = true, .voxels = keep};

	for (size_t f = 0; f < o->features && f < GB_LESION_FEATURES; f++)
		name[ridge.features++] = o->decoded[f].feature;
	return gb_refit_train(model, o->decoding.set, &ridge, o->refit, o->decoding.pool, err);
}

/* Percentiles of all features when REGION is silenced (or all else is). */
static gb_status hurt(const gb_lesion_options *o, const uint8_t *region, uint8_t *keep, double *out, size_t stride, gb_err *err)
{
	gb_model *refitted = NULL;
	gb_status status = GB_OK;

	for (size_t v = 0; v < o->mask->voxels; v++)
		keep[v] = region[v] ? o->keep : !o->keep;
	if (o->refit)
		status = refit(o, keep, &refitted, err);
	for (size_t f = 0; !status && f < o->features; f++) {
		gb_decoding_options d = o->decoding;

		d.feature = o->decoded[f].feature;
		d.keep = refitted ? NULL : keep;
		d.model = refitted ? refitted : d.model;
		status = gb_decoded_percentile(&d, &o->decoded[f], &out[f * stride], err);
	}
	gb_model_close(refitted);
	return status;
}

static gb_status random_regions(gb_lesion *l, const gb_lesion_options *o, uint8_t *region, uint8_t *keep, gb_err *err)
{
	gb_rng rng = gb_rng_at(o->seed, 0x6c657369, 0, 0);
	size_t tries = 0, made = 0;
	bool whole;

	while (made < l->controls) {
		size_t seed = o->controls ? (size_t)gb_rng_below(&rng, o->mask->voxels) : tries;
		gb_status status;

		if (tries++ >= 100 * l->controls)
			return gb_fail(err, GB_DATA, "%s: no contiguous region of %zu voxels fits into the mask", o->roi, l->size);
		if (!o->controls && seed >= o->mask->voxels)
			break;
		status = gb_region_grow(o->mask, seed, l->size, region, &whole, err);
		if (!status && whole)
			status = hurt(o, region, keep, l->control + made++, l->controls, err);
		if (status)
			return status;
	}
	if (made < l->controls) /* islands too small for the region: pack what there is */
		for (size_t f = 0; f < l->features; f++)
			memmove(l->control + f * made, l->control + f * l->controls, made * sizeof *l->control);
	l->controls = made;
	return made ? GB_OK : gb_fail(err, GB_DATA, "%s: no contiguous region of %zu voxels fits into the mask", o->roi, l->size);
}

gb_status gb_lesion_make(gb_lesion *l, const gb_lesion_options *o, gb_err *err)
{
	uint8_t *region = gb_array(2 * o->mask->voxels, 1, err);
	gb_status status;

	*l = (gb_lesion){.keep = o->keep, .refitted = o->refit != NULL, .voxels = o->mask->voxels, .features = o->features,
	                 .controls = o->controls ? o->controls : o->mask->voxels};
	if (!region)
		return GB_SYSTEM;
	l->feature = gb_array(l->features, sizeof(const char *), err);
	l->intact = l->feature ? gb_array(2 * l->features, sizeof(double), err) : NULL;
	l->control = l->intact ? gb_array(l->features * l->controls, sizeof(double), err) : NULL;
	status = l->control ? load_region(o, region, &l->size, err) : GB_SYSTEM;
	if (!status) {
		l->hurt = l->intact + l->features;
		for (size_t f = 0; f < l->features; f++) {
			l->feature[f] = o->decoded[f].feature;
			l->intact[f] = o->decoded[f].identification.percentile;
		}
		status = hurt(o, region, region + o->mask->voxels, l->hurt, 1, err);
	}
	if (!status)
		status = random_regions(l, o, region, region + o->mask->voxels, err);
	free(region);
	if (status)
		gb_lesion_clear(l);
	return status;
}

gb_status gb_lesion_refit(gb_lesion *l, const gb_lesion_options *options, const char *folder, gb_err *err)
{
	gb_lesion_options o = *options;
	gb_decoded *own = gb_array(o.features, sizeof *own, err);
	gb_model *model = NULL;
	gb_status status;

	*l = (gb_lesion){0};
	o.refit = folder;
	o.features = o.features < GB_LESION_FEATURES ? o.features : GB_LESION_FEATURES;
	status = own ? refit(&o, NULL, &model, err) : GB_SYSTEM;
	o.features = 0;
	for (size_t f = 0; !status && f < options->features; f++) {
		gb_decoding_options d = o.decoding;

		d.feature = options->decoded[f].feature;
		d.model = model;
		d.weights = d.medium = NULL;
		if (gb_model_decodes(model, d.feature, true))
			status = gb_decoded_make(&own[o.features++], &d, err);
	}
	gb_model_close(model);
	o.decoded = own;
	if (!status && !o.features)
		status = gb_fail(err, GB_USAGE, "--refit: ridge decodes none of these tensors from the brain");
	if (!status)
		status = gb_lesion_make(l, &o, err);
	for (size_t f = 0; f < l->features; f++) /* names that outlive OWN */
		l->feature[f] = gb_dataset_find(o.decoding.set, l->feature[f], NULL)->name;
	for (size_t f = 0; own && f < o.features; f++)
		gb_decoded_clear(&own[f]);
	free(own);
	return status;
}

void gb_lesion_clear(gb_lesion *l)
{
	free(l->feature);
	free(l->intact);
	free(l->control);
	*l = (gb_lesion){0};
}

gb_status gb_lesion_metrics(const gb_lesion *l, gb_metrics *metrics, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t f = 0; !status && f < l->features; f++) {
		const double *control = l->control + f * l->controls;
		double n = (double)l->controls, square = 0, reached = 0;
		gb_metric m = gb_metric_none();

		m.direction = "brain to stimulus";
		m.target = l->feature[f];
		m.figure = l->refitted ? l->keep ? "rank percentile, ridge refitted with the region alone" : "rank percentile, ridge refitted without the region"
		           : l->keep   ? "rank percentile with all but the region silenced"
		                       : "rank percentile with the region silenced";
		m.value = l->hurt[f];
		m.ceiling = l->intact[f];
		m.null_mean = gb_score_mean(control, l->controls);
		for (size_t k = 0; k < l->controls; k++) {
			square += (control[k] - m.null_mean) * (control[k] - m.null_mean);
			/* silencing: as much lost by a random region; keeping: as much left by one */
			reached += l->keep ? control[k] >= l->hurt[f] : control[k] <= l->hurt[f];
		}
		m.null_sd = sqrt(square / n);
		m.p = (1 + reached) / (1 + n);
		m.nulls = n;
		m.chance = 0.5;
		m.control = l->refitted ? "random contiguous regions of the same size, refitted; ceiling: ridge of all voxels"
		                        : "random contiguous regions of the same size; ceiling: intact";
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}
