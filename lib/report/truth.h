/* SPDX-License-Identifier: MIT */
/* truth.h: a prediction of a simulated brain beside what could be reached: the
 * r of the known noise-free signal with the BOLD, on the rows that were scored. */
#ifndef GB_REPORT_TRUTH_H
#define GB_REPORT_TRUTH_H

#include "report/encoding.h"

GB_BEGIN_DECLS

/* PATH: truth.safetensors of gb-sim.  CEILING [encoding->voxels] is filled.  GB_DATA: no `signal`, other
 * voxels, or rows that the set's clock does not share. */
GB_CHECK gb_status gb_truth_ceiling(const char *path, const gb_encoding *encoding, const gb_dataset *set, double *ceiling,
                                    gb_pool *pool, gb_err *err);
/* Σr/Σceiling, and the ceiling's mean. */
GB_CHECK gb_status gb_truth_metrics(const char *path, const gb_encoding *encoding, const gb_dataset *set, const char *subject,
                                    gb_metrics *metrics, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
