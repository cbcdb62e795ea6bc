/* SPDX-License-Identifier: MIT */
#include "tensor/profile.h"

#include <stdlib.h>
#include <string.h>

/* OBJECT's KEY as a copy, an empty object where it is absent. */
static gb_json *part(const gb_json *object, const char *key)
{
	const gb_json *value = gb_json_get(object, key);

	return value ? gb_json_copy(value) : gb_json_object();
}

static gb_json *inputs_without_names(const gb_json *profile)
{
	gb_json *inputs = part(profile, "inputs");

	for (void *it = gb_json_first(inputs); it; it = gb_json_next(inputs, it))
		gb_json_remove((gb_json *)gb_json_value(it), "name");
	return inputs;
}

static gb_json *described_tensors(const gb_json *profile, const gb_tensor *tensor, size_t count,
                                  bool *complete)
{
	gb_json *all = gb_json_object();
	const gb_json *known = gb_json_get(profile, "tensors");

	for (size_t i = 0; i < count; i++) {
		gb_json *one = part(known, tensor[i].name), *shape = gb_json_array();
		for (int axis = 0; axis < tensor[i].rank; axis++)
			*complete &= gb_json_append(shape, gb_json_integer(tensor[i].shape[axis]));
		*complete &= gb_json_set(one, "dtype", gb_json_string(tensor[i].dtype_name));
		*complete &= gb_json_set(one, "shape", shape);
		*complete &= gb_json_set(all, tensor[i].name, one);
	}
	return all;
}

gb_status gb_profile_identity(const gb_json *profile, const gb_tensor *tensor, size_t count,
                              char id[GB_HASH_TEXT], gb_err *err)
{
	gb_json *identity = gb_json_object();
	bool complete = gb_json_set(identity, "inputs", inputs_without_names(profile));
	char *text;

	complete &= gb_json_set(identity, "params", part(profile, "params"));
	complete &= gb_json_set(identity, "tensors", described_tensors(profile, tensor, count, &complete));
	complete &= gb_json_set(identity, "tool", gb_json_copy(gb_json_get(profile, "tool")));
	text = complete ? gb_json_dump(identity) : NULL;
	gb_json_free(identity);
	if (!text)
		return gb_fail(err, GB_DATA, "the description of the tensors is not complete");
	gb_hash_format(gb_hash_of(text, strlen(text)), id);
	free(text);
	return GB_OK;
}
