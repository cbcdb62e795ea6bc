/* SPDX-License-Identifier: MIT */
#include "tensor/tensor_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "tensor/clock_json.h"
#include "tensor/profile.h"

typedef struct planned {
	gb_tensor tensor;        /* name and shape owned; begin set by begin */
	size_t written;          /* bytes put so far */
	bool mapped;             /* handed out by gb_tensor_writer_data */
	const void *source;      /* complete elsewhere: an input's mapping, or `owned` */
	void *owned;
	gb_hasher *hasher;       /* of what was put */
} planned;

struct gb_tensor_writer {
	gb_json *profile, *tensors, *inputs, *params; /* the last three live in the first */
	char id[GB_HASH_TEXT];
	planned *plan;
	size_t count;
	uint8_t *header;
	size_t header_bytes, total; /* total: of the whole file, trailer included */
	gb_output output;
	bool begun;
	int backing;             /* where random access goes: the output itself, or a spool; −1 */
	bool spooled;            /* backing is ours to close */
	uint8_t *map;            /* of `backing`, from byte 0 of the file */
	size_t cursor;           /* pipes: first tensor not yet out */
	size_t out_of_cursor;    /* pipes: bytes of it already out */
	bool header_out;
};

static gb_status incomplete(gb_err *err)
{
	return gb_fail(err, GB_SYSTEM, "out of memory while describing the output");
}

gb_status gb_tensor_writer_new(gb_tensor_writer **out, const char *tool, const gb_json *params, gb_err *err)
{
	gb_tensor_writer *w = gb_array(1, sizeof *w, err);

	*out = NULL;
	if (!w)
		return GB_SYSTEM;
	w->output.descriptor = w->output.slot = w->backing = -1;
	w->profile = gb_json_object();
	w->tensors = gb_json_object();
	w->inputs = gb_json_object();
	w->params = params ? gb_json_copy(params) : gb_json_object();
	if (!gb_json_set(w->profile, "tool", gb_json_string(tool)) ||
	    !gb_json_set(w->profile, "params", w->params) || !gb_json_set(w->profile, "inputs", w->inputs) ||
	    !gb_json_set(w->profile, "tensors", w->tensors)) {
		gb_tensor_writer_free(w);
		return incomplete(err);
	}
	*out = w;
	return GB_OK;
}

/* ---- provenance ---- */

static gb_status add_input(gb_tensor_writer *w, const char *role, gb_json *input, gb_err *err)
{
	char name[256];

	snprintf(name, sizeof name, "%s", role);
	for (int i = 2; gb_json_get(w->inputs, name); i++)
		snprintf(name, sizeof name, "%.200s-%d", role, i);
	return gb_json_set(w->inputs, name, input) ? GB_OK : incomplete(err);
}

gb_status gb_tensor_writer_input_hash(gb_tensor_writer *w, const char *role, const char *name, uint64_t bytes,
                                      gb_hash hash, gb_err *err)
{
	gb_json *input = gb_json_object();
	char text[GB_HASH_TEXT];

	/* A file name that is no UTF-8 cannot stand in JSON; the hash tells who it is. */
	gb_json_set(input, "name", gb_json_string(gb_base_name(name)));
	gb_json_set(input, "bytes", gb_json_integer((int64_t)bytes));
	gb_json_set(input, "xxh3", gb_json_string(gb_hash_format(hash, text)));
	return add_input(w, role, input, err);
}

gb_status gb_tensor_writer_input_path(gb_tensor_writer *w, const char *role, const char *path, gb_err *err)
{
	gb_input input;
	gb_hash hash;
	uint64_t bytes;
	gb_status status;

	if (!strcmp(path, "-"))
		return add_input(w, role, gb_json_object(), err);
	if ((status = gb_input_open(&input, path, err)) != GB_OK)
		return status;
	if (input.from_pipe) {
		gb_input_close(&input);
		return add_input(w, role, gb_json_object(), err);
	}
	gb_input_close(&input);
	if ((status = gb_hash_file(path, &hash, &bytes, err)) != GB_OK)
		return status;
	return gb_tensor_writer_input_hash(w, role, path, bytes, hash, err);
}

