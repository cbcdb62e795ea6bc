/* SPDX-License-Identifier: MIT */
/* simulate_features.h: candidate regressors from any tensor file with a clock. */
#ifndef GB_SIMULATE_SIMULATE_FEATURES_H
#define GB_SIMULATE_SIMULATE_FEATURES_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* One float tensor of a file, reduced to a few numbers a row. */
typedef struct gb_feature_scores {
	char name[64];         /* of the tensor */
	gb_rational start;     /* of row 0 */
	int64_t rows;
	int components;
	bool as_is;            /* the columns themselves: there are no more than COMPONENTS */
	float *score;          /* [components, rows] */
} gb_feature_scores;

typedef struct gb_feature_options {
	gb_clock_options clock;     /* the run (NULL if there is one only); the clock of files without */
	int components;             /* at most, of each tensor */
	const char *const *tensor;  /* names of the tensors to read */
	int tensors;                /* 0: all */
} gb_feature_options;

/* *LIST [*COUNT]: all float tensors with a clock, in the order of the file; integers (valid rows, counts)
 * are left out.  A tensor of at most OPTIONS' components gives its columns; a wider one is projected on
 * that many random directions.  *STEP 0/1 is set to the first tensor's step.  GB_DATA: no such tensor,
 * another step than *STEP, NaN or Inf. */
GB_CHECK gb_status gb_feature_scores_read(gb_tensor_file *file, const gb_feature_options *options,
                                          gb_rational *step, gb_feature_scores **list, int *count,
                                          gb_err *err);
void gb_feature_scores_free(gb_feature_scores *list, int count);

GB_END_DECLS
#endif
