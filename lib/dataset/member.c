/* SPDX-License-Identifier: MIT */
/* How an input becomes a member: hard-linked, copied, or written anew in the profile. */
#include "dataset/member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "tensor/tensor_writer.h"

/* A file name in the set: the input's, with a number where it is taken. */
static char *member_name(const gb_dataset *set, const char *path, gb_err *err)
{
	const char *base = strcmp(path, "-") ? gb_base_name(path) : "stdin", *dot = strrchr(base, '.');
	int length = dot && dot > base && !strcmp(dot, ".safetensors") ? (int)(dot - base)
	                                                               : (int)strlen(base);

	for (int n = 1;; n++) {
		char *name = n == 1 ? gb_format(err, "%.*s.safetensors", length, base)
		                    : gb_format(err, "%.*s-%d.safetensors", length, base, n);
		bool taken = false;

		if (!name)
			return NULL;
		taken = !strcmp(name, GB_SET_INDEX);
		for (size_t i = 0; i < set->members; i++)
			taken = taken || !strcmp(set->member[i].name, name);
		if (!taken)
			return name;
		free(name);
	}
}

/* The subject a file of bold is named for: "sub-1.safetensors" is sub-1. */
static gb_status guess_subject(gb_member *member, gb_err *err)
{
	const char *base, *dot;

	if (member->subject || !gb_tensor_file_find(member->file, "bold"))
		return GB_OK;
	base = gb_base_name(member->path);
	dot = strchr(base, '.');
	member->subject = gb_format(err, "%.*s", dot && dot > base ? (int)(dot - base) : (int)strlen(base),
	                            base);
	return member->subject ? GB_OK : GB_SYSTEM;
}

/* What the axes of a foreign tensor are: by its name where the profile knows it. */
static const char *axes_of(const gb_tensor *tensor)
{
	static const struct { const char *name; int rank; const char *dims;
	} known[] = {{"codes", 3, "time,codebook,frame"},
	             {"mel", 3, "time,band,frame"},
	             {"video", 5, "time,frame,y,x,rgb"},
	             {"bold", 2, "time,voxel"}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].rank == tensor->rank && !strcmp(known[i].name, tensor->name))
			return known[i].dims;
	return tensor->rank == 1   ? "time"
	       : tensor->rank == 2 ? "time,feature"
	       : tensor->rank == 3 ? "time,slot,feature"
	                           : NULL;
}

static gb_status foreign_spec(const gb_tensor_file *file, const gb_tensor *tensor, gb_tensor_spec *spec,
                              gb_err *err)
{
	const char *path = gb_tensor_file_name(file);

	if (tensor->rank < 1 || tensor->rank > GB_RANK_MAX)
		return gb_fail(err, GB_DATA,
		               "%s: %s has %d dimensions: every tensor of a file of features begins with "
		               "rows",
		               path, tensor->name, tensor->rank);
	if (tensor->shape[0] != gb_tensor_file_at(file, 0)->shape[0])
		return gb_fail(err, GB_DATA, "%s: %s has %lld rows, %s has %lld: one clock for all is wanted",
		               path, tensor->name, (long long)tensor->shape[0],
		               gb_tensor_file_at(file, 0)->name,
		               (long long)gb_tensor_file_at(file, 0)->shape[0]);
	spec->name = tensor->name;
	spec->dtype = tensor->dtype == GB_BF16 ? GB_F32 : tensor->dtype;
	if (!gb_dtype_writable(spec->dtype))
		return gb_fail(err, GB_DATA, "%s: %s is %s: signed integers or floats are wanted", path,
		               tensor->name, tensor->dtype_name);
	spec->rank = tensor->rank;
	memcpy(spec->shape, tensor->shape, (size_t)tensor->rank * sizeof *tensor->shape);
	spec->dims = axes_of(tensor);
	return GB_OK;
}

/* The values of TENSOR, BF16 as F32. */
static gb_status put_values(gb_tensor_writer *writer, const gb_tensor *tensor, gb_err *err)
{
	float *values;
	gb_status status;

	if (tensor->dtype != GB_BF16)
		return gb_tensor_writer_put(writer, tensor->name, tensor->data, tensor->bytes, err);
	values = gb_array(tensor->elements, sizeof *values, err);
	if (!values)
		return GB_SYSTEM;
	gb_dtype_to_float(GB_BF16, tensor->data, 0, tensor->elements, values);
	status = gb_tensor_writer_put(writer, tensor->name, values, tensor->elements * sizeof *values, err);
	free(values);
	return status;
}