gb_status gb_tensor_writer_input_file(gb_tensor_writer *w, const char *role, gb_tensor_file *file,
                                      gb_err *err)
{
	gb_json *input;
	gb_hash hash;
	uint64_t bytes;

	if (!gb_tensor_file_id(file)) {
		if (!gb_tensor_file_whole_hash(file, &hash, &bytes))
			return add_input(w, role, gb_json_object(), err);
		return gb_tensor_writer_input_hash(w, role, gb_tensor_file_name(file), bytes, hash, err);
	}
	input = gb_json_object();
	gb_json_set(input, "id", gb_json_string(gb_tensor_file_id(file)));
	return add_input(w, role, input, err);
}

gb_status gb_tensor_writer_param(gb_tensor_writer *w, const char *key, gb_json *value, gb_err *err)
{
	return gb_json_set(w->params, key, value) ? GB_OK : incomplete(err);
}

/* ---- tensors ---- */

static gb_status plan_tensor(gb_tensor_writer *w, const char *name, gb_dtype dtype, int rank,
                             const int64_t *shape, planned **out, gb_err *err)
{
	planned *p;
	int64_t *copy;
	size_t bytes = gb_dtype_size(dtype);
	gb_status status;

	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->plan[i].tensor.name, name))
			return gb_fail(err, GB_DATA, "two tensors would be called %s", name);
	if (!strcmp(name, GB_TRAILER) || !strcmp(name, "__metadata__"))
		return gb_fail(err, GB_DATA, "no tensor may be called %s", name);
	for (int i = 0; i < rank; i++)
		if (shape[i] < 0 || !gb_size_mul(bytes, (size_t)shape[i], &bytes) || bytes > (size_t)1 << 46)
			return gb_fail(err, GB_DATA, "tensor %s: its size overflows", name);
	if ((status = gb_grow(&w->plan, w->count + 1, sizeof *w->plan, err)) != GB_OK)
		return status;
	p = &w->plan[w->count];
	memset(p, 0, sizeof *p);
	if (!(copy = gb_array((size_t)rank, sizeof *copy, err)))
		return GB_SYSTEM;
	memcpy(copy, shape, (size_t)rank * sizeof *copy);
	p->tensor = (gb_tensor){.dtype = dtype,
	                        .dtype_name = gb_dtype_name(dtype),
	                        .rank = rank,
	                        .shape = copy,
	                        .bytes = bytes};
	if (!(p->tensor.name = gb_string(name, err))) {
		free(copy);
		return GB_SYSTEM;
	}
	w->count++;
	*out = p;
	return GB_OK;
}

static gb_json *axis_names(const char *dims, int *count)
{
	gb_json *names = gb_json_array();

	*count = 0;
	for (const char *at = dims; *at; ++*count) {
		size_t length = strcspn(at, ",");
		char name[64];
		snprintf(name, sizeof name, "%.*s", (int)length, at);
		gb_json_append(names, gb_json_string(name));
		at += length + (at[length] == ',');
	}
	return names;
}

gb_status gb_tensor_writer_add(gb_tensor_writer *w, const gb_tensor_spec *spec, gb_err *err)
{
	gb_json *about = spec->attributes ? spec->attributes : gb_json_object(), *dims;
	planned *p;
	int axes;
	gb_status status;

	if (!gb_dtype_writable(spec->dtype) || spec->rank < 0 || spec->rank > GB_RANK_MAX ||
	    (spec->clock && (!spec->rank || gb_clock_rows(spec->clock) != spec->shape[0]))) {
		gb_json_free(about);
		return gb_fail(err, GB_DATA,
		               "tensor %s: type %s, %d axes, first of them %" PRId64
		               ": does not fit its description",
		               spec->name, gb_dtype_name(spec->dtype), spec->rank,
		               spec->rank ? spec->shape[0] : 0);
	}
	dims = axis_names(spec->dims ? spec->dims : "", &axes);
	if (axes == spec->rank && axes)
		gb_json_set(about, "dims", dims);
	else
		gb_json_free(dims);
	if (spec->clock)
		gb_json_set(about, "time", gb_clock_to_json(spec->clock));
	if (spec->unit)
		gb_json_set(about, "unit", gb_json_string(spec->unit));
	if (spec->doc)
		gb_json_set(about, "doc", gb_json_string(spec->doc));
	if ((status = plan_tensor(w, spec->name, spec->dtype, spec->rank, spec->shape, &p, err)) != GB_OK) {
		gb_json_free(about);
		return status;
	}
	if (axes != spec->rank && axes)
		return gb_fail(err, GB_DATA, "tensor %s: %d axes, %d names (%s)", spec->name, spec->rank,
		               axes, spec->dims);
	return gb_json_set(w->tensors, spec->name, about) ? GB_OK : incomplete(err);
}

