/* SPDX-License-Identifier: MIT */
#include "tensor/container.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static gb_status read_shape(gb_tensor *tensor, const gb_json *shape, int64_t *room, const char *name,
                            gb_err *err)
{
	tensor->rank = (int)gb_json_size(shape);
	tensor->shape = room;
	tensor->elements = 1;
	for (int i = 0; i < tensor->rank; i++) {
		int64_t size;
		if (!gb_json_read_integer(gb_json_at(shape, (size_t)i), &size) || size < 0)
			return gb_fail(err, GB_DATA, "%s: tensor %s: shape[%d] is no size", name,
			               tensor->name, i);
		room[i] = size;
		if (!gb_size_mul(tensor->elements, (size_t)size, &tensor->elements))
			return gb_fail(err, GB_DATA, "%s: tensor %s: shape overflows", name, tensor->name);
	}
	return GB_OK;
}

/* One entry of the header.  DATA_SIZE: bytes of the data section that are there. */
static gb_status read_entry(gb_tensor *tensor, const gb_json *entry, int64_t *room, size_t data_size,
                            const char *name, gb_err *err)
{
	const gb_json *offsets = gb_json_get(entry, "data_offsets"), *shape = gb_json_get(entry, "shape");
	int64_t begin, end;
	size_t wanted;
	gb_status status;

	tensor->dtype_name = gb_json_text(gb_json_get(entry, "dtype"));
	if (!tensor->dtype_name || !gb_json_is_array(shape) || !gb_json_is_array(offsets) ||
	    gb_json_size(offsets) != 2 || !gb_json_read_integer(gb_json_at(offsets, 0), &begin) ||
	    !gb_json_read_integer(gb_json_at(offsets, 1), &end))
		return gb_fail(err, GB_DATA, "%s: tensor %s: dtype, shape and two data_offsets are wanted",
		               name, tensor->name);
	if ((status = read_shape(tensor, shape, room, name, err)) != GB_OK)
		return status;
	if (begin < 0 || end < begin || (uint64_t)end > data_size)
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s: data_offsets %" PRId64 " to %" PRId64
		               " lie outside the %zu bytes of data",
		               name, tensor->name, begin, end, data_size);
	tensor->dtype = gb_dtype_parse(tensor->dtype_name);
	tensor->begin = (size_t)begin;
	tensor->bytes = (size_t)(end - begin);
	if (tensor->dtype == GB_FOREIGN)
		return GB_OK; /* its element size is not known here: only the layout can be checked */
	if (!gb_size_mul(tensor->elements, gb_dtype_size(tensor->dtype), &wanted) || wanted != tensor->bytes)
		return gb_fail(err, GB_DATA,
		               "%s: tensor %s at byte %zu: %zu bytes of data, shape × size of %s is %zu",
		               name, tensor->name, tensor->begin, tensor->bytes, tensor->dtype_name, wanted);
	return GB_OK;
}

static int by_offset(const void *a, const void *b)
{
	const gb_tensor *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1; /* empty tensors may share an offset with what follows */
	return strcmp(x->name, y->name);
}

static gb_status check_layout(gb_container *c, const uint8_t *data, size_t data_size, const char *name,
                              gb_err *err)
{
	size_t at = 0;

	if (c->tensors)
		qsort(c->tensor, c->tensors, sizeof *c->tensor, by_offset);
	for (size_t i = 0; i < c->tensors; i++) {
		gb_tensor *tensor = &c->tensor[i];
		if (tensor->begin != at)
			return gb_fail(err, GB_DATA,
			               "%s: tensor %s begins at byte %zu of the data, %s byte %zu", name,
			               tensor->name, tensor->begin,
			               tensor->begin > at ? "which leaves a hole from"
			                                  : "inside the one before, which ends at",
			               at);
		tensor->data = data + at;
		at += tensor->bytes;
	}
	if (at != data_size)
		return gb_fail(err, GB_DATA, "%s: %zu bytes of data after the last tensor's end at byte %zu",
		               name, data_size - at, at);
	return GB_OK;
}

