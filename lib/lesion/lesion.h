/* SPDX-License-Identifier: MIT */
/* lesion.h: what a model loses with a region of the brain, compared with random contiguous regions of the
 * same size.
 *
 * Decoding from the brain, a region is ablated by holding its voxels at their train mean, the weights as they
 * are: this says what this decoder uses.  Refitted, ridge decoders are trained without the region, which says
 * what only the region carries, or (keep) on the region alone, which says what it suffices for. */
#ifndef GB_LESION_LESION_H
#define GB_LESION_LESION_H

#include "evaluate/subjects.h"
#include "evaluate/decoding.h"
#include "evaluate/progress.h"

GB_BEGIN_DECLS

enum { GB_LESION_FEATURES = 64 };

typedef enum gb_lesion_type {
	GB_LESION_ABLATED,  /* voxels at their train mean */
	GB_LESION_REFITTED, /* ridge without them; the intact one is ridge, too */
	GB_LESION_LATENT    /* lesion_latent.h */
} gb_lesion_type;

typedef struct gb_lesion {
	gb_lesion_type kind;
	bool keep;               /* all but the region is ablated */
	size_t voxels, size;     /* of the brain, of the region */
	size_t features, controls;
	const char **feature;    /* [features] */
	double *intact, *score;  /* [features] identification percentile before and after the lesion */
	double *control;         /* [features, controls] the same after lesions of random regions */
	size_t rank, width;      /* latent: directions removed from z; its width */
	/* latent: the first BRAINS features are mean r over all voxels, the region, the rest */
	size_t brains;
} gb_lesion;

typedef struct gb_lesion_options {
	const char *roi;         /* NIfTI on the grid of the set's BOLD: voxels above 0 */
	bool keep;
	size_t controls;         /* random regions; 0: one around every voxel */
	uint64_t seed;
	const gb_bold_source_scored *brain; /* whose region it is; it has a mask */
	gb_decoding_options decoding; /* feature, from_brain and keep are set per call */
	const gb_decoded *decoded;    /* [features] intact */
	size_t features;
	const char *refit;       /* NULL: ablate; else the folder that fits pass through */
	const char *tool;
	gb_progress *progress;   /* NULL: nobody watches */
} gb_lesion_options;

/* GB_DATA: another grid, no voxel of the ROI in the mask, or none outside it. */
GB_CHECK gb_status gb_lesion_make(gb_lesion *lesion, const gb_lesion_options *options, gb_err *err);
/* The same with decoders refitted through FOLDER; features that ridge does not decode are left out,
 * GB_USAGE where none is left. */
GB_CHECK gb_status gb_lesion_refit(gb_lesion *lesion, const gb_lesion_options *options, const char *folder,
                                   gb_err *err);
void gb_lesion_clear(gb_lesion *lesion);
/* TARGET: whose BOLD the values of r are of. */
GB_CHECK gb_status gb_lesion_metrics(const gb_lesion *lesion, const char *target, gb_metrics *metrics,
                                     gb_err *err);

/* ---- for one type of lesion: how its score is made ---- */

/* OUT [features], STRIDE apart: the scores without REGION [voxels]; ASKED: the region that the lesion is
 * about. */
typedef gb_status gb_lesion_scorer(void *context, const uint8_t *region, bool asked, double *out,
                                   size_t stride, gb_err *err);
/* Memory for FEATURES; the caller fills their names and INTACT. */
GB_CHECK gb_status gb_lesion_open(gb_lesion *lesion, gb_lesion_type kind, const gb_lesion_options *options,
                                  size_t features, gb_err *err);
/* Scores the region and random ones with SCORER. */
GB_CHECK gb_status gb_lesion_run(gb_lesion *lesion, const gb_lesion_options *options,
                                 gb_lesion_scorer *scorer, void *context, gb_err *err);

GB_END_DECLS
#endif
