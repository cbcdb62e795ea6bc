/* SPDX-License-Identifier: MIT */
/* feature_statistics.h: train-only statistics of the stimulus, and its linear view. */
#ifndef GB_LOADER_FEATURE_STATISTICS_H
#define GB_LOADER_FEATURE_STATISTICS_H

#include "loader/loader.h"

GB_BEGIN_DECLS

GB_CHECK gb_status gb_loader_measure(gb_loader *loader, gb_pool *pool, gb_err *err);
/* The linear view of every row, standardised.  After measure, or open_stored. */
GB_CHECK gb_status gb_loader_prepare(gb_loader *loader, gb_err *err);

GB_END_DECLS
#endif
