/* SPDX-License-Identifier: MIT */
/* model_type.h: what a kind of model must know how to do, and the table of
 * kinds.  A new kind is one of these structs and a line in model.c. */
#ifndef GB_MODEL_MODEL_TYPE_H
#define GB_MODEL_MODEL_TYPE_H

#include "model/model.h"

GB_BEGIN_DECLS

/* What a kind that has a bottleneck z knows how to do, as gb_model_bottleneck… says. */
typedef struct gb_model_bottleneck_table {
	size_t (*width)(const void *state);
	gb_status (*values)(void *state, const gb_dataset *set, const int64_t *rows, size_t count, float *out,
	                    gb_pool *pool, gb_err *err);
	gb_status (*reads)(void *state, const gb_dataset *set, const char *subject, const uint8_t *region,
	                   float **reads, size_t *count, gb_pool *pool, gb_err *err);
	void (*take_out)(void *state, const gb_bottleneck_removed *out);
} gb_model_bottleneck_table;

typedef struct gb_model_type_table {
	const char *kind;
	/* *STATE is the kind's own; FILE and DESCRIPTION stay open until close. */
	gb_status (*open)(void **state, gb_tensor_file *file, const gb_json *description, gb_err *err);
	void (*close)(void *state); /* accepts NULL */
	gb_status (*fits)(const void *state, const gb_dataset *set, gb_err *err);
	size_t (*voxels)(const void *state);
	gb_status (*encode)(void *state, const gb_dataset *set, const char *subject, const int64_t *rows,
	                    size_t count, float *out, gb_pool *pool, gb_err *err);
	bool (*decodes)(const void *state, const char *feature, bool from_brain);
	gb_status (*decode)(void *state, const gb_decode_request *request, float *out, gb_pool *pool,
	                    gb_err *err);
	size_t (*decoded_shape)(const void *state, const char *feature, int64_t shape[4], int *rank);
	/* NULL: cannot.  From now on these stimulus tensors are as gb_model_ablate says. */
	gb_status (*silence)(void *state, const char *const *feature, size_t features, gb_err *err);
	const gb_model_bottleneck_table *latent; /* NULL: no z */
	/* NULL: it has no probabilities.  As gb_model_code_loss says. */
	gb_status (*code_loss)(void *state, const gb_decode_request *request, double loss[2], gb_pool *pool,
	                       gb_err *err);
} gb_model_type_table;

extern const gb_model_type_table gb_model_ridge, gb_model_giblet13, gb_model_dense13;

GB_END_DECLS
#endif
