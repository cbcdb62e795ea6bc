/* SPDX-License-Identifier: MIT */
/* report_internal.h: the parts of report.html that report.c puts together. */
#ifndef GB_REPORT_REPORT_INTERNAL_H
#define GB_REPORT_REPORT_INTERNAL_H

#include "report/page.h"
#include "report/report.h"

GB_BEGIN_DECLS

/* report_encoding.c */
GB_CHECK gb_status gb_report_encoding(gb_page *page, const gb_report *report, gb_err *err);
/* report_decoding.c */
GB_CHECK gb_status gb_report_decoding(gb_page *page, const gb_report *report, gb_err *err);
/* report_lesion.c */
GB_CHECK gb_status gb_report_lesions(gb_page *page, const gb_report *report, gb_err *err);
/* report_feature_sets.c */
GB_CHECK gb_status gb_report_feature_sets(gb_page *page, const gb_report *report, gb_err *err);
void gb_report_ablations(gb_page *page, const gb_report *report);
/* report_training.c */
GB_CHECK gb_status gb_report_training(gb_page *page, const gb_report *report, gb_err *err);

GB_END_DECLS
#endif
