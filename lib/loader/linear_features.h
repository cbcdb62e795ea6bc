/* SPDX-License-Identifier: MIT */
/* linear_features.h: one tensor of a data set as numbers a row, for linear models.
 *
 *   float tensors        as they are, flattened
 *   mel                  of each band, mean and SD over the row's valid frames
 *   codes                with `codes.codebook` beside them: of each dimension of the sum of a frame's codewords, mean and
 *                        SD over the row's valid frames; else of each codebook, the share of the row's frames that has
 *                        each code (1024 wide)
 *   video (U8 pictures)  of each 10 × 10 patch and colour, the mean over the row's frames, and the mean
 *                        absolute difference of neighbouring frames; 0 … 1 */
#ifndef GB_LOADER_LINEAR_FEATURES_H
#define GB_LOADER_LINEAR_FEATURES_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef enum gb_band_kind { GB_BAND_FLOAT, GB_BAND_MEL, GB_BAND_CODES, GB_BAND_VIDEO } gb_band_kind;

typedef struct gb_band {
	const gb_feature *feature;
	gb_band_kind kind;
	size_t width;
	const float *codeword; /* [codebooks, codes, latent], borrowed from the feature's file; NULL: not there */
	size_t codes, latent;
} gb_band;

/* GB_DATA for a tensor that is none of these. */
GB_CHECK gb_status gb_band_of(gb_band *band, const gb_feature *feature, gb_err *err);
/* OUT [width]; SCRATCH [feature->elements]. */
void gb_band_read(const gb_dataset *set, const gb_band *band, int64_t row, float *scratch, float *out);

/* What a linear decoder aims at: float tensors and mel as they are, of video the row's mean
 * picture (one frame, 0 … 1).  False: not decoded (codes). */
bool gb_band_decodes(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements);
void gb_band_read_target(const gb_dataset *set, const gb_feature *feature, int64_t row, float *scratch, float *out);

GB_END_DECLS
#endif
