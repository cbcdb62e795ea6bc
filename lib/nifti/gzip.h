/* SPDX-License-Identifier: MIT */
/* gzip.h: inflating and deflating gzip data.  zlib where a stream is needed,
 * libdeflate where the whole buffer is at hand; checksums and lengths of the
 * trailers are always verified. */
#ifndef GB_NIFTI_GZIP_H
#define GB_NIFTI_GZIP_H

#include "base/status.h"

GB_BEGIN_DECLS

bool gb_gzip_is(const uint8_t *data, size_t size);

typedef struct gb_gunzip gb_gunzip;

/* DATA stays borrowed.  Several members in a row are one stream; zeros may follow. */
GB_CHECK gb_status gb_gunzip_open(gb_gunzip **stream, const uint8_t *data, size_t size, const char *name,
                                  gb_err *err);
/* Up to SIZE bytes; *GOT is less only at the end. */
GB_CHECK gb_status gb_gunzip_read(gb_gunzip *stream, void *out, size_t size, size_t *got, gb_err *err);
/* Inflate and count what is left, so that the trailers are checked. */
GB_CHECK gb_status gb_gunzip_drain(gb_gunzip *stream, gb_err *err);
void gb_gunzip_close(gb_gunzip *stream);

/* The whole of DATA, one member of exactly SIZE inflated bytes, into OUT at
 * once.  False when it is not that simple: then take the stream, which says why. */
bool gb_gunzip_whole(const uint8_t *data, size_t size, void *out, size_t out_size);
/* Length modulo 2³² that the last trailer states. */
uint32_t gb_gunzip_length(const uint8_t *data, size_t size);

typedef gb_status gb_gzip_sink(void *context, const void *data, size_t size, gb_err *err);
typedef struct gb_gzip gb_gzip;
/* Deflate to SINK; no name, no time: the same bytes for the same data. */
GB_CHECK gb_status gb_gzip_open(gb_gzip **stream, gb_gzip_sink *sink, void *context, gb_err *err);
GB_CHECK gb_status gb_gzip_write(gb_gzip *stream, const void *data, size_t size, gb_err *err);
GB_CHECK gb_status gb_gzip_finish(gb_gzip *stream, gb_err *err);
void gb_gzip_free(gb_gzip *stream);

GB_END_DECLS
#endif
