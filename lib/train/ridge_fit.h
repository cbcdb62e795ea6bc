/* SPDX-License-Identifier: MIT */
/* ridge_fit.h: ridge models of a data set: stimulus → brain, and brain → each
 * stimulus tensor, as one checkpoint.
 *
 * Tensors of the checkpoint (model.h reads them): for the maps `encode` and `decode`,
 *   MAP.rows, MAP.runs, MAP.train      rows of the set at hand, their runs, the train rows
 *   MAP.BAND.mean, .std                [width] on the train rows
 *   MAP.BAND.x                         dual bands: [rows, width], standardised
 *   encode.BAND.coefficient, encode.offset; decode.FEATURE.coefficient, decode.FEATURE.offset
 *   encode.penalty                     [choices, voxels] of each voxel, where each has its own
 *   bold.mask                          the mask of the brains, where the set states one
 * `dims.encode` and `dims.decode` of its description hold the delays, bands and targets;
 * `state` what cross-validation found. */
#ifndef GB_TRAIN_RIDGE_FIT_H
#define GB_TRAIN_RIDGE_FIT_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef struct gb_ridge_options {
	const char *tool;           /* "gb-train 0.1.0" */
	const char *brain_kernel;   /* "fir:A:B" (rows), or a kernel's name or table as in signal/hrf.h */
	const char *subject;        /* "mean", or a name */
	const char *const *feature; /* stimulus tensors to use; NULL: all of the set */
	int features;
	uint64_t seed;
	bool decoders;              /* brain → stimulus too */
	bool decoders_alone;        /* nothing else: a checkpoint without encode */
	const uint8_t *voxels;      /* [voxels] what decoders read: 0 is left out; NULL: all */
	bool per_voxel;             /* stimulus → brain with a penalty for each voxel */
	bool fresh;                 /* gb_ridge_run: replace a run of other options */
} gb_ridge_options;

/* *STATE (owned by the caller): for each map, {"map","score","penalty","edge","train_rows","targets","form",
 * "curve":[…],"choices":[{"penalty","score","weights"}]}; with a penalty for each voxel, also "own":{"score",
 * "penalty" (the median),"at_edge","counts":[…] of each penalty}, of the first choice. */
GB_CHECK gb_status gb_ridge_train(const gb_dataset *set, const gb_ridge_options *options, const char *path,
                                  gb_pool *pool, gb_json **state, gb_err *err);
/* Describe one map of STATE for the user: NOTE, and WARNING, NULL where there is none; to be released
 * with free(). */
GB_CHECK gb_status gb_ridge_report(const gb_json *fit, char **note, char **warning, gb_err *err);

GB_END_DECLS
#endif
