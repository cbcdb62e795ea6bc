/* SPDX-License-Identifier: MIT */
/* graph_ops.c: what each kind of node does, forward and backward.
 *
 * Backward runs in reverse order, so a value's gradient is whole when the node
 * that made it is reached.  The first writer of a gradient writes in place,
 * later ones into scratch that is then added. */
#include "network/graph_internal.h"

#include <stddef.h>

#define OPS graph->device
#define DATA(v) (graph->value[v].data)
#define COUNT(v) (graph->value[v].rows * graph->value[v].columns)

/* Views share memory and therefore the state of their gradient. */
static gb_value *owner(gb_graph *graph, int v)
{
	while (graph->value[v].shares >= 0)
		v = graph->value[v].shares;
	return &graph->value[v];
}

/* The gradient that came to this node's output; NULL when none did. */
static float *incoming(gb_graph *graph, const gb_graph_node *node)
{
	gb_value *y = owner(graph, node->y);

	return y->grad && y->grad_written ? y->grad : NULL;
}

/* Where the gradient of X goes; NULL when none is wanted.  CLEAR: for
 * operations that accumulate. */
static float *open_grad(gb_graph *graph, int x, bool clear)
{
	gb_value *v = owner(graph, x);
	float *to;

	if (!graph->value[x].grad)
		return NULL;
	to = v->grad_written ? graph->scratch : v->grad;
	if (clear)
		OPS->ops->fill(OPS, to, 0, COUNT(x) * sizeof *to);
	return to;
}

static void close_grad(gb_graph *graph, int x)
{
	gb_value *v = owner(graph, x);

	if (v->grad_written)
		GB_RUN(OPS, add, COUNT(x), 1.0f, graph->scratch, 1.0f, v->grad);
	v->grad_written = true;
}

/* ---- linear ---- */

static void linear_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]], *y = &graph->value[node->y];

	(void)run;
	GB_RUN(OPS, matmul, x->rows, y->columns, x->columns, x->data, gb_weight_of(graph, node->weight),
	       y->data, false, true, false, gb_weight_of(graph, node->bias), node->keep, (int)node->size[0]);
}

static void linear_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]], *y = &graph->value[node->y];
	float *dy = incoming(graph, node), *dx;

	(void)run;
	if (!dy)
		return;
	if (node->size[0] == GB_GELU)
		GB_RUN(OPS, gelu_backward, COUNT(node->y), node->keep, dy, dy);
	if (node->bias >= 0)
		GB_RUN(OPS, column_sum, y->rows, y->columns, dy, gb_gradient_of(graph, node->bias));
	/* The first product overwrites: nothing was cleared before it. */
	GB_RUN(OPS, matmul, y->columns, x->columns, x->rows, dy, x->data, gb_gradient_of(graph, node->weight),
	       true, false, graph->gradient_written[node->weight]);
	graph->gradient_written[node->weight] = true;
	dx = open_grad(graph, node->x[0], false);
	if (!dx)
		return;
	GB_RUN(OPS, matmul, x->rows, x->columns, y->columns, dy, gb_weight_of(graph, node->weight), dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_linear = {linear_forward, linear_backward};

/* ---- layer norm ---- */

static void norm_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	(void)run;
	GB_RUN(OPS, layer_norm, x->rows, x->columns, x->data, gb_weight_of(graph, node->weight),
	       gb_weight_of(graph, node->bias), DATA(node->y), node->keep, node->keep + x->rows);
}

static void norm_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *dy = incoming(graph, node), *dx;

	(void)run;
	if (!dy)
		return;
	dx = open_grad(graph, node->x[0], false);
	/* Without a taker for DX the affine parameters still learn; DY itself is then free to be
	 * overwritten. */
	GB_RUN(OPS, layer_norm_backward, x->rows, x->columns, x->data, gb_weight_of(graph, node->weight),
	       node->keep, node->keep + x->rows, dy, dx ? dx : dy, gb_gradient_of(graph, node->weight),
	       gb_gradient_of(graph, node->bias));
	if (dx)
		close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_norm = {norm_forward, norm_backward};

/* ---- batch norm ---- */

static void batch_norm_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *measured = (float *)graph->measured.device + node->size[0];
	const float *running = (const float *)graph->running.device + node->size[0];

	GB_RUN(OPS, batch_norm, x->rows, x->columns, x->data, gb_weight_of(graph, node->weight),
	       gb_weight_of(graph, node->bias), run->training ? NULL : running, node->size[1], DATA(node->y),
	       measured, measured + x->columns, node->keep);
}