gb_status gb_tensor_writer_add_copy(gb_tensor_writer *w, gb_tensor_file *file, const char *name, gb_err *err)
{
	const gb_json *about = gb_tensor_file_attribute(file, name, NULL);
	const gb_tensor *tensor;
	planned *p;
	gb_status status = gb_tensor_file_need(file, name, GB_FOREIGN, -1, &tensor, err);

	if (status != GB_OK)
		return status;
	if (!gb_dtype_writable(tensor->dtype))
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s: type %s is read but never written: convert it first",
		               gb_tensor_file_name(file), name, tensor->dtype_name);
	if ((status = plan_tensor(w, name, tensor->dtype, tensor->rank, tensor->shape, &p, err)) != GB_OK)
		return status;
	p->source = tensor->data;
	return gb_json_set(w->tensors, name, about ? gb_json_copy(about) : gb_json_object())
	           ? GB_OK
	           : incomplete(err);
}

gb_status gb_tensor_writer_add_json(gb_tensor_writer *w, const char *name, const gb_json *value,
                                    const char *doc, gb_err *err)
{
	char *text = gb_json_dump(value);
	gb_json *about = gb_json_object();
	planned *p;
	int64_t length;
	gb_status status;

	if (!text || !gb_json_set(about, "encoding", gb_json_string("json")) ||
	    (doc && !gb_json_set(about, "doc", gb_json_string(doc)))) {
		gb_json_free(about);
		free(text);
		return incomplete(err);
	}
	length = (int64_t)strlen(text);
	if ((status = plan_tensor(w, name, GB_U8, 1, &length, &p, err)) != GB_OK) {
		gb_json_free(about);
		free(text);
		return status;
	}
	p->source = p->owned = text;
	return gb_json_set(w->tensors, name, about) ? GB_OK : incomplete(err);
}

/* ---- layout ---- */

static int by_element_size(const void *a, const void *b)
{
	const planned *x = a, *y = b;
	size_t m = gb_dtype_size(x->tensor.dtype), n = gb_dtype_size(y->tensor.dtype);

	if (m != n)
		return m > n ? -1 : 1;
	/* order of adding */
	return x->tensor.begin < y->tensor.begin ? -1 : x->tensor.begin > y->tensor.begin;
}

static gb_json *header_entry(const gb_tensor *tensor)
{
	gb_json *entry = gb_json_object(), *shape = gb_json_array(), *offsets = gb_json_array();

	for (int i = 0; i < tensor->rank; i++)
		gb_json_append(shape, gb_json_integer(tensor->shape[i]));
	gb_json_append(offsets, gb_json_integer((int64_t)tensor->begin));
	gb_json_append(offsets, gb_json_integer((int64_t)(tensor->begin + tensor->bytes)));
	gb_json_set(entry, "dtype", gb_json_string(tensor->dtype_name));
	gb_json_set(entry, "shape", shape);
	gb_json_set(entry, "data_offsets", offsets);
	return entry;
}

static size_t trailer_bytes(const gb_tensor_writer *w) { return (w->count + 1) * GB_HASH_BYTES; }

