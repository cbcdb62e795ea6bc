/* SPDX-License-Identifier: MIT */
/* lesion.h: what a decoder loses when a region of the brain is silenced, beside
 * what it loses when random contiguous regions of the same size are.
 *
 * Silenced voxels are held at their train mean, the weights stay: a statement
 * about what this decoder uses.  Refitted, ridge decoders are trained without
 * them: what only the region carries, or, with all else left out, what it
 * suffices for. */
#ifndef GB_REPORT_LESION_H
#define GB_REPORT_LESION_H

#include "nifti/image.h"
#include "report/decoding.h"

GB_BEGIN_DECLS

enum { GB_LESION_CONTROLS = 20, GB_LESION_FEATURES = 64 };

typedef struct gb_lesion {
	bool keep;               /* all but the region was silenced */
	bool refitted;           /* by ridge, each time; INTACT too */
	size_t voxels, size;     /* of the brain, of the region */
	size_t features, controls;
	const char **feature;    /* [features] */
	double *intact, *hurt;   /* [features] rank percentile of the true row */
	double *control;         /* [features, controls] */
} gb_lesion;

typedef struct gb_lesion_options {
	const char *roi;         /* NIfTI on the grid of the set's BOLD: voxels above 0 */
	bool keep;
	size_t controls;         /* random regions; 0: one around every voxel */
	uint64_t seed;
	const gb_nifti_mask *mask;
	gb_decoding_options decoding; /* feature and keep are set per call */
	const gb_decoded *decoded;    /* [features] intact */
	size_t features;
	const char *refit;       /* NULL: silence; else the folder that fits pass through */
	const char *tool;
} gb_lesion_options;

/* GB_DATA: another grid, no voxel of the ROI in the mask, or none outside it. */
GB_CHECK gb_status gb_lesion_make(gb_lesion *lesion, const gb_lesion_options *options, gb_err *err);
/* The same with decoders refitted in folder FOLDER; features that ridge does not decode are left out, GB_USAGE where
 * none is left. */
GB_CHECK gb_status gb_lesion_refit(gb_lesion *lesion, const gb_lesion_options *options, const char *folder, gb_err *err);
void gb_lesion_clear(gb_lesion *lesion);
GB_CHECK gb_status gb_lesion_metrics(const gb_lesion *lesion, gb_metrics *metrics, gb_err *err);

/* The SIZE voxels of MASK that a region grown evenly from voxel SEED takes, over faces: REGION [voxels] 0 or 1.
 * False when the part of the mask around SEED has fewer. */
GB_CHECK gb_status gb_region_grow(const gb_nifti_mask *mask, size_t seed, size_t size, uint8_t *region, bool *whole, gb_err *err);

GB_END_DECLS
#endif
