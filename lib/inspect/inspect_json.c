/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_json.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/inspect_stats.h"

static bool add_stats(gb_json *object, const gb_tensor_stats *stats)
{
	gb_json *s = gb_json_object();
	bool good = gb_json_set(s, "min", gb_json_real(stats->min)) &
	            gb_json_set(s, "max", gb_json_real(stats->max)) &
	            gb_json_set(s, "mean", gb_json_real(stats->mean)) &
	            gb_json_set(s, "std", gb_json_real(stats->std)) &
	            gb_json_set(s, "count", gb_json_integer((int64_t)stats->count)) &
	            gb_json_set(s, "nan", gb_json_integer((int64_t)stats->nan)) &
	            gb_json_set(s, "inf", gb_json_integer((int64_t)stats->inf)) &
	            gb_json_set(s, "zeros", gb_json_integer((int64_t)stats->zeros)) &
	            gb_json_set(s, "columns", gb_json_integer(stats->columns)) &
	            gb_json_set(s, "constant_columns", gb_json_integer(stats->constant));

	return gb_json_set(object, "stats", s) && good;
}

/* The attributes of TENSOR in the profile, its name, type, size and shape; NULL when memory is short. */
static gb_json *tensor_json(const gb_tensor_file *file, const gb_tensor *tensor)
{
	const gb_json *said = gb_json_get(gb_json_get(gb_tensor_file_profile(file), "tensors"), tensor->name);
	gb_json *object = gb_json_is_object(said) ? gb_json_copy(said) : gb_json_object(),
		*shape = gb_json_array();
	bool good = object && shape;

	for (int i = 0; i < tensor->rank; i++)
		good &= gb_json_append(shape, gb_json_integer(tensor->shape[i]));
	good &= gb_json_set(object, "name", gb_json_string(tensor->name)) &
	        gb_json_set(object, "dtype", gb_json_string(tensor->dtype_name)) &
	        gb_json_set(object, "bytes", gb_json_integer((int64_t)tensor->bytes)) &
	        gb_json_set(object, "shape", shape);
	if (good)
		return object;
	gb_json_free(object);
	return NULL;
}

gb_status gb_inspect_json(FILE *out, gb_tensor_file *file, bool stats, gb_pool *pool, gb_err *err)
{
	static const char *const keys[] = {"tool", "params", "inputs", "id"};
	const gb_json *profile = gb_tensor_file_profile(file), *metadata = gb_tensor_file_metadata(file);
	gb_json *object = gb_json_object(), *tensors = gb_json_array();
	bool good = object && tensors;
	gb_status status = GB_OK;
	char *text = NULL;

	good &= gb_json_set(object, "file", gb_json_string(gb_tensor_file_name(file)));
	good &= gb_json_set(object, "format", gb_json_string(profile ? "gbt/1" : "safetensors"));
	for (size_t i = 0; profile && i < 4; i++)
		if (gb_json_get(profile, keys[i]))
			good &= gb_json_set(object, keys[i], gb_json_copy(gb_json_get(profile, keys[i])));
	if (!profile && metadata)
		good &= gb_json_set(object, "metadata", gb_json_copy(metadata));
	for (size_t i = 0; !status && good && i < gb_tensor_file_count(file); i++) {
		const gb_tensor *tensor = gb_tensor_file_at(file, i);
		gb_json *said = tensor_json(file, tensor);
		gb_tensor_stats s;
		if (stats && said && tensor->dtype != GB_FOREIGN) {
			status = gb_inspect_read_stats(file, &tensor, pool, &s, err);
			good &= status || add_stats(said, &s);
		}
		good &= gb_json_append(tensors, said);
	}
	good &= gb_json_set(object, "tensors", tensors);
	text = good && !status ? gb_json_dump(object) : NULL;
	gb_json_free(object);
	if (status)
		return status;
	if (!text)
		return gb_fail(err, GB_SYSTEM, "%s: out of memory, or its name is not UTF-8",
		               gb_tensor_file_name(file));
	fprintf(out, "%s\n", text);
	free(text);
	return GB_OK;
}
