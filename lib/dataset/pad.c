/* SPDX-License-Identifier: MIT */
#include "dataset/pad.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "tensor/tensor_writer.h"

/* The tensor whose rows NAME shares: "video" for "video.pts", else itself. */
static const gb_tensor *owner_of(const gb_tensor_file *file, const gb_tensor *tensor)
{
	size_t length = strlen(tensor->name);
	const gb_tensor *owner = NULL;
	char *name;

	if (length > 4 && !strcmp(tensor->name + length - 4, ".pts") && tensor->rank == 2) {
		name = gb_format(NULL, "%.*s", (int)(length - 4), tensor->name);
		owner = name ? gb_tensor_file_find(file, name) : NULL;
		free(name);
	}
	return owner ? owner : tensor;
}

/* The axis of TENSOR that is padded: that of its owner; 0: none. */
static int padded_axis(const gb_tensor_file *file, const gb_tensor *tensor)
{
	const gb_tensor *owner = owner_of(file, tensor);
	int axis = gb_tensor_file_has_clock(file, tensor->name) ? gb_ragged_axis(file, owner) : 0;

	if (owner == tensor || axis == 0)
		return axis;
	return tensor->shape[1] == owner->shape[axis] ? 1 : 0;
}

/* The longest padded axis that any file of the same brain (or of the stimuli) has for TENSOR. */
static int64_t longest(const gb_dataset *set, const gb_member *member, const gb_tensor *tensor)
{
	int64_t most = tensor->shape[padded_axis(member->file, tensor)];

	for (size_t i = 0; i < set->members; i++) {
		const gb_member *other = &set->member[i];
		const gb_tensor *same = gb_tensor_file_find(other->file, tensor->name);
		int axis = same ? padded_axis(other->file, same) : 0;

		if (axis && axis == padded_axis(member->file, tensor) && same->rank == tensor->rank &&
		    !other->subject == !member->subject &&
		    (!member->subject || !strcmp(other->subject, member->subject)) &&
		    same->shape[axis] > most)
			most = same->shape[axis];
	}
	return most;
}

/* Copy TENSOR's rows to OUT, whose AXIS is LENGTH long. */
static void pad(const gb_tensor *tensor, int axis, int64_t length, uint8_t *out)
{
	size_t size = gb_dtype_size(tensor->dtype), inner = size, outer = 1,
	       had = (size_t)tensor->shape[axis], i, k;
	bool again = tensor->dtype == GB_U8 || tensor->dtype == GB_I64; /* pictures, their times */
	const uint8_t *in = tensor->data;

	for (int d = 0; d < axis; d++)
		outer *= (size_t)tensor->shape[d];
	for (int d = axis + 1; d < tensor->rank; d++)
		inner *= (size_t)tensor->shape[d];
	for (i = 0; i < outer; i++) {
		memcpy(out, in, had * inner);
		for (k = had; k < (size_t)length; k++) {
			if (again && had)
				memcpy(out + k * inner, in + (had - 1) * inner, inner);
			else
				memset(out + k * inner, tensor->dtype == GB_I16 ? 0xff : 0, inner);
		}
		in += had * inner;
		out += (size_t)length * inner;
	}
}

static gb_status add_padded(gb_tensor_writer *writer, const gb_member *member, const gb_tensor *tensor,
                            int64_t length, gb_err *err)
{
	const gb_json *about = gb_tensor_file_attribute(member->file, tensor->name, NULL);
	gb_tensor_spec spec = {.name = tensor->name,
	                       .dtype = tensor->dtype,
	                       .rank = tensor->rank,
	                       .attributes = gb_json_copy(about)};

	if (!spec.attributes || tensor->rank > GB_RANK_MAX) {
		gb_json_free(spec.attributes);
		return gb_fail(err, GB_DATA, "%s: %s: too many axes", member->path, tensor->name);
	}
	memcpy(spec.shape, tensor->shape, (size_t)tensor->rank * sizeof *tensor->shape);
	spec.shape[padded_axis(member->file, tensor)] = length;
	return gb_tensor_writer_add(writer, &spec, err);
}

/* MEMBER anew, each tensor that is shorter than LENGTH says padded to it. */
static gb_status rewrite(gb_member *member, const char *path, const int64_t *length,
                         const gb_member_options *options, gb_err *err)
{
	size_t i, count = gb_tensor_file_count(member->file);
	gb_tensor_writer *writer;
	gb_status status = gb_tensor_writer_new(&writer, options->tool, NULL, err);

	if (!status)
		status = gb_tensor_writer_param(writer, "pad", gb_json_boolean(true), err);
	if (!status)
		status = gb_tensor_writer_input_file(writer, "padded", member->file, err);
	for (i = 0; !status && i < count; i++) {
		const gb_tensor *tensor = gb_tensor_file_at(member->file, i);

		status = length[i] ? add_padded(writer, member, tensor, length[i], err)
		                   : gb_tensor_writer_add_copy(writer, member->file, tensor->name, err);
	}
	if (!status)
		status = gb_tensor_writer_begin(writer, path, err);
	for (i = 0; !status && i < count; i++) {
		const gb_tensor *tensor = gb_tensor_file_at(member->file, i);
		uint8_t *out = length[i] ? gb_tensor_writer_data(writer, tensor->name) : NULL;

		if (length[i] && !out)
			status = gb_fail(err, GB_SYSTEM, "%s: no room", path);
		else if (out)
			pad(tensor, padded_axis(member->file, tensor), length[i], out);
	}
	if (!status)
		status = gb_tensor_writer_commit(writer, options->pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

static gb_status pad_member(gb_dataset *set, gb_member *member, const char *folder,
                            const gb_member_options *options, gb_err *err)
{
	size_t i, count = gb_tensor_file_count(member->file);
	int64_t *length = gb_array(count, sizeof *length, err);
	char *path = gb_format(err, "%s/%s", folder, member->name);
	gb_status status = length && path ? GB_OK : GB_SYSTEM;
	bool any = false;

	for (i = 0; !status && i < count; i++) {
		const gb_tensor *tensor = gb_tensor_file_at(member->file, i);
		int axis = padded_axis(member->file, tensor);

		if (axis && longest(set, member, tensor) > tensor->shape[axis]) {
			length[i] = longest(set, member, tensor);
			any = true;
		}
	}
	if (!status && any)
		status = rewrite(member, path, length, options, err);
	if (!status && any) {
		gb_member_close(member);
		status = gb_member_open(member, path, err);
	}
	free(length);
	free(path);
	return status;
}

gb_status gb_members_pad(gb_dataset *set, const char *folder, const gb_member_options *options, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < set->members; i++)
		status = pad_member(set, &set->member[i], folder, options, err);
	return status;
}
