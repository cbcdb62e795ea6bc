/* SPDX-License-Identifier: MIT */
#include "tensor/tensor_file.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "tensor/clock_json.h"
#include "tensor/profile.h"

struct gb_tensor_file {
	gb_input input;
	char *name;
	const uint8_t *data;
	size_t size;
	gb_container container;
	gb_json *profile;        /* NULL: not a gbt file */
	const gb_tensor *trailer;
	const char *id;
	bool *verified;          /* per tensor */
	void **aligned;          /* per tensor: a copy of misaligned data, or NULL */
};

static gb_status parse_profile(gb_tensor_file *file, const char *text, gb_err *err)
{
	gb_status status = gb_json_parse(text, strlen(text), &file->profile, err);

	if (status != GB_OK)
		return gb_fail_in(err, "%s: metadata gbt", file->name);
	file->id = gb_json_text(gb_json_get(file->profile, "id"));
	if (!file->id || !gb_json_text(gb_json_get(file->profile, "tool")) ||
	    !gb_json_is_object(gb_json_get(file->profile, "tensors")))
		return gb_fail(err, GB_DATA, "%s: metadata gbt: tool, tensors and id are wanted", file->name);
	return GB_OK;
}

/* A file that shows any sign of the profile must be a whole one. */
static gb_status check_profile(gb_tensor_file *file, gb_err *err)
{
	gb_container *c = &file->container;
	const char *format = gb_json_text(gb_json_get(c->metadata, "format"));
	const char *text = gb_json_text(gb_json_get(c->metadata, "gbt"));
	bool says = format && !strncmp(format, "gbt/", 4);
	char id[GB_HASH_TEXT];
	gb_hash hash;
	gb_status status;

	for (size_t i = 0; i < c->tensors; i++)
		if (!strcmp(c->tensor[i].name, GB_TRAILER))
			file->trailer = &c->tensor[i];
	if (!says && !text && !file->trailer)
		return GB_OK;
	if (!says || !text || !file->trailer)
		return gb_fail(err, GB_DATA,
		               "%s: damaged: of format, gbt and %s, which a gbt file has together, %s is "
		               "missing",
		               file->name, GB_TRAILER,
		               !says   ? "format"
		               : !text ? "gbt"
		                       : GB_TRAILER);
	if (file->trailer != &c->tensor[c->tensors - 1] || file->trailer->dtype != GB_U8 ||
	    file->trailer->rank != 2 || file->trailer->shape[0] != (int64_t)c->tensors ||
	    file->trailer->shape[1] != GB_HASH_BYTES)
		return gb_fail(err, GB_DATA, "%s: damaged: %s is not the last tensor, U8 [%zu, %d]",
		               file->name, GB_TRAILER, c->tensors, GB_HASH_BYTES);
	hash = gb_hash_of(file->data, c->header_bytes);
	if (memcmp(hash.bytes, file->trailer->data, sizeof hash.bytes))
		return gb_fail(err, GB_DATA,
		               "%s: damaged: the checksum of the header (bytes 0 to %zu) does not agree",
		               file->name, c->header_bytes);
	if (strcmp(format, GB_FORMAT))
		return gb_fail(err, GB_DATA, "%s: format %s: this program reads %s", file->name, format,
		               GB_FORMAT);
	if ((status = parse_profile(file, text, err)) != GB_OK ||
	    (status = gb_profile_identity(file->profile, c->tensor, c->tensors - 1, id, err)) != GB_OK)
		return status;
	if (strcmp(id, file->id))
		return gb_fail(err, GB_DATA, "%s: damaged: the id does not agree with what the header says",
		               file->name);
	return GB_OK;
}

static gb_status open_bytes(gb_tensor_file *file, gb_err *err)
{
	gb_status status = gb_container_parse(&file->container, file->data, file->size, file->name, err);

	if (status != GB_OK || (status = check_profile(file, err)) != GB_OK)
		return status;
	if (!(file->verified = gb_array(file->container.tensors, sizeof *file->verified, err)) ||
	    !(file->aligned = gb_array(file->container.tensors, sizeof *file->aligned, err)))
		return GB_SYSTEM;
	return GB_OK;
}

gb_status gb_tensor_file_open(gb_tensor_file **out, const char *path, gb_err *err)
{
	gb_tensor_file *file = gb_array(1, sizeof *file, err);
	gb_status status = GB_SYSTEM;

	*out = NULL;
	if (!file)
		return status;
	if ((status = gb_input_open(&file->input, path, err)) == GB_OK) {
		file->data = file->input.data;
		file->size = file->input.size;
		status = (file->name = gb_string(file->input.name, err)) ? open_bytes(file, err) : GB_SYSTEM;
	}
	if (status != GB_OK)
		gb_tensor_file_close(file);
	else
		*out = file;
	return status;
}

