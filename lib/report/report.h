/* SPDX-License-Identifier: MIT */
/* report.h: report.html: what was tested, and how good the predictions are compared with their controls,
 * in sentences and pictures. */
#ifndef GB_REPORT_REPORT_H
#define GB_REPORT_REPORT_H

#include "comparison/feature_sets.h"
#include "evaluate/decoding.h"
#include "evaluate/subjects.h"
#include "lesion/input_ablation.h"
#include "lesion/lesion_list.h"
#include "nifti/nifti_image.h"

GB_BEGIN_DECLS

typedef struct gb_report {
	const char *run;               /* folder or checkpoint of the model, for its training curve */
	gb_model *model, *baseline;    /* BASELINE may be NULL */
	const gb_dataset *set;
	const gb_subjects *brains;
	const gb_encoding *encoding;   /* of the first of them; NULL: not asked for */
	const gb_nifti_mask *mask;     /* its mask; NULL: unknown */
	const gb_decoded *decoded;
	size_t decodeds;
	const gb_scored *scored;       /* rows of DECODED */
	const gb_lesions *lesions;
	const gb_metrics *metrics;
	const gb_feature_sets *feature_sets;
	const gb_ablations *ablations; /* count 0: none */
} gb_report;

GB_CHECK gb_status gb_report_write(const gb_report *report, const char *path, gb_err *err);

GB_END_DECLS
#endif
