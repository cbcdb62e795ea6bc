/* SPDX-License-Identifier: MIT */
/* linear_features.h: one tensor of a data set as numbers a row, for linear models.
 *
 *   float tensors        as they are, flattened
 *   mel                  of each band, mean and SD over the row's valid frames
 *   codes                with `codes.codebook` beside them: of each dimension of the sum of a frame's
 * codewords, mean and SD over the row's valid frames; else of each codebook, the share of the row's frames
 * that has each code (1024 wide) video (U8 pictures)  of each 10 × 10 patch and colour, the mean over the
 * row's frames, and the mean absolute difference of neighbouring frames; 0 … 1 */
#ifndef GB_LOADER_LINEAR_FEATURES_H
#define GB_LOADER_LINEAR_FEATURES_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef enum gb_linear_feature_type {
	GB_LINEAR_FEATURE_FLOAT,
	GB_LINEAR_FEATURE_MEL,
	GB_LINEAR_FEATURE_CODES,
	GB_LINEAR_FEATURE_VIDEO
} gb_linear_feature_type;

typedef struct gb_linear_feature {
	const gb_feature *feature;
	gb_linear_feature_type kind;
	size_t width;
	/* [codebooks, codes, latent], borrowed from the feature's file; NULL: not there */
	const float *codeword;
	size_t codes, latent;
} gb_linear_feature;

/* GB_DATA for a tensor that is none of these. */
GB_CHECK gb_status gb_linear_feature_of(gb_linear_feature *band, const gb_feature *feature, gb_err *err);
/* OUT [width]; SCRATCH [feature->elements]. */
void gb_linear_feature_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out);

/* What a linear decoder aims at: float tensors and mel as they are, of video the row's mean
 * picture (one frame, 0 … 1).  False: not decoded (codes). */
bool gb_linear_feature_decodes(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements);
void gb_linear_feature_read_target(const gb_dataset *set, const gb_feature *feature, int64_t row,
                                   float *scratch, float *out);

GB_END_DECLS
#endif
