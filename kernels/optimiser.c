/* SPDX-License-Identifier: MIT */
/* optimiser.c: AdamW over all parameters, and the norm that clips its gradient. */
#include <math.h>

#include "loops.h"
#include "tile.h"

enum { BLOCK = 4096, PER_TILE = 65536 };

struct update {
	const struct gb_op_adamw *args;
	const gb_adamw_segment *segment;
	const gb_loops *loops;
	gb_adamw_span by;
};

static void update_span(const void *context, size_t first, size_t end)
{
	const struct update *update = context;
	const struct gb_op_adamw *args = update->args;
	const float *anchor = update->segment->anchor;
	size_t at = update->segment->first + first;

	update->loops->adamw(&update->by, end - first, args->w + at, args->m + at, args->v + at, args->g + at,
	                     anchor ? anchor + first : NULL);
}

/* Moments start at 0: 1/(1 − β^step) makes up for it. */
static float correction(float beta, uint64_t step)
{
	return (float)(1.0 / (1.0 - pow((double)beta, (double)step)));
}

void gb_cpu_adamw(const gb_device *device, const struct gb_op_adamw *args)
{
	struct update update = {args,
	                        NULL,
	                        gb_loops_here(),
	                        {args->gradient_scale, args->beta1, args->beta2,
	                         correction(args->beta1, args->step), correction(args->beta2, args->step), 0,
	                         0, args->epsilon}};

	for (size_t s = 0; s < args->segments; s++) {
		update.segment = &args->segment[s];
		update.by.rate = args->rate * update.segment->rate;
		update.by.pull = update.by.rate * update.segment->decay;
		gb_spans(device, args->segment[s].count, PER_TILE, update_span, &update);
	}
}

/* Halves at a multiple of the block: the tree depends on the length only. */
static double tree_sum(const float *x, size_t blocks, size_t n)
{
	size_t left;

	if (blocks <= 1)
		return gb_loops_here()->square_sum(n, x);
	left = blocks / 2;
	return tree_sum(x, left, left * BLOCK) + tree_sum(x + left * BLOCK, blocks - left, n - left * BLOCK);
}

/* The top of the tree, cut where 64 leaves are reached, runs on the pool. */
enum { LEAVES = 64 };
struct forest { const float *x; size_t n, blocks; double sum[LEAVES]; };

static size_t leaf_first(const struct forest *forest, size_t leaf) { return forest->blocks * leaf / LEAVES; }

static void leaf_tile(void *context, size_t leaf, int worker)
{
	struct forest *forest = context;
	size_t first = leaf_first(forest, leaf), end = leaf_first(forest, leaf + 1);
	size_t stop = end * BLOCK < forest->n ? end * BLOCK : forest->n;

	(void)worker;
	forest->sum[leaf] = first < end
	                        ? tree_sum(forest->x + first * BLOCK, end - first, stop - first * BLOCK)
	                        : 0.0;
}

void gb_cpu_square_sum(const gb_device *device, const struct gb_op_square_sum *args)
{
	struct forest forest = {args->x, args->n, (args->n + BLOCK - 1) / BLOCK, {0}};

	gb_pool_run(forest.blocks > LEAVES ? device->pool : NULL, LEAVES, leaf_tile, &forest);
	for (size_t step = 1; step < LEAVES; step *= 2)
		for (size_t i = 0; i < LEAVES; i += 2 * step)
			forest.sum[i] += forest.sum[i + step];
	*args->out = forest.sum[0];
}
