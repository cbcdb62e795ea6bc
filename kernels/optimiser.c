/* SPDX-License-Identifier: MIT */
/* optimiser.c: AdamW over all parameters, and the norm that clips its gradient. */
#include <math.h>

#include "tile.h"

enum { BLOCK = 4096, PER_TILE = 16384 };

struct update { const struct gb_op_adamw *args; const gb_adamw_segment *segment; float first_scale, second_scale; };

static void update_span(const void *context, size_t first, size_t end)
{
	const struct update *update = context;
	const struct gb_op_adamw *args = update->args;
	float *w = args->w + update->segment->first, *m = args->m + update->segment->first;
	float *v = args->v + update->segment->first, rate = args->rate * update->segment->rate;
	const float *g = args->g + update->segment->first;
	float pull = rate * update->segment->decay, beta1 = args->beta1, beta2 = args->beta2;
	const float *anchor = update->segment->anchor;

	for (size_t i = first; i < end; i++) {
		float x = g[i] * args->gradient_scale;

		m[i] = beta1 * m[i] + (1.0f - beta1) * x;
		v[i] = beta2 * v[i] + (1.0f - beta2) * x * x;
		w[i] = w[i] - pull * (anchor ? w[i] - anchor[i] : w[i]) - rate * (m[i] * update->first_scale) / (sqrtf(v[i] * update->second_scale) + args->epsilon);
	}
}

void gb_cpu_adamw(const gb_device *device, const struct gb_op_adamw *args)
{
	struct update update = {args, NULL, (float)(1.0 / (1.0 - pow((double)args->beta1, (double)args->step))),
	                        (float)(1.0 / (1.0 - pow((double)args->beta2, (double)args->step)))};

	for (size_t s = 0; s < args->segments; s++) {
		update.segment = &args->segment[s];
		gb_spans(device, args->segment[s].count, PER_TILE, update_span, &update);
	}
}

static double block_sum(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	return sum;
}

/* Halves at a multiple of the block: the tree depends on the length only. */
static double tree_sum(const float *x, size_t blocks, size_t n)
{
	size_t left;

	if (blocks <= 1)
		return block_sum(x, n);
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
	forest->sum[leaf] = first < end ? tree_sum(forest->x + first * BLOCK, end - first, stop - first * BLOCK) : 0.0;
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