gb_status gb_tensor_file_open_memory(gb_tensor_file **out, const void *data, size_t size, const char *name,
                                     gb_err *err)
{
	gb_tensor_file *file = gb_array(1, sizeof *file, err);
	gb_status status;

	*out = NULL;
	if (!file)
		return GB_SYSTEM;
	file->data = data;
	file->size = size;
	status = (file->name = gb_string(name, err)) ? open_bytes(file, err) : GB_SYSTEM;
	if (status != GB_OK)
		gb_tensor_file_close(file);
	else
		*out = file;
	return status;
}

void gb_tensor_file_close(gb_tensor_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; file->aligned && i < file->container.tensors; i++)
		free(file->aligned[i]);
	free(file->aligned);
	free(file->verified);
	gb_json_free(file->profile);
	gb_container_clear(&file->container);
	gb_input_close(&file->input);
	free(file->name);
	free(file);
}

const char *gb_tensor_file_name(const gb_tensor_file *file) { return file->name; }
const char *gb_tensor_file_id(const gb_tensor_file *file) { return file->id; }
const gb_json *gb_tensor_file_profile(const gb_tensor_file *file) { return file->profile; }
const gb_json *gb_tensor_file_metadata(const gb_tensor_file *file) { return file->container.metadata; }

const char *gb_tensor_file_tool(const gb_tensor_file *file)
{
	return gb_json_text(gb_json_get(file->profile, "tool"));
}

size_t gb_tensor_file_count(const gb_tensor_file *file)
{
	return file->container.tensors - (file->trailer != NULL);
}

const gb_tensor *gb_tensor_file_at(const gb_tensor_file *file, size_t index)
{
	return &file->container.tensor[index];
}

const gb_tensor *gb_tensor_file_find(const gb_tensor_file *file, const char *name)
{
	for (size_t i = 0; i < gb_tensor_file_count(file); i++)
		if (!strcmp(file->container.tensor[i].name, name))
			return &file->container.tensor[i];
	return NULL;
}

const gb_json *gb_tensor_file_attribute(const gb_tensor_file *file, const char *tensor, const char *key)
{
	const gb_json *one = gb_json_get(gb_json_get(file->profile, "tensors"), tensor);

	return key ? gb_json_get(one, key) : one;
}

bool gb_tensor_file_has_clock(const gb_tensor_file *file, const char *tensor)
{
	return gb_tensor_file_attribute(file, tensor, "time") != NULL;
}

gb_status gb_tensor_file_clock(const gb_tensor_file *file, const char *name, gb_clock *clock, gb_err *err)
{
	const gb_tensor *tensor = gb_tensor_file_find(file, name);
	const gb_json *time = gb_tensor_file_attribute(file, name, "time");

	if (!tensor)
		return gb_fail(err, GB_DATA, "%s: no tensor %s", file->name, name);
	if (!time)
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s: axis 0 is not time (give --tr, and --runs or --start)",
		               file->name, name);
	if (gb_clock_from_json(time, clock, err) != GB_OK)
		return gb_fail_in(err, "%s: tensor %s", file->name, name);
	if (tensor->rank < 1 || tensor->shape[0] != gb_clock_rows(clock))
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s: its runs have %" PRId64 " rows, its first axis %" PRId64,
		               file->name, name, gb_clock_rows(clock), tensor->rank ? tensor->shape[0] : 0);
	return GB_OK;
}

/* The options that a file without a clock needs. */
static gb_status clock_of_options(const gb_tensor_file *file, const gb_tensor *tensor,
                                  const gb_clock_options *options, gb_clock *clock, gb_err *err)
{
	int64_t rows = tensor->rank ? tensor->shape[0] : 0;
	gb_rational start = options->start.set ? options->start.value : (gb_rational){0, 1};

	if (!options->tr.set)
		return gb_fail(err, GB_USAGE,
		               "%s: tensor %s has no time of its own: give --tr, and --runs or --start where "
		               "needed",
		               file->name, tensor->name);
	if (!options->runs) {
		*clock = gb_clock_single(options->tr.value, options->run ? options->run : "run-1", rows,
		                         start);
		return GB_OK;
	}
	clock->step = options->tr.value;
	if (gb_clock_parse_runs(options->runs, clock, err) != GB_OK)
		return err ? err->status : GB_USAGE;
	for (int i = 0; i < clock->runs; i++)
		clock->run[i].start = start;
	if (gb_clock_rows(clock) != rows)
		return gb_fail(err, GB_DATA, "%s: tensor %s has %" PRId64 " rows, --runs %s sums to %" PRId64,
		               file->name, tensor->name, rows, options->runs, gb_clock_rows(clock));
	return GB_OK;
}

