/* SPDX-License-Identifier: MIT */
/* encoding_metrics.h: what an encoding found, as figures for metrics.tsv and the page. */
#ifndef GB_EVALUATE_ENCODING_METRICS_H
#define GB_EVALUATE_ENCODING_METRICS_H

#include "evaluate/encoding.h"
#include "evaluate/metrics.h"

GB_BEGIN_DECLS

/* FIRST: with the figures of subjects and ceilings, which stand once in a report; OWN: subjects that the
 * model has heads for are encodings of their own. */
GB_CHECK gb_status gb_encoding_metrics(const gb_encoding *encoding, const gb_dataset *set, bool first,
                                       bool own, gb_metrics *metrics, gb_err *err);
/* "mean of 8 subjects", "sub-01": whom its figures are of; released with free(). */
GB_CHECK char *gb_encoding_target(const gb_encoding *encoding, const gb_dataset *set, gb_err *err);
/* The ceiling of each voxel, of the mean or of one subject; NULL where it is not estimable. */
const double *gb_encoding_ceiling(const gb_encoding *encoding);
/* Why it is not. */
const char *gb_encoding_no_ceiling(const gb_encoding *encoding);

GB_END_DECLS
#endif
