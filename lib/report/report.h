/* SPDX-License-Identifier: MIT */
/* report.h: report.html: what was tested, how good it is, beside what, in
 * plain sentences and pictures. */
#ifndef GB_REPORT_REPORT_H
#define GB_REPORT_REPORT_H

#include "nifti/nifti_image.h"
#include "comparison/feature_sets.h"
#include "evaluate/subjects.h"
#include "evaluate/decoding.h"
#include "lesion/lesion.h"
#include "report/page.h"
#include "lesion/input_ablation.h"

GB_BEGIN_DECLS

typedef struct gb_report {
	const char *run;               /* folder or checkpoint of the model, for its training curve */
	gb_model *model, *baseline;    /* BASELINE may be NULL */
	const gb_dataset *set;
	const gb_subjects *brains;
	const gb_encoding *encoding;   /* of the first of them; NULL: not asked for */
	const gb_nifti_mask *mask;     /* its mask; NULL: none known */
	const gb_decoded *decoded;
	size_t decodeds;
	const gb_scored *scored;       /* rows of DECODED */
	const gb_lesions *lesions;
	const gb_metrics *metrics;
	const gb_feature_sets *additions;
	const gb_ablations *silences;   /* groups 0: none */
} gb_report;

GB_CHECK gb_status gb_report_write(const gb_report *report, const char *path, gb_err *err);

/* Parts, for report.c alone. */
GB_CHECK gb_status gb_report_encoding(gb_page *page, const gb_report *report, gb_err *err);
GB_CHECK gb_status gb_report_decoding(gb_page *page, const gb_report *report, gb_err *err);
GB_CHECK gb_status gb_report_lesions(gb_page *page, const gb_report *report, gb_err *err);
GB_CHECK gb_status gb_report_feature_sets(gb_page *page, const gb_report *report, gb_err *err);
void gb_report_ablations(gb_page *page, const gb_report *report);
GB_CHECK gb_status gb_report_training(gb_page *page, const gb_report *report, gb_err *err);

GB_END_DECLS
#endif