gb_status gb_tensor_file_clock_or(const gb_tensor_file *file, const char *name,
                                  const gb_clock_options *options, gb_clock *clock, gb_err *err)
{
	const gb_tensor *tensor = gb_tensor_file_find(file, name);
	gb_status status;

	if (!tensor)
		return gb_fail(err, GB_DATA, "%s: no tensor %s", file->name, name);
	if (!gb_tensor_file_has_clock(file, name))
		return clock_of_options(file, tensor, options, clock, err);
	if ((status = gb_tensor_file_clock(file, name, clock, err)) != GB_OK)
		return status;
	if ((options->tr.set && gb_rational_compare(options->tr.value, clock->step)) ||
	    (options->start.set && gb_rational_compare(options->start.value, clock->run[0].start)) ||
	    options->runs)
		return gb_fail(err, GB_USAGE,
		               "%s: tensor %s has a clock of its own: --tr, --start and --runs are for files "
		               "that have none",
		               file->name, name);
	return GB_OK;
}

/* ---- checksums ---- */

typedef struct verification {
	gb_tensor_file *file;
	size_t first;
	_Atomic size_t bad; /* index + 1 of the first bad tensor, 0: none */
} verification;

static void verify_tile(void *context, size_t tile, int worker)
{
	verification *v = context;
	size_t index = v->first + tile, seen = atomic_load(&v->bad);
	const gb_tensor *tensor = &v->file->container.tensor[index];
	gb_hash hash;

	(void)worker;
	if (v->file->verified[index])
		return;
	hash = gb_hash_of(tensor->data, tensor->bytes);
	v->file->verified[index] = !memcmp(hash.bytes,
	                                   (const uint8_t *)v->file->trailer->data +
	                                       (index + 1) * GB_HASH_BYTES,
	                                   sizeof hash.bytes);
	while (!v->file->verified[index] && (!seen || index + 1 < seen))
		if (atomic_compare_exchange_weak(&v->bad, &seen, index + 1))
			break;
}

gb_status gb_tensor_file_verify(gb_tensor_file *file, const char *name, gb_pool *pool, gb_err *err)
{
	verification v = {.file = file};
	size_t count = gb_tensor_file_count(file);
	const gb_tensor *tensor;

	if (!file->trailer)
		return GB_OK;
	if (name) {
		if (!(tensor = gb_tensor_file_find(file, name)))
			return gb_fail(err, GB_DATA, "%s: no tensor %s", file->name, name);
		v.first = (size_t)(tensor - file->container.tensor);
		count = 1;
	}
	gb_pool_run(pool, count, verify_tile, &v);
	if (!v.bad)
		return GB_OK;
	tensor = &file->container.tensor[v.bad - 1];
	return gb_fail(err, GB_DATA,
	               "%s: damaged: the checksum of tensor %s (bytes %zu to %zu of the file) does not agree",
	               file->name, tensor->name, file->container.header_bytes + tensor->begin,
	               file->container.header_bytes + tensor->begin + tensor->bytes);
}

/* Data as its element type wants it. */
static gb_status align(gb_tensor_file *file, size_t index, gb_err *err)
{
	gb_tensor *tensor = &file->container.tensor[index];

	if (!tensor->bytes || (uintptr_t)tensor->data % gb_dtype_size(tensor->dtype) == 0)
		return GB_OK;
	if (!(file->aligned[index] = gb_array(tensor->bytes, 1, err)))
		return GB_SYSTEM;
	memcpy(file->aligned[index], tensor->data, tensor->bytes);
	tensor->data = file->aligned[index];
	return GB_OK;
}

gb_status gb_tensor_file_need(gb_tensor_file *file, const char *name, gb_dtype dtype, int rank,
                              const gb_tensor **out, gb_err *err)
{
	const gb_tensor *tensor = gb_tensor_file_find(file, name);
	gb_status status;

	*out = NULL;
	if (!tensor)
		return gb_fail(err, GB_DATA, "%s: no tensor %s (gb-inspect shows what is there)", file->name,
		               name);
	if (tensor->dtype == GB_FOREIGN || (dtype != GB_FOREIGN && tensor->dtype != dtype))
		return gb_fail(err, GB_DATA, "%s: tensor %s: its type is %s, %s is wanted", file->name, name,
		               tensor->dtype_name, dtype == GB_FOREIGN ? "a number" : gb_dtype_name(dtype));
	if (rank >= 0 && tensor->rank != rank)
		return gb_fail(err, GB_DATA, "%s: tensor %s: %d axes, %d are wanted", file->name, name,
		               tensor->rank, rank);
	if ((status = gb_tensor_file_verify(file, name, NULL, err)) != GB_OK ||
	    (status = align(file, (size_t)(tensor - file->container.tensor), err)) != GB_OK)
		return status;
	*out = tensor;
	return GB_OK;
}

bool gb_tensor_file_whole_hash(gb_tensor_file *file, gb_hash *hash, uint64_t *bytes)
{
	if (file->input.from_pipe || !file->input.name)
		return false;
	*hash = gb_hash_of(file->data, file->size);
	*bytes = file->size;
	return true;
}
