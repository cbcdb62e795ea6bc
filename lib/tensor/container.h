/* SPDX-License-Identifier: MIT */
/* container.h: the safetensors container: parsing untrusted bytes, laying out
 * new ones.  No profile here: see meta/tensor_file.h, which tools use. */
#ifndef GB_TENSOR_CONTAINER_H
#define GB_TENSOR_CONTAINER_H

#include "io/json.h"
#include "tensor/dtype.h"

GB_BEGIN_DECLS

#define GB_RANK_MAX 16                 /* of what we write; readers take any */
#define GB_HEADER_MAX 100000000u       /* bytes, as in the reference reader */
#define GB_DATA_ALIGN 4096u

typedef struct gb_tensor {
	const char *name;
	gb_dtype dtype;
	const char *dtype_name;            /* as in the file */
	int rank;
	const int64_t *shape;
	size_t elements, bytes;
	size_t begin;                      /* offset in the data section */
	const void *data;                  /* perhaps unaligned in foreign files */
} gb_tensor;

typedef struct gb_container {
	gb_tensor *tensor;                 /* in offset order */
	size_t tensors;
	gb_json *header;
	const gb_json *metadata;           /* "__metadata__", NULL if absent */
	size_t header_bytes;               /* 8 + N */
	int64_t *shapes;
} gb_container;

/* Parse SIZE bytes at DATA (which stay borrowed).  Everything format.md lists
 * is refused with GB_DATA and one line naming NAME, tensor and byte. */
GB_CHECK gb_status gb_container_parse(gb_container *container, const void *data, size_t size,
                                      const char *name, gb_err *err);
void gb_container_clear(gb_container *container);

GB_END_DECLS
#endif
