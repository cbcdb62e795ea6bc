/* SPDX-License-Identifier: MIT */
/* inspect_tensor.h: one tensor of a file: its choice by name, its shape and
 * attributes as text. */
#ifndef GB_INSPECT_INSPECT_TENSOR_H
#define GB_INSPECT_INSPECT_TENSOR_H

#include "inspect/text_table.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* The tensor NAME of FILE; NAME NULL: its only one.  GB_USAGE, with the names of its tensors: not found. */
GB_CHECK gb_status gb_inspect_find(const gb_tensor_file *file, const char *name, const gb_tensor **tensor,
                                   gb_err *err);
/* "946×481" with TIMES between the sizes; "scalar" for rank 0.  Released with free(); NULL when memory is
 * short. */
char *gb_inspect_shape(const gb_tensor *tensor, const char *times);
/* The cell of the shape in a table: "946×481", or empty when memory is short. */
void gb_inspect_shape_cell(gb_text_table *table, const gb_tensor *tensor);
/* VALUE as people write it: strings without quotes, lists with commas.  Released with free(); NULL when
 * memory is short. */
char *gb_inspect_value_text(const gb_json *value);
/* The attribute KEY of TENSOR if it is a string, else "".  Borrowed from FILE. */
const char *gb_inspect_attribute_text(const gb_tensor_file *file, const char *tensor, const char *key);

GB_END_DECLS
#endif
