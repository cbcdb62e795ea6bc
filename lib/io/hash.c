/* SPDX-License-Identifier: MIT */
#include "io/hash.h"

#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cpu.h"
#include "base/pool.h"
#include "base/size.h"
#include "io/hash_class.h"

struct gb_hasher { XXH3_state_t state; };

static gb_hash canonical(XXH128_hash_t value)
{
	XXH128_canonical_t text;
	gb_hash hash;

	XXH128_canonicalFromHash(&text, value);
	memcpy(hash.bytes, text.digest, sizeof hash.bytes);
	return hash;
}

gb_hash gb_hash_of(const void *data, size_t size)
{
	gb_hash hash;

	if (gb_cpu_class() == GB_CPU_GENERIC)
		return canonical(XXH3_128bits(data, size));
	gb_hash_avx2(data, size, hash.bytes);
	return hash;
}

uint64_t gb_hash64_of(const void *data, size_t size) { return XXH3_64bits(data, size); }
bool gb_hash_equal(gb_hash a, gb_hash b) { return !memcmp(a.bytes, b.bytes, sizeof a.bytes); }

char *gb_hash_format(gb_hash hash, char text[GB_HASH_TEXT])
{
	for (int i = 0; i < GB_HASH_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[hash.bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[hash.bytes[i] & 15];
	}
	text[2 * GB_HASH_BYTES] = 0;
	return text;
}

gb_hasher *gb_hasher_new(gb_err *err)
{
	gb_hasher *hasher = gb_array(1, sizeof *hasher, err); /* 64-byte aligned, as the state wants */

	if (hasher)
		XXH3_128bits_reset(&hasher->state);
	return hasher;
}

void gb_hasher_update(gb_hasher *hasher, const void *data, size_t size)
{
	if (gb_cpu_class() == GB_CPU_GENERIC)
		XXH3_128bits_update(&hasher->state, data, size);
	else
		gb_hash_update_avx2(&hasher->state, data, size);
}

gb_hash gb_hasher_value(const gb_hasher *hasher) { return canonical(XXH3_128bits_digest(&hasher->state)); }
void gb_hasher_free(gb_hasher *hasher) { free(hasher); }

gb_status gb_hash_file(const char *path, gb_hash *hash, uint64_t *bytes, gb_err *err)
{
	enum { BLOCK = 1 << 20 };
	gb_hasher *hasher = NULL;
	char *buffer = NULL;
	gb_status status = GB_SYSTEM;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*bytes = 0;
	if (fd < 0)
		return gb_fail_errno(err, GB_USAGE, errno, "%s", path);
	if (!(hasher = gb_hasher_new(err)) || !(buffer = gb_array(BLOCK, 1, err)))
		goto done;
	while ((got = read(fd, buffer, BLOCK)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0) {
			gb_hasher_update(hasher, buffer, (size_t)got);
			*bytes += (uint64_t)got;
		}
	if (got < 0) {
		status = gb_fail_errno(err, GB_USAGE, errno, "%s: cannot be read", path);
		goto done;
	}
	*hash = gb_hasher_value(hasher);
	status = GB_OK;
done:
	close(fd);
	free(buffer);
	gb_hasher_free(hasher);
	return status;
}
