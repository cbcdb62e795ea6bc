/* SPDX-License-Identifier: MIT */
/* gemm.c: how a product is cut into tiles, and what is packed where.
 *
 * One operand, "the left", is read where it lies if its k is contiguous, a
 * few rows at a time; the other, "the right", is packed into panels in the
 * second-level cache of the thread.  A product x Wᵀ whose W is larger than x
 * is turned round (Cᵀ = W xᵀ), so that W is streamed once and never packed. */
#include "gemm.h"

#include <string.h>

#include "loops.h"

enum {
	BLOCK = 65536,    /* floats of packed right operand: 256 KB */
	TURNED = 32768,   /* floats of a turned tile, kept until k is done */
	PARTIAL = 65536,  /* floats of all slices */
	TILE_ROWS = 256, TURNED_ROWS = 512, WIDEST = 1024,
	UNIT = 24,        /* whole register tiles of any class */
	LEFT_ROWS = 8,    /* of a register tile, at most */
	SLICES = 16, SLICE_DEPTH = 4 * GB_GEMM_DEPTH
};

/* op(A) [m, k] op(B) [k, n] after the turn. */
typedef struct product {
	const gb_gemm_class *kind;
	const struct gb_op_matmul *args;
	size_t m, n, k;
	const float *left, *right;
	size_t left_stride, right_stride;
	bool left_packed;       /* stored [k, m] */
	bool right_transposed;  /* stored [n, k] */
	bool turned;            /* the result is Cᵀ */
	size_t tile_rows, tile_columns, across, tiles, slices;
	float *partial;         /* [slices, m, n], where slices > 1 */
} product;

typedef struct tile { size_t row, rows, column, columns, from, to; /* of k */ } tile;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t parts(size_t n, size_t of) { return (n + of - 1) / of; }

/* ---- packing ---- */

/* COLUMNS shared out evenly to panels; FIRST[count] is their padded end. */
typedef struct panels { size_t count, first[WIDEST / 8 + 1]; } panels;

static void share_out(const gb_gemm_class *kind, size_t columns, panels *p)
{
	size_t vectors = parts(columns, kind->lanes), at = 0;

	p->count = parts(vectors, kind->direct[2] ? 3 : 2);
	for (size_t i = 0; i <= p->count; i++) {
		p->first[i] = at * kind->lanes;
		at += vectors / p->count + (i < vectors % p->count);
	}
}

static void pack_right(const product *g, const tile *t, size_t from, size_t depth, const panels *p, float *to)
{
	if (!g->right_transposed) {
		g->kind->pack(g->right + from * g->right_stride + t->column, g->right_stride, depth,
		              t->columns, p->first, p->count, to);
		return;
	}
	for (size_t i = 0; i < p->count; i++) {
		size_t first = p->first[i], width = p->first[i + 1] - first,
		       there = least(width, t->columns - first);
		float *panel = to + first * depth;

		g->kind->transpose(g->right + (t->column + first) * g->right_stride + from, g->right_stride,
		                   there, depth, panel, width, false);
		for (size_t k = 0; there < width && k < depth; k++)
			memset(panel + k * width + there, 0, (width - there) * sizeof *to);
	}
}

static void pack_left(const product *g, size_t row, size_t rows, size_t from, size_t depth, float *to)
{
	size_t all = g->kind->rows;
	const float *at = g->left +
	                  (g->left_packed ? from * g->left_stride + row : row * g->left_stride + from);

	if (rows < all)
		memset(to, 0, depth * all * sizeof *to);
	if (!g->left_packed)
		g->kind->transpose(at, g->left_stride, rows, depth, to, all, false);
	else if (rows == 8 && all == 8)
		for (size_t k = 0; k < depth; k++, at += g->left_stride)
			memcpy(to + k * 8, at, 8 * sizeof *to);
	else
		for (size_t k = 0; k < depth; k++, at += g->left_stride)
			for (size_t i = 0; i < rows; i++)
				to[k * all + i] = at[i];
}

/* ---- one tile ---- */

/* The ROWS × COLUMNS of a register tile that lie inside the product. */
static void copy_edge(const float *whole, size_t width, float *c, size_t stride, size_t rows, size_t columns,
                      bool add)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < columns; i++)
			c[r * stride + i] = whole[r * width + i] + (add ? c[r * stride + i] : 0.0f);
}

static void multiply(const product *g, const tile *t, float *c, size_t stride, bool add)
{
	float right[BLOCK] __attribute__((aligned(64))), left[LEFT_ROWS * GB_GEMM_DEPTH];
	panels p;

	share_out(g->kind, t->columns, &p);
	for (size_t from = t->from; from < t->to; from += GB_GEMM_DEPTH, add = true) {
		size_t depth = least(GB_GEMM_DEPTH, t->to - from);

		pack_right(g, t, from, depth, &p, right);
		for (size_t row = 0; row < t->rows; row += g->kind->rows) {
			size_t rows = least(g->kind->rows, t->rows - row);
			bool packed = g->left_packed || rows < g->kind->rows;
			const float *a = packed ? left : g->left + (t->row + row) * g->left_stride + from;

			if (packed)
				pack_left(g, t->row + row, rows, from, depth, left);
			for (size_t i = 0; i < p.count; i++) {
				size_t first = p.first[i], width = p.first[i + 1] - first,
				       columns = least(width, t->columns - first);
				gb_gemm_fn *run = (packed ? g->kind->packed
				                          : g->kind->direct)[width / g->kind->lanes - 1];
				const float *b = right + first * depth;
				float *to = c + row * stride + first;

				if (rows == g->kind->rows && columns == width) {
					run(depth, a, g->left_stride, b, to, stride, add);
				} else {
					float whole[LEFT_ROWS * 48];

					run(depth, a, g->left_stride, b, whole, width, false);
					copy_edge(whole, width, to, stride, rows, columns, add);
				}
			}
		}
	}
}

