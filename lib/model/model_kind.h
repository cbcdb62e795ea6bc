/* SPDX-License-Identifier: MIT */
/* model_kind.h: what a kind of model must know how to do, and the table of
 * kinds.  A new kind is one of these structs and a line in model.c. */
#ifndef GB_MODEL_MODEL_KIND_H
#define GB_MODEL_MODEL_KIND_H

#include "model/model.h"

GB_BEGIN_DECLS

typedef struct gb_model_kind_table {
	const char *kind;
	/* *STATE is the kind's own; FILE and DESCRIPTION stay open until close. */
	gb_status (*open)(void **state, gb_tensor_file *file, const gb_json *description, gb_err *err);
	void (*close)(void *state); /* accepts NULL */
	gb_status (*fits)(const void *state, const gb_dataset *set, gb_err *err);
	size_t (*voxels)(const void *state);
	gb_status (*encode)(void *state, const gb_dataset *set, const char *subject, const int64_t *rows, size_t count,
	                    float *out, gb_pool *pool, gb_err *err);
	bool (*decodes)(const void *state, const char *feature, bool from_brain);
	gb_status (*decode)(void *state, const gb_dataset *set, const char *feature, bool from_brain, const char *subject,
	                    const uint8_t *keep, const int64_t *rows, size_t count, float *out, gb_pool *pool, gb_err *err);
	size_t (*decoded_shape)(const void *state, const char *feature, int64_t shape[4], int *rank);
	/* NULL: cannot.  From now on these stimulus tensors are as gb_model_silence says. */
	gb_status (*silence)(void *state, const char *const *feature, size_t features, gb_err *err);
} gb_model_kind_table;

extern const gb_model_kind_table gb_model_ridge, gb_model_giblet13, gb_model_giblet13_seed;

GB_END_DECLS
#endif
