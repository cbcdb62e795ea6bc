/* SPDX-License-Identifier: MIT */
/* lesion.h: what a model loses with a region of the brain, beside what it loses
 * with random contiguous regions of the same size.
 *
 * Silenced voxels are held at their train mean, the weights stay: a statement
 * about what this decoder uses.  Refitted, ridge decoders are trained without
 * them: what only the region carries, or, with all else left out, what it
 * suffices for.
 *
 * From the stimulus voxels are outputs.  There the directions of the bottleneck
 * z that the region's head reads are held at their mean over the train rows,
 * and everything is decoded from the z that is left: a statement about this
 * model.  The head reads h·M_f·z for each voxel and each filter f of the brain
 * kernel; the directions are those of the principal components of all that over
 * the train rows, as many as have GB_LATENT_SHARE of its variance (voxels and
 * filters count alike).  Random regions lose as many of theirs. */
#ifndef GB_LESION_LESION_H
#define GB_LESION_LESION_H

#include "evaluate/subjects.h"
#include "evaluate/decoding.h"
#include "evaluate/progress.h"

GB_BEGIN_DECLS

enum { GB_LESION_CONTROLS = 20, GB_LESION_FEATURES = 64 };
#define GB_LATENT_SHARE 0.95

typedef enum gb_lesion_type { GB_LESION_SILENCED, GB_LESION_REFITTED /* INTACT too */, GB_LESION_LATENT } gb_lesion_type;

typedef struct gb_lesion {
	gb_lesion_type kind;
	bool keep;               /* all but the region was silenced */
	size_t voxels, size;     /* of the brain, of the region */
	size_t features, controls;
	const char **feature;    /* [features] */
	double *intact, *hurt;   /* [features] rank percentile of the true row */
	double *control;         /* [features, controls] */
	size_t rank, width;      /* latent: directions taken out of z, of so many */
	size_t brains;           /* latent: so many features, the first, are mean r: over all voxels, the region, the rest */
} gb_lesion;

typedef struct gb_lesion_options {
	const char *roi;         /* NIfTI on the grid of the set's BOLD: voxels above 0 */
	bool keep;
	size_t controls;         /* random regions; 0: one around every voxel */
	uint64_t seed;
	const gb_bold_source_scored *brain; /* whose region it is; its mask is there */
	gb_decoding_options decoding; /* feature, from_brain and keep are set per call */
	const gb_decoded *decoded;    /* [features] intact */
	size_t features;
	const char *refit;       /* NULL: silence; else the folder that fits pass through */
	const char *tool;
	gb_progress *progress;   /* NULL: nobody watches */
} gb_lesion_options;

/* GB_DATA: another grid, no voxel of the ROI in the mask, or none outside it. */
GB_CHECK gb_status gb_lesion_make(gb_lesion *lesion, const gb_lesion_options *options, gb_err *err);
/* The same with decoders refitted in folder FOLDER; features that ridge does not decode are left out, GB_USAGE where
 * none is left. */
GB_CHECK gb_status gb_lesion_refit(gb_lesion *lesion, const gb_lesion_options *options, const char *folder, gb_err *err);
/* The same from the stimulus: BOLD, where the brain was scored, and what is decoded through the bottleneck.  r of each
 * voxel goes to r_latent_lesion.nii.gz in the brain's folder.  GB_DATA: the set has no train rows, or the head reads nothing. */
GB_CHECK gb_status gb_lesion_latent(gb_lesion *lesion, const gb_lesion_options *options, gb_err *err);
void gb_lesion_clear(gb_lesion *lesion);
/* TARGET: whom the r of brains are of. */
GB_CHECK gb_status gb_lesion_metrics(const gb_lesion *lesion, const char *target, gb_metrics *metrics, gb_err *err);

/* ---- for kinds of lesions ---- */

/* OUT [features] at STRIDE: what is left without REGION [voxels]; OWN: the one asked about. */
typedef gb_status gb_lesion_hurt(void *context, const uint8_t *region, bool own, double *out, size_t stride, gb_err *err);
/* Room for FEATURES, which the caller names, with their INTACT. */
GB_CHECK gb_status gb_lesion_open(gb_lesion *lesion, gb_lesion_type kind, const gb_lesion_options *options, size_t features, gb_err *err);
/* HURT of the region and of random ones. */
GB_CHECK gb_status gb_lesion_run(gb_lesion *lesion, const gb_lesion_options *options, gb_lesion_hurt *hurt, void *context, gb_err *err);

/* ---- all that is asked of one report ---- */

typedef struct gb_lesions {
	gb_lesion_options options; /* roi NULL: nothing is asked */
	bool refit, latent;
	gb_lesion silenced, refitted, from_stimulus; /* features 0: not made */
} gb_lesions;

/* As on the command line; FROM "stimulus", "brain" or NULL: both. */
typedef struct gb_lesions_asked { const char *lesion, *keep, *controls, *from; bool refit, latent, no_score; gb_progress *progress; } gb_lesions_asked;
/* GB_USAGE for what does not go together, and for what MODEL cannot do. */
GB_CHECK gb_status gb_lesions_parse(gb_lesions *lesions, const gb_lesions_asked *asked, const gb_model *model, gb_err *err);
/* Of the COUNT tensors DECODED the first FROM_BRAIN are from the brain.  Fits pass through FOLDER. */
GB_CHECK gb_status gb_lesions_make(gb_lesions *lesions, const gb_bold_source_scored *brain, const gb_decoding_options *decoding,
                                   const gb_decoded *decoded, size_t count, size_t from_brain, const char *folder, const char *tool,
                                   gb_metrics *metrics, gb_err *err);
void gb_lesions_clear(gb_lesions *lesions); /* accepts a cleared one */

GB_END_DECLS
#endif
