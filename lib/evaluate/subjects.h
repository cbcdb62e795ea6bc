/* SPDX-License-Identifier: MIT */
/* subjects.h: every brain that a model predicts, scored and written.
 *
 * A model of the mean or of one subject predicts one brain.  A model with heads for several subjects predicts
 * each of them, and before them their mean, where they are all subjects of the set and share a mask. */
#ifndef GB_EVALUATE_SUBJECTS_H
#define GB_EVALUATE_SUBJECTS_H

#include "evaluate/metrics.h"
#include "evaluate/statistic_maps.h"

GB_BEGIN_DECLS

typedef struct gb_bold_source_scored {
	const char *subject;  /* "mean", or a name; borrowed of the model */
	/* For its maps and tables: the report's for a model of one and for the mean, else a folder in it. */
	char *folder;
	gb_nifti_mask mask;
	bool has_mask;
	gb_encoding encoding; /* r NULL: not scored */
} gb_bold_source_scored;

typedef struct gb_subjects {
	gb_bold_source_scored *brain;
	size_t count;
	bool several;         /* the model has heads for several subjects */
	gb_model *model;      /* borrowed, like all below */
	const gb_dataset *set;
	const char *tool;
	gb_pool *pool;
} gb_subjects;

/* FOLDER: of the report.  GB_DATA for a mask that contradicts the model, or a subject whose name is no
 * name of a folder. */
GB_CHECK gb_status gb_subjects_open(gb_subjects *brains, gb_model *model, const gb_dataset *set,
                                    const char *folder, const char *tool, gb_pool *pool, gb_err *err);
void gb_subjects_clear(gb_subjects *brains); /* accepts a cleared one */

/* As gb_maps_prediction, for each brain; folders are made. */
GB_CHECK gb_status gb_subjects_predict(gb_subjects *brains, int64_t first, int64_t end, bool any,
                                       bool tensors, gb_err *err);
/* OPTIONS with baseline, others, rows.  Encodings are made, written and told in METRICS; of all but the
 * first the rows are dropped.  GB_DATA for a baseline that predicts none of these brains. */
GB_CHECK gb_status gb_subjects_score(gb_subjects *brains, const gb_encoding_options *options,
                                     gb_metrics *metrics, gb_err *err);

GB_END_DECLS
#endif
