/* SPDX-License-Identifier: MIT */
#include "io/hash_class.h"

#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

void gb_hash_avx2(const void *data, size_t size, uint8_t out[16])
{
	XXH128_canonical_t text;

	XXH128_canonicalFromHash(&text, XXH3_128bits(data, size));
	memcpy(out, text.digest, 16);
}

void gb_hash_update_avx2(void *state, const void *data, size_t size)
{
	XXH3_128bits_update(state, data, size);
}
