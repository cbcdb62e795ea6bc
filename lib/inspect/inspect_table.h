/* SPDX-License-Identifier: MIT */
/* inspect_table.h: the table of a file's tensors, for people. */
#ifndef GB_INSPECT_INSPECT_TABLE_H
#define GB_INSPECT_INSPECT_TABLE_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* One aligned table and the provenance. */
GB_CHECK gb_status gb_inspect_table(FILE *out, const gb_tensor_file *file, gb_err *err);
/* "946×481"; "scalar" for rank 0.  Released with free(); never NULL but when memory is short. */
char *gb_inspect_shape(const gb_tensor *tensor, const char *times);
/* JSON as people write it: strings bare, lists with commas. */
char *gb_inspect_plain(const gb_json *value);
/* TENSOR's attribute as text, "" if absent; borrowed. */
const char *gb_inspect_said(const gb_tensor_file *file, const char *tensor, const char *key);
/* GB_USAGE with the names there are, if FILE has no such tensor; NAME NULL: its only one. */
GB_CHECK gb_status gb_inspect_find(const gb_tensor_file *file, const char *name, const gb_tensor **tensor,
                                   gb_err *err);

GB_END_DECLS
#endif
