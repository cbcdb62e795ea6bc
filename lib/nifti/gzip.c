/* SPDX-License-Identifier: MIT */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/size.h"
#include "nifti/gzip.h"

#define STEP ((size_t)1 << 30) /* bytes a call: zlib counts in 32 bits */

struct gb_gunzip {
	z_stream z;
	const uint8_t *data;
	size_t size, used;
	const char *name;
	bool ended;
};

bool gb_gzip_is(const uint8_t *data, size_t size)
{
	return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

gb_status gb_gunzip_open(gb_gunzip **stream, const uint8_t *data, size_t size, const char *name, gb_err *err)
{
	gb_gunzip *s = calloc(1, sizeof *s);

	*stream = NULL;
	if (!s)
		return gb_fail(err, GB_SYSTEM, "%s: no memory to inflate", name);
	s->data = data;
	s->size = size;
	s->name = name;
	if (inflateInit2(&s->z, 15 + 16) != Z_OK) {
		free(s);
		return gb_fail(err, GB_SYSTEM, "%s: no memory to inflate", name);
	}
	*stream = s;
	return GB_OK;
}

void gb_gunzip_close(gb_gunzip *stream)
{
	if (!stream)
		return;
	inflateEnd(&stream->z);
	free(stream);
}

/* A member is followed by another one, by zeros, or by the end. */
static gb_status next_member(gb_gunzip *s, gb_err *err)
{
	if (gb_gzip_is(s->data + s->used, s->size - s->used)) {
		inflateReset(&s->z);
		return GB_OK;
	}
	for (size_t i = s->used; i < s->size; i++)
		if (s->data[i])
			return gb_fail(err, GB_DATA,
			               "%s: byte %zu: neither gzip data nor zeros after the end: the file is "
			               "damaged",
			               s->name, i);
	s->ended = true;
	return GB_OK;
}

gb_status gb_gunzip_read(gb_gunzip *s, void *out, size_t size, size_t *got, gb_err *err)
{
	gb_status status;

	*got = 0;
	while (*got < size && !s->ended) {
		size_t in = s->size - s->used < STEP ? s->size - s->used : STEP;
		size_t room = size - *got < STEP ? size - *got : STEP;
		int code;

		s->z.next_in = (Bytef *)(uintptr_t)(s->data + s->used);
		s->z.avail_in = (uInt)in;
		s->z.next_out = (Bytef *)out + *got;
		s->z.avail_out = (uInt)room;
		code = inflate(&s->z, Z_NO_FLUSH);
		s->used += in - s->z.avail_in;
		*got += room - s->z.avail_out;
		if (code == Z_MEM_ERROR)
			return gb_fail(err, GB_SYSTEM, "%s: no memory to inflate", s->name);
		if (code == Z_STREAM_END) {
			if ((status = next_member(s, err)))
				return status;
		} else if (code == Z_BUF_ERROR && s->used == s->size) {
			return gb_fail(err, GB_DATA,
			               "%s: gzip data end after %zu bytes, in the middle: the file is "
			               "truncated",
			               s->name, s->size);
		} else if (code != Z_OK) {
			return gb_fail(err, GB_DATA, "%s: byte %zu: gzip data are damaged (%s)", s->name,
			               s->used, s->z.msg ? s->z.msg : "not deflate");
		}
	}
	return GB_OK;
}

gb_status gb_gunzip_drain(gb_gunzip *s, gb_err *err)
{
	uint8_t waste[65536];
	size_t got;
	gb_status status = GB_OK;

	while (!s->ended && !status)
		status = gb_gunzip_read(s, waste, sizeof waste, &got, err);
	return status;
}

uint32_t gb_gunzip_length(const uint8_t *data, size_t size)
{
	const uint8_t *t = data + size - 4;

	return size < 18 ? 0 : t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
}

bool gb_gunzip_whole(const uint8_t *data, size_t size, void *out, size_t out_size)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t in = 0, made = 0;
	bool good = d &&
	            libdeflate_gzip_decompress_ex(d, data, size, out, out_size, &in, &made) ==
	                LIBDEFLATE_SUCCESS &&
	            in == size && made == out_size;

	libdeflate_free_decompressor(d);
	return good;
}

/* ---- deflating ---- */

struct gb_gzip {
	z_stream z;
	gb_gzip_sink *sink;
	void *context;
	uint8_t buffer[1 << 16];
};

gb_status gb_gzip_open(gb_gzip **stream, gb_gzip_sink *sink, void *context, gb_err *err)
{
	gb_gzip *s = calloc(1, sizeof *s);

	*stream = NULL;
	if (!s || deflateInit2(&s->z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(s);
		return gb_fail(err, GB_SYSTEM, "no memory to deflate");
	}
	s->sink = sink;
	s->context = context;
	*stream = s;
	return GB_OK;
}

static gb_status pump(gb_gzip *s, int flush, gb_err *err)
{
	int code;

	do {
		gb_status status;

		s->z.next_out = s->buffer;
		s->z.avail_out = sizeof s->buffer;
		code = deflate(&s->z, flush);
		if ((status = s->sink(s->context, s->buffer, sizeof s->buffer - s->z.avail_out, err)))
			return status;
	} while (s->z.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
	return GB_OK;
}

gb_status gb_gzip_write(gb_gzip *s, const void *data, size_t size, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t at = 0; at < size && !status; at += STEP) {
		s->z.next_in = (Bytef *)(uintptr_t)data + at;
		s->z.avail_in = (uInt)(size - at < STEP ? size - at : STEP);
		status = pump(s, Z_NO_FLUSH, err);
	}
	return status;
}

gb_status gb_gzip_finish(gb_gzip *s, gb_err *err)
{
	s->z.avail_in = 0;
	return pump(s, Z_FINISH, err);
}

void gb_gzip_free(gb_gzip *stream)
{
	if (!stream)
		return;
	deflateEnd(&stream->z);
	free(stream);
}
