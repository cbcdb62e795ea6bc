/* SPDX-License-Identifier: MIT */
/* Checksums: published values, in pieces as at once, and the same for every processor class. */
#include "base/cpu.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/size.h"
#include "io/hash.h"
#include "tests/tap.h"

enum { SIZES = 3000, LARGE = 1 << 21 };

static gb_err err;

int main(void)
{
	uint8_t *data = gb_array(LARGE, 1, &err);
	gb_hash *first = gb_array(SIZES + 1, sizeof *first, &err), pieces;
	gb_hasher *hasher = gb_hasher_new(&err);
	gb_rng rng = gb_rng_at(7, 0, 0, 0);
	char text[GB_HASH_TEXT];
	size_t same = 0, at = 0;

	for (int i = 0; i < LARGE; i++)
		data[i] = (uint8_t)gb_rng_bits(&rng);
	ok(!strcmp(gb_hash_format(gb_hash_of("", 0), text), "99aa06d3014798d86001c324468d497f"),
	   "of nothing, as published");
	for (size_t n = 0; n < SIZES; n++)
		first[n] = gb_hash_of(data, n);
	first[SIZES] = gb_hash_of(data, LARGE);
	while (at < LARGE) {
		size_t n = 1 + gb_rng_below(&rng, 5000);
		n = n < LARGE - at ? n : LARGE - at;
		gb_hasher_update(hasher, data + at, n);
		at += n;
	}
	pieces = gb_hasher_value(hasher);
	ok(gb_hash_equal(pieces, first[SIZES]), "in pieces as at once (%s)", gb_cpu_name());
	gb_hasher_free(hasher);
	if (gb_cpu_force("generic", &err))
		note("%s", err.text);
	for (size_t n = 0; n < SIZES; n++)
		same += gb_hash_equal(gb_hash_of(data, n), first[n]);
	same += gb_hash_equal(gb_hash_of(data, LARGE), first[SIZES]);
	ok(same == SIZES + 1, "%zu of %d lengths have the same value in plain code", same, SIZES + 1);
	free(data);
	free(first);
	return done_testing();
}