static void batch_norm_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *dy = incoming(graph, node), *dx;

	(void)run;
	if (!dy)
		return;
	dx = open_grad(graph, node->x[0], false);
	GB_RUN(OPS, batch_norm_backward, x->rows, x->columns, x->data, gb_weight_of(graph, node->weight),
	       gb_weight_of(graph, node->bias), (const float *)graph->measured.device + node->size[0],
	       node->keep, dy, node->size[1], dx ? dx : dy, gb_gradient_of(graph, node->weight),
	       gb_gradient_of(graph, node->bias));
	if (dx)
		close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_batch_norm = {batch_norm_forward, batch_norm_backward};

/* ---- dropout ---- */

static void drop(gb_graph *graph, const gb_graph_node *node, const gb_graph_run *run, const float *from,
                 float *to)
{
	const gb_value *x = &graph->value[node->x[0]];

	if (!run->training || node->p == 0)
		GB_RUN(OPS, add, COUNT(node->x[0]), 1.0f, from, 0.0f, to);
	else
		GB_RUN(OPS, dropout, x->rows, x->columns, node->p, run->seed, graph->when.device,
		       (uint32_t)node->index, from, to);
}

static void dropout_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	drop(graph, node, run, DATA(node->x[0]), DATA(node->y));
}

static void dropout_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], false) : NULL;

	if (!dx)
		return;
	drop(graph, node, run, dy, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_dropout = {dropout_forward, dropout_backward};

/* ---- sums, and side by side ---- */

static void add_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	(void)run;
	GB_RUN(OPS, add, COUNT(node->y), 1.0f, DATA(node->x[0]), 0.0f, DATA(node->y));
	GB_RUN(OPS, add, COUNT(node->y), 1.0f, DATA(node->x[1]), 1.0f, DATA(node->y));
}

static void add_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	float *dy = incoming(graph, node);

	(void)run;
	for (int i = 0; dy && i < 2; i++) {
		float *dx = open_grad(graph, node->x[i], false);

		if (!dx)
			continue;
		GB_RUN(OPS, add, COUNT(node->y), 1.0f, dy, 0.0f, dx);
		close_grad(graph, node->x[i]);
	}
}

const gb_node_type gb_node_add = {add_forward, add_backward};

static void concat_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *y = &graph->value[node->y];
	size_t first = 0;

	(void)run;
	for (int i = 0; i < node->inputs; i++) {
		const gb_value *x = &graph->value[node->x[i]];

		GB_RUN(OPS, copy_columns, x->rows, x->columns, x->columns, y->columns, x->data,
		       y->data + first, false);
		first += x->columns;
	}
}

static void concat_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *y = &graph->value[node->y];
	float *dy = incoming(graph, node);
	size_t first = 0;

	(void)run;
	for (int i = 0; dy && i < node->inputs; i++) {
		const gb_value *x = &graph->value[node->x[i]];
		float *dx = open_grad(graph, node->x[i], false);

		if (dx) {
			GB_RUN(OPS, copy_columns, x->rows, x->columns, y->columns, x->columns, dy + first, dx,
			       false);
			close_grad(graph, node->x[i]);
		}
		first += x->columns;
	}
}

const gb_node_type gb_node_concat = {concat_forward, concat_backward};

/* ---- rows of windows ---- */

static void rows_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	size_t groups = node->size[0];

	(void)run;
	GB_RUN(OPS, copy_rows, groups, x->rows / groups, node->size[1], node->size[2], 0, node->size[2],
	       x->columns, x->data, DATA(node->y), false);
}

static void rows_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	size_t groups = node->size[0];
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], true) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, copy_rows, groups, node->size[2], 0, x->rows / groups, node->size[1], node->size[2],
	       x->columns, dy, dx, false);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_rows = {rows_forward, rows_backward};

static void absent_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	(void)run;
	GB_RUN(OPS, absent, x->rows, x->columns, node->data, x->data, gb_weight_of(graph, node->weight),
	       DATA(node->y));
}

static void absent_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *dy = incoming(graph, node), *dx;

	(void)run;
	if (!dy)
		return;
	dx = open_grad(graph, node->x[0], false);
	GB_RUN(OPS, absent_backward, x->rows, x->columns, node->data, dy, dx ? dx : dy,
	       gb_gradient_of(graph, node->weight));
	if (dx)
		close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_mask_token = {absent_forward, absent_backward};

static void affine_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	(void)run;
	GB_RUN(OPS, affine, x->rows, x->columns, x->data, node->data, node->data2, DATA(node->y));
}

static void affine_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], false) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, affine, x->rows, x->columns, dy, node->data, NULL, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_affine = {affine_forward, affine_backward};

/* ---- time ---- */

