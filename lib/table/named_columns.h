/* SPDX-License-Identifier: MIT */
/* named_columns.h: named numeric columns of a tab-separated table with a header line
 * (confounds, kernels). */
#ifndef GB_TABLE_NAMED_COLUMNS_H
#define GB_TABLE_NAMED_COLUMNS_H

#include "base/status.h"

GB_BEGIN_DECLS

/* *VALUE [rows, COLUMNS] becomes the columns NAME[0 …] of the table at PATH;
 * "n/a" and empty cells are NaN.  Released with free().  GB_USAGE for a column
 * that is not there, GB_DATA for a cell that is no number or a ragged line.
 * COLUMNS ≥ 1. */
GB_CHECK gb_status gb_named_columns_read(const char *path, const char *const *name, int columns,
                                         double **value, size_t *rows, gb_err *err);
/* Has the table this column?  False too when it cannot be read. */
bool gb_named_columns_has(const char *path, const char *name);

GB_END_DECLS
#endif
