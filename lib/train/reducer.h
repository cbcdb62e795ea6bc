/* SPDX-License-Identifier: MIT */
/* reducer.h: the sum of gradients, moments and losses over the micro-batches of a step.
 *
 * A rank adds its micro-batches in a binary tree over their index, and the tree
 * continues across ranks, so the bits do not depend on the number of ranks.  With
 * GB_REDUCE_FAST and a library that sums in the device's memory, parts of the last
 * gradient are added and sent as soon as the backward pass has made them. */
#ifndef GB_TRAIN_REDUCER_H
#define GB_TRAIN_REDUCER_H

#include "comm/comm.h"
#include "network/graph.h"
#include "train/trainer.h"

GB_BEGIN_DECLS

/* Sums over rows, of each term: losses, and the weights of the rows. */
typedef struct gb_term_sums { double loss[GB_TERMS], count[GB_TERMS]; } gb_term_sums;

/* The sum over some micro-batches of a step. */
typedef struct gb_partial {
	float *gradient;      /* [parameters], in the device's memory */
	double *moments;      /* [2·bottleneck + 1]: Σz, Σz², number of rows */
	gb_term_sums sums;
	bool empty;           /* no rows: nothing to add */
} gb_partial;

enum { GB_PARTIALS = 16 };

typedef struct gb_reducer {
	const gb_device *device; /* borrowed, like the next three */
	gb_graph *graph;
	gb_comm *comm;           /* NULL: one process */
	gb_pool *pool;
	enum gb_reduction reduction;
	size_t parameters, moments; /* lengths of a gb_partial's arrays */
	/* [0] is scratch; [1 + l] holds the sum of 2^l micro-batches, which waits for its right neighbour. */
	gb_partial partial[GB_PARTIALS];
	int partials;
	float *host;             /* [parameters·3/2] where ranks sum what the device holds; NULL: in place */
	double *numbers;         /* [moments + 2·GB_TERMS + 2] what ranks sum beside the gradient */
	gb_err async_failure;    /* of a sum that was begun during the backward pass */
} gb_reducer;

/* How the gradient of one micro-batch is added.  LEVEL: levels of the tree that each part
 * climbs during the backward pass, and then on to the other ranks; −1: added after it. */
typedef struct gb_reduce_plan { gb_reducer *reducer; int level; } gb_reduce_plan;

/* REDUCER has its borrowed members, reduction and lengths; gets its memory for so many MICRO_BATCHES a
 * step. */
GB_CHECK gb_status gb_reducer_open(gb_reducer *reducer, int64_t micro_batches, gb_err *err);
void gb_reducer_close(gb_reducer *reducer); /* accepts a cleared one */

/* For micro-batch INDEX (from 0) of the COUNT of this rank. */
gb_reduce_plan gb_reduce_plan_for(gb_reducer *reducer, uint32_t index, uint32_t count);
/* Nothing is added during the backward pass. */
gb_reduce_plan gb_reduce_plan_after(gb_reducer *reducer);

/* The backward pass of the last forward pass, into partial[0].gradient. */
void gb_reduce_backward(const gb_reduce_plan *plan, const gb_graph_run *run);
/* Add FROM to INTO, except for a gradient that was added during the backward pass. */
void gb_reduce_merge(const gb_reduce_plan *plan, gb_partial *into, const gb_partial *from);
/* PLAN is that of the last micro-batch.  TOTAL holds the sum of this rank, and afterwards
 * that of all ranks; ASKED (stop, save: 0 or 1) is summed, too. */
GB_CHECK gb_status gb_reduce_ranks(const gb_reduce_plan *plan, gb_partial *total, double asked[2],
                                   gb_err *err);

GB_END_DECLS
#endif
