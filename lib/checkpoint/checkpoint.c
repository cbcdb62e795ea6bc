/* SPDX-License-Identifier: MIT */
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"

gb_status gb_checkpoint_write(const char *path, const char *tool, const gb_json *description,
                              const gb_checkpoint_item *item, size_t items, gb_pool *pool, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_json *params = gb_json_object();
	gb_status status;
	bool good = params != NULL;

	for (const char *const *key = (const char *const[]){"kind", "set", "config", NULL}; good && *key;
	     key++)
		good = gb_json_set(params, *key, gb_json_copy(gb_json_get(description, *key)));
	status = good ? gb_tensor_writer_new(&writer, tool, params, err)
	              : gb_fail(err, GB_SYSTEM, "%s: memory is short", path);
	gb_json_free(params);
	for (size_t i = 0; !status && i < items; i++) {
		gb_tensor_spec spec = {.name = item[i].name,
		                       .dtype = item[i].dtype,
		                       .rank = item[i].rank,
		                       .dims = item[i].dims,
		                       .doc = item[i].doc};

		memcpy(spec.shape, item[i].shape, sizeof item[i].shape);
		status = item[i].from ? gb_tensor_writer_add_copy(writer, item[i].from, item[i].name, err)
		                      : gb_tensor_writer_add(writer, &spec, err);
	}
	if (!status)
		status = gb_tensor_writer_add_json(writer, "model", description,
		                                   "kind, configuration, dimensions and state of the model",
		                                   err);
	if (!status)
		status = gb_tensor_writer_begin(writer, path, err);
	for (size_t i = 0; !status && i < items; i++) {
		size_t bytes = gb_dtype_size(item[i].dtype);

		if (item[i].from)
			continue;
		for (int d = 0; d < item[i].rank; d++)
			bytes *= (size_t)item[i].shape[d];
		status = gb_tensor_writer_put(writer, item[i].name, item[i].data, bytes, err);
	}
	if (!status)
		status = gb_tensor_writer_commit(writer, pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

static gb_status find(const char *path, char **found, gb_err *err)
{
	struct stat about;

	*found = NULL;
	if (stat(path, &about))
		return gb_fail_errno(err, GB_SYSTEM, errno, "%s: no model there", path);
	if (!S_ISDIR(about.st_mode)) {
		*found = gb_string(path, err);
		return *found ? GB_OK : GB_SYSTEM;
	}
	for (const char *const *name = (const char *const[]){"best", "last", NULL}; *name; name++) {
		*found = gb_format(err, "%s/%s.safetensors", path, *name);
		if (!*found)
			return GB_SYSTEM;
		if (stat(*found, &about) == 0)
			return GB_OK;
		free(*found);
	}
	*found = NULL;
	return gb_fail(err, GB_SYSTEM,
	               "%s: neither best.safetensors nor last.safetensors there; make them with gb-train -o "
	               "%s",
	               path, path);
}

gb_status gb_checkpoint_open(gb_tensor_file **file, gb_json **description, const char *path, gb_err *err)
{
	const gb_tensor *model;
	char *found;
	gb_status status = find(path, &found, err);

	*file = NULL;
	*description = NULL;
	if (!status)
		status = gb_tensor_file_open(file, found, err);
	if (!status && !gb_tensor_file_find(*file, "model"))
		status = gb_fail(err, GB_DATA, "%s: no tensor `model`: a checkpoint of gb-train is wanted",
		                 found);
	if (!status)
		status = gb_tensor_file_need(*file, "model", GB_U8, 1, &model, err);
	if (!status)
		status = gb_json_parse(model->data, model->bytes, description, err);
	if (!status && !gb_json_text(gb_json_get(*description, "kind")))
		status = gb_fail(err, GB_DATA, "%s: tensor `model` names no kind", found);
	if (status) {
		gb_tensor_file_close(*file);
		gb_json_free(*description);
		*file = NULL;
		*description = NULL;
	}
	free(found);
	return status;
}

gb_status gb_checkpoint_floats(gb_tensor_file *file, const char *name, int64_t rows, int64_t columns,
                               const float **data, gb_err *err)
{
	const gb_tensor *t;
	gb_status status = gb_tensor_file_need(file, name, GB_F32, columns < 0 ? 1 : 2, &t, err);

	if (status)
		return status;
	if ((rows > 0 && t->shape[0] != rows) || (columns > 0 && t->shape[1] != columns))
		return gb_fail(err, GB_DATA, "%s: tensor %s: %lld × %lld values, %lld × %lld are wanted",
		               gb_tensor_file_name(file), name, (long long)t->shape[0],
		               t->rank > 1 ? (long long)t->shape[1] : 1LL, (long long)rows,
		               columns > 0 ? (long long)columns : 1LL);
	*data = t->data;
	return GB_OK;
}