/* A foreign file is written anew: with its clock, and with checksums. */
static gb_status adopt(gb_member *member, const char *path, const gb_member_options *options, gb_err *err)
{
	size_t i, count = gb_tensor_file_count(member->file);
	gb_tensor_writer *writer = NULL;
	gb_clock clock;
	gb_status status = GB_OK;
	char text[GB_RATIONAL_TEXT];

	if (count == 0)
		return gb_fail(err, GB_DATA, "%s: no tensors", member->path);
	status = gb_tensor_writer_new(&writer, options->tool, NULL, err);
	if (!status && options->clock->tr.set)
		status = gb_tensor_writer_param(
		    writer, "tr", gb_json_string(gb_rational_format(options->clock->tr.value, text)), err);
	if (!status && options->clock->start.set)
		status = gb_tensor_writer_param(
		    writer, "start",
		    gb_json_string(gb_rational_format(options->clock->start.value, text)), err);
	if (!status && options->clock->runs)
		status = gb_tensor_writer_param(writer, "runs", gb_json_string(options->clock->runs), err);
	if (!status && member->from_pipe)
		status = gb_tensor_writer_input_file(writer, "features", member->file, err);
	else if (!status)
		status = gb_tensor_writer_input_hash(writer, "features", member->path, member->input.size,
		                                     gb_hash_of(member->input.data, member->input.size), err);
	for (i = 0; !status && i < count; i++) {
		const gb_tensor *tensor = gb_tensor_file_at(member->file, i);
		gb_tensor_spec spec = {.clock = &clock};

		status = foreign_spec(member->file, tensor, &spec, err);
		if (!status)
			status = gb_tensor_file_clock_or(member->file, tensor->name, options->clock, &clock,
			                                 err);
		if (!status)
			status = gb_tensor_writer_add(writer, &spec, err);
	}
	if (!status)
		status = gb_tensor_writer_begin(writer, path, err);
	for (i = 0; !status && i < count; i++)
		status = put_values(writer, gb_tensor_file_at(member->file, i), err);
	if (!status)
		status = gb_tensor_writer_commit(writer, options->pool, err);
	gb_tensor_writer_free(writer);
	if (status)
		return status;
	gb_member_close(member);
	return gb_member_open(member, path, err);
}

/* The same file under another name where the file system can, else its bytes. */
static gb_status link_or_copy(const char *from, const char *to, bool *from_pipe, gb_err *err)
{
	gb_input input = {0};
	struct stat info;
	gb_status status;

	*from_pipe = false;
	if (strcmp(from, "-") && stat(from, &info) == 0 && S_ISREG(info.st_mode) &&
	    linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0)
		return GB_OK;
	status = gb_input_open(&input, from, err);
	if (!status)
		status = gb_output_whole(to, input.data, input.size, err);
	*from_pipe = input.from_pipe;
	gb_input_close(&input);
	return status;
}

gb_status gb_member_take(gb_dataset *set, const char *folder, const char *path, const char *subject,
                         const gb_member_options *options, gb_err *err)
{
	char *name = member_name(set, path, err), *to = name ? gb_format(err, "%s/%s", folder, name) : NULL;
	gb_status status = GB_SYSTEM;
	gb_member *member;
	bool from_pipe;

	if (!to)
		goto out;
	status = link_or_copy(path, to, &from_pipe, err);
	if (!status)
		status = gb_set_add(set, to, strcmp(path, "-") ? path : "standard input", name, subject, err);
	if (status)
		goto out;
	member = &set->member[set->members - 1];
	member->from_pipe = from_pipe;
	member->foreign = !gb_tensor_file_id(member->file);
	status = member->foreign ? adopt(member, to, options, err)
	                         : gb_tensor_file_verify(member->file, NULL, options->pool, err);
	gb_member_release(member);
	if (!status)
		status = guess_subject(member, err);
out:
	free(name);
	free(to);
	return status;
}
