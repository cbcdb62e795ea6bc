/* SPDX-License-Identifier: MIT */
/* init_ridge.h: giblet13 begins as the ridge baseline.
 *
 * Encoding: the ridge solution on the linear view is projected on the RANK
 * directions of the voxels that hold most of its predictions (P), and, where
 * its filters have more outputs than the bottleneck, on the directions of z
 * that do.  So linear.weight, brain.map and the heads reproduce it, up to what
 * these projections lose; z has unit SD on the train rows.  Rows of
 * linear.weight beyond those are random directions.
 *
 * Decoding: ridge from the factors BOLD·P in the window to those dimensions of
 * z that reach the brain, and from these to the text (its linear path).  Beside
 * the layers, pictures, sound and further float tensors come straight from the
 * window, by ridge that is judged by its skill; no step moves that. */
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

/* *STATE: what cross-validation chose ({"encode":{"score","penalty"},"decode":{…},"text":{…}}); the caller's. */
GB_CHECK gb_status gb_init_ridge(gb_network *net, gb_loader *loader, const gb_init_options *options, gb_json **state, gb_err *err);

GB_END_DECLS
#endif