static void finish(const product *g, size_t row, size_t rows, size_t column, size_t columns)
{
	const struct gb_op_matmul *args = g->args;
	const gb_loops *loops = gb_loops_here();

	if (!args->bias && !args->pre && args->activation == GB_LINEAR)
		return;
	for (size_t r = row; r < row + rows; r++)
		loops->finish(columns, args->c + r * args->n + column,
		              args->bias ? args->bias + column : NULL,
		              args->pre ? args->pre + r * args->n + column : NULL, args->activation);
}

static void run_turned(const product *g, const tile *t)
{
	float c[TURNED] __attribute__((aligned(64)));

	multiply(g, t, c, t->columns, false);
	g->kind->transpose(c, t->columns, t->rows, t->columns, g->args->c + t->column * g->args->n + t->row,
	                   g->args->n, g->args->accumulate);
	finish(g, t->column, t->columns, t->row, t->rows);
}

static void run_tile(void *context, size_t index, int worker)
{
	const product *g = context;
	size_t slice = index % g->slices, row = index / g->slices / g->across * g->tile_rows,
	       column = index / g->slices % g->across * g->tile_columns;
	size_t blocks = parts(g->k, GB_GEMM_DEPTH), first = blocks * slice / g->slices,
	       last = blocks * (slice + 1) / g->slices;
	tile t = {row,
	          least(g->tile_rows, g->m - row),
	          column,
	          least(g->tile_columns, g->n - column),
	          first * GB_GEMM_DEPTH,
	          least(last * GB_GEMM_DEPTH, g->k)};

	(void)worker;
	if (g->slices > 1)
		multiply(g, &t, g->partial + (slice * g->m + row) * g->n + column, g->n, false);
	else if (g->turned)
		run_turned(g, &t);
	else {
		multiply(g, &t, g->args->c + row * g->n + column, g->n, g->args->accumulate);
		finish(g, row, t.rows, column, t.columns);
	}
}

/* ---- the whole ---- */

static product product_of(const gb_gemm_class *kind, const struct gb_op_matmul *args)
{
	product g = {.kind = kind, .args = args, .k = args->k, .slices = 1};
	size_t a_stride = args->transpose_a ? args->m : args->k,
	       b_stride = args->transpose_b ? args->k : args->n;

	/* The right operand is packed: not W of x Wᵀ.  Of two that are stored by k, the larger is read in
	 * whole lines on the right. */
	g.turned = args->transpose_b ? args->n > args->m
	                             : args->transpose_a && args->m > args->n && args->k >= 4 * GB_GEMM_DEPTH;
	if (g.turned)
		g.m = args->n, g.n = args->m, g.left = args->b, g.right = args->a, g.left_stride = b_stride,
		g.right_stride = a_stride, g.left_packed = !args->transpose_b,
		g.right_transposed = !args->transpose_a;
	else
		g.m = args->m, g.n = args->n, g.left = args->a, g.right = args->b, g.left_stride = a_stride,
		g.right_stride = b_stride, g.left_packed = args->transpose_a,
		g.right_transposed = args->transpose_b;
	return g;
}

/* Tiles of N rows or columns, at most MOST each, whole multiples of UNIT, an
 * even number of them: two threads end together. */
static size_t even(size_t n, size_t most, size_t unit)
{
	size_t count = parts(n, most / unit * unit);

	count += count > 1 && count % 2;
	return parts(parts(n, count), unit) * unit;
}

static void cut(product *g)
{
	size_t panel = g->kind->lanes * (g->kind->direct[2] ? 3 : 2);

	g->tile_columns = even(g->n, least(BLOCK / least(g->k, GB_GEMM_DEPTH), WIDEST), panel);
	g->tile_rows = even(g->m, g->turned ? least(TURNED_ROWS, TURNED / g->tile_columns) : TILE_ROWS, UNIT);
	g->across = parts(g->n, g->tile_columns);
	g->tiles = g->across * parts(g->m, g->tile_rows);
	/* A long sum of few numbers: tiles alone would leave threads without work. */
	if (g->tiles < SLICES && g->m * g->n <= PARTIAL / 2)
		g->slices = least(least(SLICES, PARTIAL / (g->m * g->n)), g->k / SLICE_DEPTH);
	g->slices += !g->slices;
}

/* C from the slices, in their order. */
static void join(const product *g)
{
	const struct gb_op_matmul *args = g->args;
	size_t count = g->m * g->n;

	for (size_t s = 1; s < g->slices; s++)
		for (size_t i = 0; i < count; i++)
			g->partial[i] += g->partial[s * count + i];
	for (size_t i = 0; i < args->m; i++)
		for (size_t j = 0; j < args->n; j++) {
			float x = g->partial[g->turned ? j * args->m + i : i * args->n + j],
			      *c = &args->c[i * args->n + j];

			*c = args->accumulate ? *c + x : x;
		}
	finish(g, 0, args->m, 0, args->n);
}

static void run_sliced(const gb_device *device, product *g)
{
	float partial[PARTIAL];

	g->partial = partial;
	gb_pool_run(device->pool, g->tiles * g->slices, run_tile, g);
	join(g);
}

void gb_gemm(const gb_device *device, const gb_gemm_class *kind, const struct gb_op_matmul *args)
{
	product g = product_of(kind, args);

	if (!g.m || !g.n)
		return;
	cut(&g);
	if (g.slices > 1)
		run_sliced(device, &g);
	else
		gb_pool_run(g.tiles > 1 ? device->pool : NULL, g.tiles, run_tile, &g);
}