/* The header's text, from the layout. */
static char *header_text(gb_tensor_writer *w, size_t trailer_begin)
{
	gb_json *header = gb_json_object(), *metadata = gb_json_object();
	int64_t shape[2] = {(int64_t)w->count + 1, GB_HASH_BYTES};
	gb_tensor trailer = {.dtype_name = "U8",
	                     .rank = 2,
	                     .shape = shape,
	                     .begin = trailer_begin,
	                     .bytes = trailer_bytes(w)};
	char *profile = gb_json_dump(w->profile), *text;
	bool complete = profile && gb_json_set(metadata, "format", gb_json_string(GB_FORMAT)) &&
	                gb_json_set(metadata, "gbt", gb_json_string(profile)) &&
	                gb_json_set(header, "__metadata__", metadata);

	for (size_t i = 0; i < w->count; i++)
		complete = complete &&
		           gb_json_set(header, w->plan[i].tensor.name, header_entry(&w->plan[i].tensor));
	complete = complete && gb_json_set(header, GB_TRAILER, header_entry(&trailer));
	text = complete ? gb_json_dump(header) : NULL;
	gb_json_free(header);
	free(profile);
	return text;
}

static gb_status fix_header(gb_tensor_writer *w, gb_err *err)
{
	size_t at = 0, length;
	gb_tensor *all;
	char *text;
	gb_status status;

	for (size_t i = 0; i < w->count; i++)
		w->plan[i].tensor.begin = i;
	if (w->count)
		qsort(w->plan, w->count, sizeof *w->plan, by_element_size);
	for (size_t i = 0; i < w->count; i++) {
		w->plan[i].tensor.begin = at;
		at += w->plan[i].tensor.bytes;
	}
	if (!(all = gb_array(w->count, sizeof *all, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < w->count; i++)
		all[i] = w->plan[i].tensor;
	status = gb_profile_identity(w->profile, all, w->count, w->id, err);
	free(all);
	if (status != GB_OK)
		return status;
	if (!gb_json_set(w->profile, "id", gb_json_string(w->id)) || !(text = header_text(w, at)))
		return incomplete(err);
	length = strlen(text);
	w->header_bytes = (8 + length + GB_DATA_ALIGN - 1) / GB_DATA_ALIGN * GB_DATA_ALIGN;
	w->total = w->header_bytes + at + trailer_bytes(w);
	if (w->header_bytes - 8 > GB_HEADER_MAX || !(w->header = gb_array(w->header_bytes, 1, err))) {
		free(text);
		return gb_fail(err, GB_SYSTEM, "the header would have %zu bytes", w->header_bytes);
	}
	memset(w->header + 8, ' ', w->header_bytes - 8);
	memcpy(w->header + 8, text, length);
	for (int i = 0; i < 8; i++)
		w->header[i] = (uint8_t)((uint64_t)(w->header_bytes - 8) >> 8 * i);
	free(text);
	return GB_OK;
}

/* Room for the whole file before the first byte, so that a full disk is an
 * error here and not a signal in the middle of a mapping. */
static gb_status reserve(int descriptor, size_t size, const char *name, gb_err *err)
{
	int failed = posix_fallocate(descriptor, 0, (off_t)size);

	if (failed == EINVAL || failed == EOPNOTSUPP)
		failed = ftruncate(descriptor, (off_t)size) ? errno : 0;
	if (failed)
		return gb_fail_errno(err, GB_SYSTEM, failed, "%s: no room for %zu bytes", name, size);
	return GB_OK;
}

gb_status gb_tensor_writer_begin(gb_tensor_writer *w, const char *out, gb_err *err)
{
	gb_status status;

	if ((status = gb_output_open(&w->output, out, true, err)) != GB_OK ||
	    (status = fix_header(w, err)) != GB_OK)
		return status;
	w->begun = true;
	if (!w->output.is_file)
		return GB_OK;
	if ((status = reserve(w->output.descriptor, w->total, w->output.name, err)) != GB_OK)
		return status;
	w->backing = w->output.descriptor;
	return GB_OK;
}

const char *gb_tensor_writer_id(const gb_tensor_writer *w) { return w->id; }

/* ---- data ---- */

static planned *find(gb_tensor_writer *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->plan[i].tensor.name, name))
			return &w->plan[i];
	return NULL;
}

