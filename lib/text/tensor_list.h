/* SPDX-License-Identifier: MIT */
/* tensor_list.h: tensors made in memory, to be written together. */
#ifndef GB_TEXT_TENSOR_LIST_H
#define GB_TEXT_TENSOR_LIST_H

#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

#define GB_TENSOR_LIST_MAX 128

typedef struct gb_tensor_list {
	struct gb_listed {
		gb_tensor_spec spec;
		char *name;
		void *data;
		size_t bytes;
	} item[GB_TENSOR_LIST_MAX];
	int count;
} gb_tensor_list;

/* *DATA: a zeroed tensor of that spec, to be filled.  The spec's name is
 * copied, its attributes are taken, its clock must outlive the list.  A name
 * used twice is GB_USAGE. */
GB_CHECK gb_status gb_tensor_list_add(gb_tensor_list *list, const gb_tensor_spec *spec, void *data,
                                      gb_err *err);
/* All of them into WRITER, from begin (to OUT) to before commit. */
GB_CHECK gb_status gb_tensor_list_write(gb_tensor_list *list, gb_tensor_writer *writer, const char *out,
                                        gb_err *err);
void gb_tensor_list_clear(gb_tensor_list *list);

GB_END_DECLS
#endif
