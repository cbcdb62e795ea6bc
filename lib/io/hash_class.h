/* SPDX-License-Identifier: MIT */
/* hash_class.h: XXH3 compiled for AVX2, for hash.c: the same values, at the
 * speed of memory (plain x86-64 code is 2 to 3 times slower). */
#ifndef GB_IO_HASH_CLASS_H
#define GB_IO_HASH_CLASS_H

#include "base/status.h"

GB_BEGIN_DECLS

void gb_hash_avx2(const void *data, size_t size, uint8_t out[16]); /* canonical XXH3-128, seed 0 */
void gb_hash_update_avx2(void *state, const void *data, size_t size); /* an XXH3_state_t */

GB_END_DECLS
#endif
