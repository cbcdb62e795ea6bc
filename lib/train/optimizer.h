/* SPDX-License-Identifier: MIT */
/* optimizer.h: AdamW over the weights of a graph, with its moments and anchors. */
#ifndef GB_TRAIN_OPTIMIZER_H
#define GB_TRAIN_OPTIMIZER_H

#include "network/graph.h"
#include "train/trainer.h"

GB_BEGIN_DECLS

typedef struct gb_optimizer {
	const gb_device *device; /* borrowed, like the graph */
	gb_graph *graph;
	size_t parameters;       /* numbers in all weights */
	gb_mirror first, second; /* [parameters] moments of AdamW */
	/* [parameters] values towards which anchored weights decay; empty without a ridge initialisation */
	gb_mirror anchor;
	/* gb_adamw_segment of each parameter; its anchor points to the device's memory */
	gb_mirror segment;
	gb_mirror square_sum;    /* [1] double */
} gb_optimizer;

/* Anchors and freezes the parameters of GRAPH as OPTIONS want it (their flags), and sets the rates of
 * each. */
GB_CHECK gb_status gb_optimizer_open(gb_optimizer *optimizer, const gb_device *device, gb_graph *graph,
                                     const gb_train_options *options, gb_err *err);
void gb_optimizer_close(gb_optimizer *optimizer); /* accepts a cleared one */

/* The present weights become the anchors. */
void gb_optimizer_set_anchors(gb_optimizer *optimizer);
/* Clear the gradient of frozen parameters, so that the norm is that of the others. */
void gb_optimizer_freeze(const gb_optimizer *optimizer, float *gradient);
/* Euclidean norm of X [parameters] in the device's memory. */
GB_CHECK gb_status gb_optimizer_norm(gb_optimizer *optimizer, const float *x, double *norm, gb_err *err);
/* STEP counts from 1.  GRADIENT [parameters] is first multiplied by SCALE. */
void gb_optimizer_step(gb_optimizer *optimizer, const float *gradient, float scale, float lr, uint64_t step);

GB_END_DECLS
#endif
