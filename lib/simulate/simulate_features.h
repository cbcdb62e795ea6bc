/* SPDX-License-Identifier: MIT */
/* simulate_features.h: drivers from any tensor file with a clock. */
#ifndef GB_SIMULATE_SIMULATE_FEATURES_H
#define GB_SIMULATE_SIMULATE_FEATURES_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* One float tensor of a file as a few numbers a row. */
typedef struct gb_feature_scores {
	char name[64];         /* of the tensor */
	gb_rational start;     /* of row 0 */
	int64_t rows;
	int components;
	bool as_is;            /* the columns themselves: there are no more than COMPONENTS */
	float *score;          /* [components, rows] */
} gb_feature_scores;

/* All float tensors with a clock, in the order of the file (masks of validity
 * and counts are integers and do not count): their columns where there are no
 * more than COMPONENTS of them, else projections on so many random directions.
 * OPTIONS: the run that is meant (NULL if there is one), and a clock for files
 * without.  ONLY [NAMES]: the tensors that are meant; NAMES 0: all.  GB_DATA:
 * no such tensor, another step than STEP (0/1: any; then
 * set), NaN or Inf. */
GB_CHECK gb_status gb_feature_scores_read(gb_tensor_file *file, const gb_clock_options *options, gb_rational *step,
                                          int components, const char *const *only, int names, gb_feature_scores **list,
                                          int *count, gb_err *err);
void gb_feature_scores_free(gb_feature_scores *list, int count);

GB_END_DECLS
#endif
