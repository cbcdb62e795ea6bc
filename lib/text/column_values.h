/* SPDX-License-Identifier: MIT */
/* column_values.h: the tensor that a column of annotations becomes. */
#ifndef GB_TEXT_COLUMN_VALUES_H
#define GB_TEXT_COLUMN_VALUES_H

#include "text/annotations.h"
#include "text/tensor_list.h"

GB_BEGIN_DECLS

/* text.column.COL: numeric, F32 [rows, 1], if every cell of the table that has
 * a value is a number; else one column a value (cells hold several, separated
 * by commas), in byte order, listed in the attribute "categories".  Means
 * weighted by overlap; empty cells are no number, or none of the values. */
GB_CHECK gb_status gb_feature_column(const gb_annotations *a, const char *column, gb_gap gap,
                                     gb_tensor_list *list, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
