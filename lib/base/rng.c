/* SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Multipliers and Weyl constants of Philox4x32: Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011, table 2 and section 4.2. */
#define M0 0xD2511F53u
#define M1 0xCD9E8D57u
#define W0 0x9E3779B9u
#define W1 0xBB67AE85u

void gb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++, k0 += W0, k1 += W1) {
		uint64_t p0 = (uint64_t)M0 * c0, p1 = (uint64_t)M1 * c2;
		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

gb_rng gb_rng_at(uint64_t seed, uint32_t a, uint32_t b, uint32_t c)
{
	gb_rng rng = {.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .counter = {0, a, b, c}, .used = 4};
	return rng;
}

uint32_t gb_rng_bits(gb_rng *rng)
{
	if (rng->used == 4) {
		gb_philox(rng->counter, rng->key, rng->block);
		rng->counter[0]++;
		rng->used = 0;
	}
	return rng->block[rng->used++];
}

double gb_rng_uniform(gb_rng *rng)
{
	uint64_t high = gb_rng_bits(rng), low = gb_rng_bits(rng);

	return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double gb_rng_normal(gb_rng *rng)
{
	double radius, angle;

	if (rng->has_spare) {
		rng->has_spare = false;
		return rng->spare;
	}
	radius = sqrt(-2 * log(1 - gb_rng_uniform(rng))); /* 1 − u is in (0, 1] */
	angle = 2 * 3.14159265358979323846 * gb_rng_uniform(rng);
	rng->spare = radius * sin(angle);
	rng->has_spare = true;
	return radius * cos(angle);
}

uint64_t gb_rng_below(gb_rng *rng, uint64_t bound)
{
	uint64_t limit = bound ? UINT64_MAX - UINT64_MAX % bound : 0, value;

	if (!bound)
		return 0;
	do {
		uint64_t high = gb_rng_bits(rng);
		value = high << 32 | gb_rng_bits(rng);
	} while (value >= limit);
	return value % bound;
}
