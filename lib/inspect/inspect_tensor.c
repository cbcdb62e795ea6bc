/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/text_table.h"

char *gb_inspect_shape(const gb_tensor *tensor, const char *times)
{
	size_t room = (size_t)tensor->rank * 24 + 8;
	char *text = gb_array(room, 1, NULL), *at = text;

	if (text && tensor->rank == 0)
		strcpy(text, "scalar");
	for (int i = 0; text && i < tensor->rank; i++)
		at += sprintf(at, "%s%lld", i ? times : "", (long long)tensor->shape[i]);
	return text;
}

void gb_inspect_shape_cell(gb_text_table *table, const gb_tensor *tensor)
{
	char *shape = gb_inspect_shape(tensor, "×");

	gb_text_table_cell(table, "%s", shape ? shape : "");
	free(shape);
}

static void print_plain(FILE *out, const gb_json *value)
{
	if (gb_json_text(value)) {
		fputs(gb_json_text(value), out);
	} else if (gb_json_is_array(value)) {
		for (size_t i = 0; i < gb_json_size(value); i++) {
			fputs(i ? "," : "", out);
			print_plain(out, gb_json_at(value, i));
		}
	} else {
		char *text = value ? gb_json_dump(value) : NULL;
		fputs(text ? text : "", out);
		free(text);
	}
}

char *gb_inspect_value_text(const gb_json *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_plain(out, value);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return gb_text_table_clean(text);
}

const char *gb_inspect_attribute_text(const gb_tensor_file *file, const char *tensor, const char *key)
{
	const char *text = gb_json_text(gb_tensor_file_attribute(file, tensor, key));

	return text ? text : "";
}

gb_status gb_inspect_find(const gb_tensor_file *file, const char *name, const gb_tensor **tensor, gb_err *err)
{
	char names[400] = "";
	size_t used = 0;

	*tensor = name                              ? gb_tensor_file_find(file, name)
	          : gb_tensor_file_count(file) == 1 ? gb_tensor_file_at(file, 0)
	                                            : NULL;
	if (*tensor)
		return GB_OK;
	for (size_t i = 0; i < gb_tensor_file_count(file) && used < sizeof names - 1; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
		                         gb_tensor_file_at(file, i)->name);
	if (used >= sizeof names)
		memcpy(names + sizeof names - 4, "…", sizeof "…");
	if (!name)
		return gb_fail(err, GB_USAGE, "%s: which tensor? Name it with --tensor: %s",
		               gb_tensor_file_name(file), *names ? names : "there is none");
	return gb_fail(err, GB_USAGE, "%s: tensor %s: not in this file, which has %s",
	               gb_tensor_file_name(file), name, *names ? names : "none");
}
