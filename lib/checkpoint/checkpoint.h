/* SPDX-License-Identifier: MIT */
/* checkpoint.h: a model on disk: one tensor file with its weights, and a JSON
 * tensor `model` that says the rest:
 *
 *   {"kind":"ridge","set":ID,"config":{…},"dims":{…},"state":{…}}
 *
 * config: what the model was asked to be; dims: what the data made of it;
 * state: where training stands.  Written whole or not at all. */
#ifndef GB_CHECKPOINT_CHECKPOINT_H
#define GB_CHECKPOINT_CHECKPOINT_H

#include "dataset/dataset.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

typedef struct gb_checkpoint_item {
	const char *name;
	gb_dtype dtype;
	int rank;
	int64_t shape[4];
	const char *dims, *doc;
	const void *data;     /* borrowed until the write is done */
	/* instead of all but the name: the tensor of that name there, with its attributes */
	gb_tensor_file *from;
} gb_checkpoint_item;

/* TOOL is "gb-train 0.1.0".  DESCRIPTION is the object above; its kind, set and config become the
 * file's params. */
GB_CHECK gb_status gb_checkpoint_write(const char *path, const char *tool, const gb_json *description,
                                       const gb_checkpoint_item *item, size_t items, gb_pool *pool,
                                       gb_err *err);

/* PATH: a checkpoint, or a RUN folder: its best.safetensors, else last.safetensors.  *DESCRIPTION is
 * owned by the caller.  GB_SYSTEM if there is none (models: 4), GB_DATA if it is no checkpoint. */
GB_CHECK gb_status gb_checkpoint_open(gb_tensor_file **file, gb_json **description, const char *path,
                                      gb_err *err);

/* A F32 tensor of exactly these dimensions (0: any; COLUMNS −1: a vector), verified; *DATA is borrowed
 * from FILE. */
GB_CHECK gb_status gb_checkpoint_floats(gb_tensor_file *file, const char *name, int64_t rows, int64_t columns,
                                        const float **data, gb_err *err);

GB_END_DECLS
#endif
