/* SPDX-License-Identifier: MIT */
/* training_cost.h: sizes, memory and time of a training, without running it (--plan). */
#ifndef GB_TRAIN_TRAINING_COST_H
#define GB_TRAIN_TRAINING_COST_H

#include "loader/loader.h"
#include "train/trainer.h"

GB_BEGIN_DECLS

/* Sizes as on the command line: "video=10x90x160x3,codes=8x112,mel=128x150,text=3072,voxels=85810,rows=946";
 * further NAME=WIDTH are float tensors; "subjects=17". */
typedef struct gb_cost_dims {
	gb_network_shape shape;
	int64_t rows;
} gb_cost_dims;
GB_CHECK gb_status gb_cost_parse(gb_cost_dims *dims, const char *text, gb_err *err);
/* The same from a data set: its tensors, the subjects of OPTIONS, its train rows. */
GB_CHECK gb_status gb_cost_set(gb_cost_dims *dims, const gb_dataset *set, const gb_train_options *options,
                               gb_err *err);

/* TSV text, to be released with free(): layers and their parameters, then totals, bytes and steps, and
 * how long they take on the processors of this machine, from a short measurement with POOL. */
GB_CHECK char *gb_cost_text(const gb_cost_dims *dims, const gb_train_options *options, gb_rational step,
                            gb_pool *pool, gb_err *err);

/* Bytes that training NET takes with MICRO_BATCHES a step; RIDGE: initialised from the ridge solution. */
size_t gb_cost_memory(const gb_network *net, int64_t micro_batches, bool ridge);

GB_END_DECLS
#endif
