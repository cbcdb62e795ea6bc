/* SPDX-License-Identifier: MIT */
#include "text/tensor_list.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

static bool size_of(const gb_tensor_spec *spec, size_t *bytes)
{
	*bytes = gb_dtype_size(spec->dtype);
	for (int i = 0; i < spec->rank; i++)
		if (spec->shape[i] < 0 || !gb_size_mul(*bytes, (size_t)spec->shape[i], bytes))
			return false;
	return true;
}

gb_status gb_tensor_list_add(gb_tensor_list *list, const gb_tensor_spec *spec, void *data, gb_err *err)
{
	struct gb_listed *item = &list->item[list->count];
	size_t bytes = 0;
	gb_status status = GB_OK;

	for (int i = 0; i < list->count && status == GB_OK; i++)
		if (!strcmp(list->item[i].name, spec->name))
			status = gb_fail(err, GB_USAGE, "%s is asked for twice", spec->name);
	if (status == GB_OK && list->count == GB_TENSOR_LIST_MAX)
		status = gb_fail(err, GB_USAGE, "%s: more than %d tensors", spec->name, GB_TENSOR_LIST_MAX);
	if (status == GB_OK && !size_of(spec, &bytes))
		status = gb_fail(err, GB_SYSTEM, "%s: too large for memory", spec->name);
	if (status == GB_OK) {
		*item = (struct gb_listed){.spec = *spec, .name = gb_string(spec->name, err), .bytes = bytes};
		item->data = item->name ? gb_array(bytes, 1, err) : NULL;
		item->spec.name = item->name;
		if (item->data) {
			*(void **)data = item->data;
			list->count++;
			return GB_OK;
		}
		free(item->name);
		status = GB_SYSTEM;
	}
	gb_json_free(spec->attributes);
	return status;
}

gb_status gb_tensor_list_write(gb_tensor_list *list, gb_tensor_writer *writer, const char *out, gb_err *err)
{
	gb_status status = GB_OK;

	for (int i = 0; i < list->count && status == GB_OK; i++) {
		status = gb_tensor_writer_add(writer, &list->item[i].spec, err);
		list->item[i].spec.attributes = NULL; /* taken */
	}
	if (status == GB_OK)
		status = gb_tensor_writer_begin(writer, out, err);
	for (int i = 0; i < list->count && status == GB_OK; i++)
		status = gb_tensor_writer_put(writer, list->item[i].name, list->item[i].data,
		                              list->item[i].bytes, err);
	return status;
}

void gb_tensor_list_clear(gb_tensor_list *list)
{
	for (int i = 0; i < list->count; i++) {
		gb_json_free(list->item[i].spec.attributes);
		free(list->item[i].name);
		free(list->item[i].data);
	}
	list->count = 0;
}
