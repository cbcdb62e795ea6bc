/* SPDX-License-Identifier: MIT */
/* text_features.h: the tensors that annotations become. */
#ifndef GB_TEXT_TEXT_FEATURES_H
#define GB_TEXT_TEXT_FEATURES_H

#include "text/annotations.h"
#include "text/tensor_list.h"

GB_BEGIN_DECLS

/* text (or text.pairs with PAIRS): hashed words, F32 [rows, width] or [rows,
 * slots, width].  The words also make text.count, text.segments, text.spans,
 * text.strings. */
GB_CHECK gb_status gb_feature_text(const gb_annotations *a, gb_alignment how, bool pairs,
                                   gb_tensor_list *list, gb_pool *pool, gb_err *err);
/* text.rate, F32 [rows, 3]: words, each segment's spread evenly over its time;
 * length of the segments in seconds, weighted by overlap; segments that begin. */
GB_CHECK gb_status gb_feature_rate(const gb_annotations *a, gb_tensor_list *list, gb_err *err);
/* text.boundaries, F32 [rows, 2]: around each row in which COLUMN changes from
 * one value to another, rise 0.2 … 1 in the 5 rows that end there, fall 1 …
 * 0.2 in the 5 that begin there; the larger where they meet.  Empty cells
 * change nothing, nor does a run's first value. */
GB_CHECK gb_status gb_feature_boundaries(const gb_annotations *a, const char *column, gb_tensor_list *list,
                                         gb_err *err);

GB_END_DECLS
#endif
