/* SPDX-License-Identifier: MIT */
/* inspect_npy.c: NumPy's .npy, format 1.0: magic, header length, a Python
 * dictionary padded to 64 bytes, the data. */
#include "inspect/inspect_npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "inspect/inspect_tensor.h"

static const char *const descr[] = {
    [GB_BOOL] = "|b1", [GB_U8] = "|u1",  [GB_I8] = "|i1",  [GB_I16] = "<i2", [GB_U16] = "<u2",
    [GB_I32] = "<i4",  [GB_U32] = "<u4", [GB_I64] = "<i8", [GB_U64] = "<u8", [GB_F16] = "<f2",
    [GB_BF16] = "<f4", [GB_F32] = "<f4", [GB_F64] = "<f8"};

static size_t header(const gb_tensor *tensor, char *out, size_t room)
{
	size_t used = 10, end;

	memcpy(out, "\x93NUMPY\x01\x00", 8);
	used += (size_t)snprintf(out + used, room - used,
	                         "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[tensor->dtype]);
	for (int i = 0; i < tensor->rank; i++)
		used += (size_t)snprintf(out + used, room - used, "%lld,%s", (long long)tensor->shape[i],
		                         i + 1 < tensor->rank ? " " : "");
	used += (size_t)snprintf(out + used, room - used, "), }");
	end = (used + 1 + 63) / 64 * 64;
	memset(out + used, ' ', end - used - 1);
	out[end - 1] = '\n';
	out[8] = (char)((end - 10) & 0xff);
	out[9] = (char)((end - 10) >> 8);
	return end;
}

/* A tensor's name as a file's: no folders, nothing hidden, nothing a shell would mind. */
static char *file_name(const char *folder, const char *name, gb_err *err)
{
	char *path = gb_format(err, "%s/%s.npy", folder, name), *at = path ? path + strlen(folder) + 1 : NULL;

	if (path && *at == '.')
		*at = '_';
	for (; path && *at; at++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *at))
			*at = '_';
	return path;
}

static gb_status write_data(gb_output *output, const gb_tensor *tensor, gb_err *err)
{
	enum { CHUNK = 16384 };
	float value[CHUNK];
	gb_status status = GB_OK;

	if (tensor->dtype != GB_BF16)
		return gb_output_write(output, tensor->data, tensor->bytes, err);
	for (size_t i = 0; !status && i < tensor->elements; i += CHUNK) {
		size_t count = tensor->elements - i < CHUNK ? tensor->elements - i : CHUNK;
		gb_dtype_to_float(GB_BF16, tensor->data, i, count, value);
		status = gb_output_write(output, value, count * sizeof *value, err);
	}
	return status;
}

static gb_status write_one(gb_tensor_file *file, const gb_tensor *tensor, const char *path, gb_err *err)
{
	size_t room = (size_t)tensor->rank * 24 + 256, size;
	gb_output output = {0};
	char *head = NULL;
	gb_status status;

	if (tensor->dtype == GB_FOREIGN)
		return gb_fail(err, GB_DATA,
		               "%s: %s: its type %s is foreign: NumPy has no such; name others with --tensor",
		               gb_tensor_file_name(file), tensor->name, tensor->dtype_name);
	status = gb_tensor_file_need(file, tensor->name, GB_FOREIGN, -1, &tensor, err);
	if (status)
		return status;
	head = room > 60000 ? NULL : gb_array(room, 1, err);
	if (!head)
		return gb_fail(err, GB_DATA, "%s: %s: %d axes are too many for NumPy",
		               gb_tensor_file_name(file), tensor->name, tensor->rank);
	size = header(tensor, head, room);
	status = gb_output_open(&output, path, true, err);
	if (!status)
		status = gb_output_write(&output, head, size, err);
	if (!status)
		status = write_data(&output, tensor, err);
	if (!status)
		status = gb_output_commit(&output, err);
	if (status)
		gb_output_abort(&output);
	free(head);
	return status;
}

static int same_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Two names that become one file would lose a tensor. */
static gb_status check_names(const gb_tensor_file *file, char **path, size_t count, gb_err *err)
{
	char **sorted = gb_array(count, sizeof *sorted, err);
	gb_status status = sorted ? GB_OK : GB_SYSTEM;

	if (sorted && count) {
		memcpy(sorted, path, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, same_text);
	}
	for (size_t i = 1; !status && i < count; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			status =
			    gb_fail(err, GB_DATA,
			            "%s: two tensors would both be %s: take them one by one with --tensor",
			            gb_tensor_file_name(file), sorted[i]);
	free(sorted);
	return status;
}

gb_status gb_inspect_npy(gb_tensor_file *file, const char *name, const char *folder, gb_err *err)
{
	size_t count = gb_tensor_file_count(file), paths = 0;
	const gb_tensor *one = NULL;
	char **path = gb_array(count, sizeof *path, err);
	gb_status status = path ? GB_OK : GB_SYSTEM;

	if (!status && name)
		status = gb_inspect_find(file, name, &one, err);
	for (size_t i = 0; !status && i < (one ? 1 : count); i++) {
		path[i] = file_name(folder, one ? one->name : gb_tensor_file_at(file, i)->name, err);
		status = path[i] ? GB_OK : GB_SYSTEM;
		paths += path[i] != NULL;
	}
	if (!status)
		status = check_names(file, path, paths, err);
	if (!status)
		status = gb_folder_make(folder, err);
	for (size_t i = 0; !status && i < paths; i++)
		status = write_one(file, one ? one : gb_tensor_file_at(file, i), path[i], err);
	for (size_t i = 0; i < paths; i++)
		free(path[i]);
	free(path);
	return status;
}