/* Total of the ranks of all entries, and the number of tensors. */
static gb_status count_entries(const gb_container *c, size_t *tensors, size_t *sizes, const char *name,
                               gb_err *err)
{
	*tensors = *sizes = 0;
	for (void *it = gb_json_first(c->header); it; it = gb_json_next(c->header, it)) {
		if (!strcmp(gb_json_key(it), "__metadata__"))
			continue;
		if (!gb_json_is_object(gb_json_value(it)))
			return gb_fail(err, GB_DATA, "%s: tensor %s: its header entry is no object", name,
			               gb_json_key(it));
		++*tensors;
		*sizes += gb_json_size(gb_json_get(gb_json_value(it), "shape"));
	}
	return GB_OK;
}

static gb_status check_metadata(gb_container *c, const char *name, gb_err *err)
{
	c->metadata = gb_json_get(c->header, "__metadata__");
	if (c->metadata && !gb_json_is_object(c->metadata))
		return gb_fail(err, GB_DATA, "%s: __metadata__ is no object", name);
	for (void *it = gb_json_first(c->metadata); it; it = gb_json_next(c->metadata, it))
		if (!gb_json_text(gb_json_value(it)))
			return gb_fail(err, GB_DATA, "%s: __metadata__ %s: is no string", name,
			               gb_json_key(it));
	return GB_OK;
}

static gb_status parse_header(gb_container *c, const uint8_t *data, size_t size, const char *name,
                              gb_err *err)
{
	uint64_t length = 0;
	gb_status status;

	if (size < 8)
		return gb_fail(err, GB_DATA,
		               "%s: %zu bytes: too short for a tensor file (8 bytes of header length are "
		               "wanted)",
		               name, size);
	for (int i = 7; i >= 0; i--)
		length = length << 8 | data[i];
	if (length > GB_HEADER_MAX)
		return gb_fail(err, GB_DATA,
		               "%s: byte 0: header length %" PRIu64 " is over %u: not a tensor file", name,
		               length, GB_HEADER_MAX);
	if (length > size - 8)
		return gb_fail(err, GB_DATA, "%s: cut short in its header: %zu bytes, %" PRIu64 " are wanted",
		               name, size, length + 8);
	if (!length || data[8] != '{')
		return gb_fail(err, GB_DATA,
		               "%s: byte 8: the header does not begin with '{': not a tensor file", name);
	c->header_bytes = (size_t)length + 8;
	if ((status = gb_json_parse((const char *)data + 8, (size_t)length, &c->header, err)) != GB_OK)
		return gb_fail_in(err, "%s: header", name);
	return gb_json_is_object(c->header) ? check_metadata(c, name, err)
	                                    : gb_fail(err, GB_DATA, "%s: header is no object", name);
}

gb_status gb_container_parse(gb_container *c, const void *bytes, size_t size, const char *name, gb_err *err)
{
	const uint8_t *data = bytes;
	size_t tensors, sizes, i = 0;
	int64_t *room;
	gb_status status;

	memset(c, 0, sizeof *c);
	if ((status = parse_header(c, data, size, name, err)) != GB_OK ||
	    (status = count_entries(c, &tensors, &sizes, name, err)) != GB_OK)
		goto failed;
	status = GB_SYSTEM;
	if (!(c->tensor = gb_array(tensors, sizeof *c->tensor, err)) ||
	    !(c->shapes = room = gb_array(sizes, sizeof *room, err)))
		goto failed;
	for (void *it = gb_json_first(c->header); it; it = gb_json_next(c->header, it)) {
		if (!strcmp(gb_json_key(it), "__metadata__"))
			continue;
		c->tensor[i].name = gb_json_key(it);
		if ((status = read_entry(&c->tensor[i], gb_json_value(it), room, size - c->header_bytes, name,
		                         err)) != GB_OK)
			goto failed;
		room += c->tensor[i++].rank;
	}
	c->tensors = tensors;
	if ((status = check_layout(c, data + c->header_bytes, size - c->header_bytes, name, err)) == GB_OK)
		return GB_OK;
failed:
	gb_container_clear(c);
	return status;
}

void gb_container_clear(gb_container *c)
{
	free(c->tensor);
	free(c->shapes);
	gb_json_free(c->header);
	memset(c, 0, sizeof *c);
}