static gb_status have_backing(gb_tensor_writer *w, gb_err *err)
{
	gb_status status;

	if (w->backing >= 0)
		return GB_OK;
	if ((status = gb_spool_open(&w->backing, err)) != GB_OK)
		return status;
	w->spooled = true;
	return reserve(w->backing, w->total, "temporary copy of the output (in TMPDIR)", err);
}

static gb_status have_map(gb_tensor_writer *w, gb_err *err)
{
	gb_status status = have_backing(w, err);
	void *map;

	if (status != GB_OK || w->map)
		return status;
	map = mmap(NULL, w->total, PROT_READ | PROT_WRITE, MAP_SHARED, w->backing, 0);
	if (map == MAP_FAILED)
		return gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be mapped", w->output.name);
	w->map = map;
	return GB_OK;
}

void *gb_tensor_writer_data(gb_tensor_writer *w, const char *name)
{
	planned *p = find(w, name);

	if (!p || !w->begun || have_map(w, NULL) != GB_OK)
		return NULL;
	p->mapped = true;
	return w->map + w->header_bytes + p->tensor.begin;
}

enum { PIECE = 8 << 20 };

static gb_status write_at(int descriptor, const void *data, size_t size, size_t offset, const char *name,
                          gb_err *err)
{
	const char *at = data;

	while (size) {
		ssize_t wrote = pwrite(descriptor, at, size < PIECE ? size : PIECE, (off_t)offset);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return gb_fail_errno(err, GB_SYSTEM, wrote ? errno : ENOSPC, "%s: cannot be written",
			                     name);
		/* The disk works while the next piece is copied; what fails here, fsync says. */
		if (wrote >= PIECE / 2)
			(void)sync_file_range(descriptor, (off_t)offset, wrote, SYNC_FILE_RANGE_WRITE);
		at += wrote;
		offset += (size_t)wrote;
		size -= (size_t)wrote;
	}
	return GB_OK;
}

static gb_status header_first(gb_tensor_writer *w, gb_err *err)
{
	if (w->header_out)
		return GB_OK;
	w->header_out = true;
	return gb_output_write(&w->output, w->header, w->header_bytes, err);
}

/* Pipes: pass on, in order, everything that is complete. */
static gb_status advance(gb_tensor_writer *w, bool closing, gb_err *err)
{
	gb_status status = header_first(w, err);

	while (status == GB_OK && w->cursor < w->count) {
		planned *p = &w->plan[w->cursor];
		size_t rest = p->tensor.bytes - w->out_of_cursor;
		bool complete = p->source || p->written == p->tensor.bytes || (closing && p->mapped);
		if (!complete)
			break;
		if (rest && !p->source && (status = have_map(w, err)) != GB_OK)
			break;
		if (rest)
			status = gb_output_write(&w->output,
			                         p->source ? p->source
			                                   : w->map + w->header_bytes + p->tensor.begin +
			                                         w->out_of_cursor,
			                         rest, err);
		w->out_of_cursor = 0;
		w->cursor++;
	}
	return status;
}

/* To a file: each piece is summed and copied while it is in the cache. */
static gb_status put_in_pieces(gb_tensor_writer *w, planned *p, const void *data, size_t size, gb_err *err)
{
	const uint8_t *at = data;
	gb_status status = GB_OK;

	while (status == GB_OK && size) {
		size_t piece = size < PIECE ? size : PIECE;
		gb_hasher_update(p->hasher, at, piece);
		status = write_at(w->backing, at, piece, w->header_bytes + p->tensor.begin + p->written,
		                  w->output.name, err);
		p->written += piece;
		at += piece;
		size -= piece;
	}
	return status;
}

