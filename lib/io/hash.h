/* SPDX-License-Identifier: MIT */
/* hash.h: XXH3 checksums, over xxhash compiled in. */
#ifndef GB_IO_HASH_H
#define GB_IO_HASH_H

#include "base/status.h"

GB_BEGIN_DECLS

#define GB_HASH_BYTES 16
#define GB_HASH_TEXT 33 /* 32 hex digits and the closing 0 */

typedef struct gb_hash { uint8_t bytes[GB_HASH_BYTES]; } gb_hash; /* canonical, big-endian */

gb_hash gb_hash_of(const void *data, size_t size);       /* XXH3-128, seed 0 */
uint64_t gb_hash64_of(const void *data, size_t size);    /* XXH3-64, seed 0 */
char *gb_hash_format(gb_hash hash, char text[GB_HASH_TEXT]);
bool gb_hash_equal(gb_hash a, gb_hash b);

typedef struct gb_hasher gb_hasher; /* in pieces */
GB_CHECK gb_hasher *gb_hasher_new(gb_err *err);
void gb_hasher_update(gb_hasher *hasher, const void *data, size_t size);
gb_hash gb_hasher_value(const gb_hasher *hasher);
void gb_hasher_free(gb_hasher *hasher);

/* A whole regular file, read once in order. */
GB_CHECK gb_status gb_hash_file(const char *path, gb_hash *hash, uint64_t *bytes, gb_err *err);

GB_END_DECLS
#endif