static void fir_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	(void)run;
	GB_RUN(OPS, fir, node->size[0], x->rows / node->size[0], node->size[1], x->columns, node->size[2],
	       node->size[3], node->offset, node->data, x->data, DATA(node->y));
}

static void fir_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], true) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, fir_backward, node->size[0], x->rows / node->size[0], node->size[1], x->columns,
	       node->size[2], node->size[3], node->offset, node->data, dy, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_fir = {fir_forward, fir_backward};

static void unfold_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const size_t *s = node->size;

	(void)run;
	GB_RUN(OPS, unfold_time, s[0], s[1], graph->value[node->x[0]].columns, s[2], s[3], s[4], s[5],
	       DATA(node->x[0]), DATA(node->y));
}

static void unfold_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const size_t *s = node->size;
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], true) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, unfold_time_backward, s[0], s[1], graph->value[node->x[0]].columns, s[2], s[3], s[4],
	       s[5], dy, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_unfold = {unfold_forward, unfold_backward};

static void pool_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	(void)run;
	GB_RUN(OPS, pool_time, node->size[0], node->size[1], graph->value[node->x[0]].columns, node->data,
	       DATA(node->x[0]), DATA(node->y));
}

static void pool_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], false) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, pool_time_backward, node->size[0], node->size[1], graph->value[node->x[0]].columns,
	       node->data, dy, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_pool = {pool_forward, pool_backward};

/* ---- codes and pictures ---- */

static void embedding_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const size_t *s = node->size;

	(void)run;
	GB_RUN(OPS, embedding_sum, s[0], s[1], s[2], s[3], graph->value[node->y].columns, node->data,
	       gb_weight_of(graph, node->weight), DATA(node->y));
}

static void embedding_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const size_t *s = node->size;
	float *dy = incoming(graph, node);

	(void)run;
	if (dy)
		GB_RUN(OPS, embedding_sum_backward, s[0], s[1], s[2], s[3], graph->value[node->y].columns,
		       node->data, dy, gb_gradient_of(graph, node->weight));
}

const gb_node_type gb_node_embedding = {embedding_forward, embedding_backward};

static void patches_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	struct gb_op_patches args = node->patches;

	(void)run;
	args.y = DATA(node->y);
	graph->device->ops->patches(graph->device, &args);
}

const gb_node_type gb_node_patches = {patches_forward, NULL};

static void sigmoid_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	(void)run;
	GB_RUN(OPS, sigmoid, COUNT(node->y), node->size[0], DATA(node->x[0]), node->data, DATA(node->y));
}

static void sigmoid_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], false) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, sigmoid_backward, COUNT(node->y), DATA(node->y), dy, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_sigmoid = {sigmoid_forward, sigmoid_backward};

/* ---- pairs ---- */

static void pairs_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]], *z = &graph->value[node->x[1]];

	(void)run;
	GB_RUN(OPS, matmul, x->rows, z->rows, x->columns, x->data, z->data, DATA(node->y), false, true);
	GB_RUN(OPS, add, COUNT(node->y), 1.0f, node->data, node->p, DATA(node->y));
}

static void pairs_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]], *z = &graph->value[node->x[1]];
	float *dy = incoming(graph, node), *dx = dy ? open_grad(graph, node->x[0], false) : NULL;

	(void)run;
	if (!dx)
		return;
	GB_RUN(OPS, add, COUNT(node->y), node->p, dy, 0.0f, dy);
	GB_RUN(OPS, matmul, x->rows, x->columns, z->rows, dy, z->data, dx);
	close_grad(graph, node->x[0]);
}

const gb_node_type gb_node_similarity = {pairs_forward, pairs_backward};

/* ---- losses: the gradient is made on the way forward ---- */

static float *loss_grad(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	return run->training ? graph->value[node->x[0]].grad : NULL;
}

static void mse_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	GB_RUN(OPS, mse_loss, x->rows, x->columns, x->data,
	       node->target < 0 ? node->data : DATA(node->target), node->data2, node->data3, node->data4,
	       node->rows_loss, loss_grad(graph, node, run));
}

static void softmax_forward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	const gb_value *x = &graph->value[node->x[0]];

	GB_RUN(OPS, softmax_loss, x->rows, x->columns, x->data, node->data, node->data2, node->data4,
	       node->rows_loss, loss_grad(graph, node, run));
}

static void loss_backward(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run)
{
	(void)run;
	if (graph->value[node->x[0]].grad)
		owner(graph, node->x[0])->grad_written = true;
}

const gb_node_type gb_node_mse = {mse_forward, loss_backward};
const gb_node_type gb_node_softmax = {softmax_forward, loss_backward};