gb_status gb_tensor_writer_put(gb_tensor_writer *w, const char *name, const void *data, size_t size,
                               gb_err *err)
{
	planned *p = find(w, name);
	gb_status status;

	if (!p || !w->begun || size > p->tensor.bytes - p->written)
		return gb_fail(err, GB_SYSTEM, "%s: more is put into tensor %s than it was declared with",
		               w->output.name, name);
	if (!p->hasher && !(p->hasher = gb_hasher_new(err)))
		return GB_SYSTEM;
	if (w->output.is_file)
		return put_in_pieces(w, p, data, size, err);
	gb_hasher_update(p->hasher, data, size);
	/* Streams only while all before it is out and nothing of it was spooled. */
	if ((status = advance(w, false, err)) != GB_OK)
		return status;
	if (p == &w->plan[w->cursor] && w->out_of_cursor == p->written) {
		p->written += size;
		w->out_of_cursor += size;
		if ((status = gb_output_write(&w->output, data, size, err)) != GB_OK)
			return status;
		return p->written == p->tensor.bytes ? advance(w, false, err) : GB_OK;
	}
	if ((status = have_backing(w, err)) != GB_OK)
		return status;
	status = write_at(w->backing, data, size, w->header_bytes + p->tensor.begin + p->written,
	                  w->output.name, err);
	p->written += size;
	return status;
}

/* ---- commit ---- */

typedef struct summing {
	gb_tensor_writer *w;
	gb_hash *row;
} summing;

static void sum_tile(void *context, size_t tile, int worker)
{
	summing *s = context;
	planned *p = &s->w->plan[tile];

	(void)worker;
	if (p->hasher && !p->mapped)
		s->row[tile + 1] = gb_hasher_value(p->hasher);
	else
		s->row[tile + 1] = gb_hash_of(p->source ? p->source
		                              : p->tensor.bytes
		                                  ? s->w->map + s->w->header_bytes + p->tensor.begin
		                                  : (const void *)"",
		                              p->tensor.bytes);
}

static gb_status check_complete(gb_tensor_writer *w, gb_err *err)
{
	for (size_t i = 0; i < w->count; i++) {
		planned *p = &w->plan[i];
		if (p->tensor.bytes && !p->source && !p->mapped && p->written != p->tensor.bytes)
			return gb_fail(err, GB_DATA, "%s: tensor %s: %zu of its %zu bytes were written",
			               w->output.name, p->tensor.name, p->written, p->tensor.bytes);
	}
	return GB_OK;
}

gb_status gb_tensor_writer_commit(gb_tensor_writer *w, gb_pool *pool, gb_err *err)
{
	summing s = {.w = w};
	gb_status status = check_complete(w, err);

	if (status != GB_OK)
		return status;
	if (!(s.row = gb_array(w->count + 1, sizeof *s.row, err)))
		return GB_SYSTEM;
	gb_pool_run(pool, w->count, sum_tile, &s);
	s.row[0] = gb_hash_of(w->header, w->header_bytes);
	if (!w->output.is_file) {
		if ((status = advance(w, true, err)) == GB_OK)
			status = gb_output_write(&w->output, s.row, trailer_bytes(w), err);
	} else {
		status = write_at(w->backing, w->header, w->header_bytes, 0, w->output.name, err);
		for (size_t i = 0; i < w->count && status == GB_OK; i++)
			if (w->plan[i].source)
				status = write_at(w->backing, w->plan[i].source, w->plan[i].tensor.bytes,
				                  w->header_bytes + w->plan[i].tensor.begin, w->output.name,
				                  err);
		if (status == GB_OK)
			status = write_at(w->backing, s.row, trailer_bytes(w), w->total - trailer_bytes(w),
			                  w->output.name, err);
	}
	free(s.row);
	if (w->map)
		munmap(w->map, w->total);
	w->map = NULL;
	return status == GB_OK ? gb_output_commit(&w->output, err) : status;
}

void gb_tensor_writer_free(gb_tensor_writer *w)
{
	if (!w)
		return;
	if (w->map)
		munmap(w->map, w->total);
	if (w->spooled)
		close(w->backing);
	gb_output_abort(&w->output);
	for (size_t i = 0; i < w->count; i++) {
		free((char *)w->plan[i].tensor.name);
		free((int64_t *)w->plan[i].tensor.shape);
		free(w->plan[i].owned);
		gb_hasher_free(w->plan[i].hasher);
	}
	free(w->plan);
	free(w->header);
	gb_json_free(w->profile);
	free(w);
}
