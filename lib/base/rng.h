/* SPDX-License-Identifier: MIT */
/* rng.h: counter-based random numbers (Philox4x32-10, Salmon et al. 2011).
 *
 * A stream is named by (seed, a, b, c), in training (seed, step, row, op), so
 * that a number never depends on how much was drawn elsewhere. */
#ifndef GB_BASE_RNG_H
#define GB_BASE_RNG_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_rng {
	uint32_t key[2], counter[4], block[4];
	int used;          /* words of block already given out */
	bool has_spare;    /* second value of the last Box-Muller pair */
	double spare;
} gb_rng;

/* One block: OUT = Philox4x32-10(COUNTER, KEY).  Known answers in the test. */
void gb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

gb_rng gb_rng_at(uint64_t seed, uint32_t a, uint32_t b, uint32_t c);
uint32_t gb_rng_bits(gb_rng *rng);
double gb_rng_uniform(gb_rng *rng);                    /* [0, 1), 53 bits */
double gb_rng_normal(gb_rng *rng);                     /* mean 0, SD 1 */
uint64_t gb_rng_below(gb_rng *rng, uint64_t bound);    /* 0 … bound−1, unbiased */

GB_END_DECLS
#endif
