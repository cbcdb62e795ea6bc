/* SPDX-License-Identifier: MIT */
/* dense13_layers.h: giblet13-seed, the network that giblet13 took the place of, for conformance.
 *
 *   2A video → 4096 → 2048 → 1024    2B codes → 512 → 256    2C text → 512 → 256
 *   3 side by side → 4 → 5 → 6 → 7 → z;  z → 16384 → voxels
 *   z → 8 → 9 → 10 → 11 → 12A 12B 12C → 13A the first picture, 13B codes as numbers, 13C text
 *
 * Fully connected; every layer but the last ones is linear with bias, batch norm, rectifier (not 7), dropout.
 * At full width and the sizes of its study it has 3,543,969,010 parameters. */
#ifndef GB_NETWORK_DENSE13_LAYERS_H
#define GB_NETWORK_DENSE13_LAYERS_H

#include "network/giblet13_layers.h"

GB_BEGIN_DECLS

extern const gb_network_type gb_network_dense13; /* "giblet13-seed" */

GB_END_DECLS
#endif
