/* SPDX-License-Identifier: MIT */
/* init_ridge.h: initialise giblet13 from the ridge solution.
 *
 * Encoding: the ridge solution on the linear view is projected on the RANK
 * directions P of the voxels with the most predicted variance and, where its filters
 * have more outputs than the bottleneck has dimensions, on the directions of z with
 * the most.  So linear.weight, brain.map and the readouts reproduce it, up to what
 * these projections lose; z has unit SD on the train rows.  The other rows of
 * linear.weight are random directions.
 *
 * Decoding: ridge from the factors BOLD·P in the window to the dimensions of z that
 * reach the brain, and from these to the text (its linear path).  Besides, linear
 * paths decode video, sound and further float tensors straight from the window, by
 * ridge whose penalty is chosen by skill; no training step changes these. */
#ifndef GB_TRAIN_INIT_RIDGE_H
#define GB_TRAIN_INIT_RIDGE_H

#include "ridge/delays.h"
#include "loader/loader.h"

GB_BEGIN_DECLS

typedef struct gb_init_options {
	const gb_delays *delays;   /* the brain kernel: the network's basis, taps, first_lag */
	int64_t gap;
	uint64_t seed;
	const gb_device *device;
} gb_init_options;

/* *STATE: what cross-validation chose ({"encode":{"score","penalty"},"decode":{…},"text":{…}}); the
 * caller's. */
GB_CHECK gb_status gb_init_ridge(gb_network *net, gb_loader *loader, const gb_init_options *options,
                                 gb_json **state, gb_err *err);

GB_END_DECLS
#endif
