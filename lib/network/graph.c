/* SPDX-License-Identifier: MIT */
/* graph.c: building a graph, its memory, and the order of its runs. */
#include "network/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "network/graph_internal.h"

gb_status gb_graph_new(gb_graph **graph, const gb_device *device, gb_err *err)
{
	*graph = gb_array(1, sizeof **graph, err);
	if (!*graph)
		return err ? err->status : GB_SYSTEM;
	(*graph)->device = device;
	return GB_OK;
}

void gb_graph_free(gb_graph *graph)
{
	if (!graph)
		return;
	for (size_t i = 0; i < graph->blocks; i++)
		gb_device_release(graph->device, graph->block[i]);
	for (int i = 0; i < graph->values; i++)
		free(graph->value[i].fetched);
	for (int i = 0; i < graph->records; i++)
		graph->device->ops->forget(graph->device, graph->record[i].made);
	if (graph->weights.device)
		graph->device->ops->keep_weights(graph->device, NULL, 0);
	free(graph->gradient_written);
	free(graph->part_of);
	gb_mirror_close(graph->device, &graph->weights);
	gb_mirror_close(graph->device, &graph->sums);
	gb_mirror_close(graph->device, &graph->when);
	gb_mirror_close(graph->device, &graph->measured);
	gb_mirror_close(graph->device, &graph->running);
	free(graph->norm);
	free(graph->block);
	free(graph->parameter);
	free(graph->value);
	free(graph->node);
	free(graph);
}

/* Room for one more of an array that doubles. */
static bool room(gb_graph *graph, void *array, int count, int *room, size_t size)
{
	int want = *room ? *room * 2 : 64;

	if (graph->failure.status != GB_OK)
		return false;
	if (count < *room)
		return true;
	if (gb_grow(array, (size_t)want, size, &graph->failure) != GB_OK)
		return false;
	*room = want;
	return true;
}

int gb_graph_parameter(gb_graph *graph, const char *name, size_t rows, size_t columns, float spread)
{
	gb_parameter *p;
	size_t count;

	if (!room(graph, &graph->parameter, graph->parameters, &graph->parameter_room, sizeof *p))
		return -1;
	p = &graph->parameter[graph->parameters];
	*p = (gb_parameter){.rows = rows,
	                    .columns = columns,
	                    .first = graph->parameter_count,
	                    .spread = spread,
	                    .flags = rows > 1 ? GB_PARAMETER_DECAYS : 0};
	snprintf(p->name, sizeof p->name, "%s", name);
	if (!gb_size_mul(rows, columns, &count) ||
	    !gb_size_add(count, graph->parameter_count, &graph->parameter_count)) {
		gb_fail(&graph->failure, GB_SYSTEM, "%s: %zu × %zu is too large", name, rows, columns);
		return -1;
	}
	return graph->parameters++;
}

static int add_value(gb_graph *graph, size_t rows, size_t columns, int shares, bool needs_grad)
{
	if (!room(graph, &graph->value, graph->values, &graph->value_room, sizeof *graph->value))
		return -1;
	graph->value[graph->values] = (gb_value){.rows = rows,
	                                         .columns = columns,
	                                         .shares = shares,
	                                         .needs_grad = needs_grad};
	return graph->values++;
}

/* A node that reads X (COUNT values) and, unless ROWS is 0 and it is a loss, makes a value. */
static gb_graph_node *add_node(gb_graph *graph, const gb_node_type *kind, const int *x, int count,
                               size_t rows, size_t columns, bool makes, bool learns)
{
	gb_graph_node *node;
	bool needs_grad = learns;
	int y = -1;

	for (int i = 0; i < count; i++) {
		if (x[i] < 0)
			return NULL;
		needs_grad |= graph->value[x[i]].needs_grad;
		graph->value[x[i]].readers++;
		if (graph->value[x[i]].has_loss || (!makes && graph->value[x[i]].readers > 1)) {
			gb_fail(&graph->failure, GB_SYSTEM,
			        "network: a value with a loss has another reader");
			return NULL;
		}
		graph->value[x[i]].has_loss = !makes;
	}
	if (!room(graph, &graph->node, graph->nodes, &graph->node_room, sizeof *node))
		return NULL;
	if (makes && (y = add_value(graph, rows, columns, -1, needs_grad && kind->backward)) < 0)
		return NULL;
	node = &graph->node[graph->nodes];
	*node = (gb_graph_node){.kind = kind,
	                        .index = graph->nodes,
	                        .inputs = count,
	                        .y = y,
	                        .weight = -1,
	                        .bias = -1,
	                        .target = -1,
	                        .term = -1};
	for (int i = 0; i < count; i++)
		node->x[i] = x[i];
	graph->nodes++;
	return node;
}

#define ROWS(v) (graph->value[v].rows)
#define COLUMNS(v) (graph->value[v].columns)

int gb_graph_input(gb_graph *graph, size_t rows, size_t columns, const float *data)
{
	int value = add_value(graph, rows, columns, -1, false);

	if (value >= 0) {
		graph->value[value].data = (float *)(uintptr_t)data;
		graph->value[value].borrowed = true;
	}
	return value;
}

int gb_graph_linear(gb_graph *graph, int x, int weight, int bias, int activation)
{
	gb_graph_node *node;

	if (x < 0 || weight < 0)
		return -1;
	if (graph->parameter[weight].columns != COLUMNS(x)) {
		gb_fail(&graph->failure, GB_SYSTEM, "%s: %zu columns, its input has %zu",
		        graph->parameter[weight].name, graph->parameter[weight].columns, COLUMNS(x));
		return -1;
	}
	node = add_node(graph, &gb_node_linear, &x, 1, ROWS(x), graph->parameter[weight].rows, true, true);
	if (!node)
		return -1;
	node->weight = weight;
	graph->parameter[weight].flags |= GB_PARAMETER_MULTIPLIED;
	node->bias = bias;
	node->size[0] = (size_t)activation;
	if (activation != GB_LINEAR)
		node->keep_count = ROWS(x) * graph->parameter[weight].rows;
	return node->y;
}

int gb_graph_norm(gb_graph *graph, int x, int gamma, int beta)
{
	gb_graph_node *node = x < 0 ? NULL
	                            : add_node(graph, &gb_node_norm, &x, 1, ROWS(x), COLUMNS(x), true,
	                                       gamma >= 0);

	if (!node)
		return -1;
	node->weight = gamma;
	node->bias = beta;
	node->keep_count = 2 * ROWS(x);
	return node->y;
}

int gb_graph_batch_norm(gb_graph *graph, int x, int gamma, int beta, const char *name, bool rectify)
{
	gb_graph_node *node;
	gb_normed *norm;

	if (x < 0 || gamma < 0 || beta < 0 ||
	    !room(graph, &graph->norm, graph->norms, &graph->norm_room, sizeof *norm) ||
	    !(node = add_node(graph, &gb_node_batch_norm, &x, 1, ROWS(x), COLUMNS(x), true, true)))
		return -1;
	norm = &graph->norm[graph->norms++];
	*norm = (gb_normed){.columns = COLUMNS(x), .first = graph->moments};
	snprintf(norm->name, sizeof norm->name, "%s", name);
	graph->moments += 2 * COLUMNS(x);
	node->weight = gamma;
	node->bias = beta;
	node->size[0] = norm->first;
	node->size[1] = rectify;
	node->keep_count = COLUMNS(x);
	return node->y;
}

int gb_graph_dropout(gb_graph *graph, int x, float p)
{
	gb_graph_node *node = x < 0 ? NULL
	                            : add_node(graph, &gb_node_dropout, &x, 1, ROWS(x), COLUMNS(x), true,
	                                       false);

	if (!node)
		return -1;
	node->p = p;
	return node->y;
}

int gb_graph_add(gb_graph *graph, int x, int y)
{
	gb_graph_node *node = x < 0 || y < 0 ? NULL
	                                     : add_node(graph, &gb_node_add, (int[]){x, y}, 2, ROWS(x),
	                                                COLUMNS(x), true, false);

	return node ? node->y : -1;
}

int gb_graph_concat(gb_graph *graph, const int *x, int count)
{
	gb_graph_node *node;
	size_t columns = 0;

	for (int i = 0; i < count; i++) {
		if (x[i] < 0)
			return -1;
		columns += COLUMNS(x[i]);
	}
	if (count == 1)
		return x[0];
	node = add_node(graph, &gb_node_concat, x, count, ROWS(x[0]), columns, true, false);
	return node ? node->y : -1;
}

int gb_graph_reshape(gb_graph *graph, int x, size_t rows, size_t columns)
{
	return x < 0 ? -1 : add_value(graph, rows, columns, x, graph->value[x].needs_grad);
}

int gb_graph_stop(gb_graph *graph, int x)
{
	return x < 0 ? -1 : add_value(graph, ROWS(x), COLUMNS(x), x, false);
}

int gb_graph_rows(gb_graph *graph, int x, size_t groups, size_t from, size_t count)
{
	gb_graph_node *node = x < 0 ? NULL
	                            : add_node(graph, &gb_node_rows, &x, 1, groups * count, COLUMNS(x), true,
	                                       false);

	if (!node)
		return -1;
	node->size[0] = groups;
	node->size[1] = from;
	node->size[2] = count;
	return node->y;
}

int gb_graph_mask_token(gb_graph *graph, int x, int vector, const uint8_t *keep)
{
	gb_graph_node *node = x < 0 || vector < 0 ? NULL
	                                          : add_node(graph, &gb_node_mask_token, &x, 1, ROWS(x),
	                                                     COLUMNS(x), true, true);

	if (!node)
		return -1;
	node->weight = vector;
	node->data = keep;
	return node->y;
}

int gb_graph_affine(gb_graph *graph, int x, const float *scale, const float *offset)
{
	gb_graph_node *node = x < 0
	                          ? NULL
	                          : add_node(graph, &gb_node_affine, &x, 1, ROWS(x), COLUMNS(x), true, false);

	if (!node)
		return -1;
	node->data = scale;
	node->data2 = offset;
	return node->y;
}

int gb_graph_fir(gb_graph *graph, int x, size_t groups, size_t y_rows, size_t basis, size_t taps,
                 int64_t offset, const float *h)
{
	gb_graph_node *node = x < 0 ? NULL
	                            : add_node(graph, &gb_node_fir, &x, 1, groups * y_rows,
	                                       COLUMNS(x) * basis, true, false);

	if (!node)
		return -1;
	node->size[0] = groups;
	node->size[1] = y_rows;
	node->size[2] = basis;
	node->size[3] = taps;
	node->offset = offset;
	node->data = h;
	return node->y;
}

int gb_graph_unfold(gb_graph *graph, int x, size_t rows, size_t taps, size_t stride, size_t pad)
{
	size_t frames, out;
	gb_graph_node *node;

	if (x < 0)
		return -1;
	frames = ROWS(x) / rows;
	out = frames + 2 * pad < taps ? 0 : (frames + 2 * pad - taps) / stride + 1;
	node = add_node(graph, &gb_node_unfold, &x, 1, rows * out, COLUMNS(x) * taps, true, false);
	if (!node)
		return -1;
	memcpy(node->size, (size_t[]){rows, frames, taps, stride, pad, out}, 6 * sizeof(size_t));
	return node->y;
}

int gb_graph_pool(gb_graph *graph, int x, size_t rows, const int32_t *count)
{
	gb_graph_node *node = x < 0
	                          ? NULL
	                          : add_node(graph, &gb_node_pool, &x, 1, rows, COLUMNS(x) * 2, true, false);

	if (!node)
		return -1;
	node->size[0] = rows;
	node->size[1] = ROWS(x) / rows;
	node->data = count;
	return node->y;
}

int gb_graph_embedding(gb_graph *graph, int table, size_t rows, size_t codebooks, size_t frames,
                       size_t classes, const int16_t *codes)
{
	gb_graph_node *node = table < 0 ? NULL : add_node(graph, &gb_node_embedding, NULL, 0, rows * frames,
	                                                  graph->parameter[table].columns, true, true);

	if (!node)
		return -1;
	node->weight = table;
	memcpy(node->size, (size_t[]){rows, codebooks, frames, classes}, 4 * sizeof(size_t));
	node->data = codes;
	return node->y;
}

int gb_graph_patches(gb_graph *graph, const struct gb_op_patches *args)
{
	size_t patches = (args->height / args->patch_height) * (args->width / args->patch_width);
	gb_graph_node *node = add_node(graph, &gb_node_patches, NULL, 0, args->images * patches,
	                               args->patch_height * args->patch_width * args->channels, true, false);

	if (!node)
		return -1;
	node->patches = *args;
	return node->y;
}

int gb_graph_sigmoid(gb_graph *graph, int x, const float *offset, size_t period)
{
	gb_graph_node *node = x < 0 ? NULL
	                            : add_node(graph, &gb_node_sigmoid, &x, 1, ROWS(x), COLUMNS(x), true,
	                                       false);

	if (!node)
		return -1;
	node->data = offset;
	node->size[0] = period;
	return node->y;
}

int gb_graph_similarity(gb_graph *graph, int x, int y, float scale, const float *mask)
{
	gb_graph_node *node = x < 0 || y < 0 ? NULL
	                                     : add_node(graph, &gb_node_similarity, (int[]){x, y}, 2, ROWS(x),
	                                                ROWS(y), true, false);

	if (!node)
		return -1;
	node->p = scale;
	node->data = mask;
	return node->y;
}

static int add_loss(gb_graph *graph, const gb_node_type *kind, int x, const void *a, const void *b,
                    const void *c, const float *scale)
{
	gb_graph_node *node = x < 0 ? NULL : add_node(graph, kind, &x, 1, 0, 0, false, false);

	if (!node)
		return -1;
	node->data = a;
	node->data2 = b;
	node->data3 = c;
	node->data4 = scale;
	node->term = graph->terms;
	return graph->terms++;
}

int gb_graph_mse(gb_graph *graph, int x, const float *target, const float *row_weight,
                 const float *column_weight, const float *scale)
{
	return add_loss(graph, &gb_node_mse, x, target, row_weight, column_weight, scale);
}

int gb_graph_mse_to(gb_graph *graph, int x, int y, const float *row_weight, const float *scale)
{
	int term = y < 0 ? -1 : add_loss(graph, &gb_node_mse, x, NULL, row_weight, NULL, scale);

	if (term >= 0)
		graph->node[graph->nodes - 1].target = y;
	return term;
}

int gb_graph_softmax(gb_graph *graph, int x, const int32_t *label, const float *weight, const float *scale)
{
	return add_loss(graph, &gb_node_softmax, x, label, weight, NULL, scale);
}

double gb_graph_term(gb_graph *graph, int term)
{
	if (!graph->sums_pulled && gb_mirror_download(graph->device, &graph->sums, NULL) != GB_OK)
		return NAN;
	graph->sums_pulled = true;
	return ((const double *)graph->sums.host)[term];
}

static void *block(gb_graph *graph, size_t count, size_t size, gb_err *err)
{
	void *memory;

	if (graph->blocks == graph->block_room) {
		size_t want = graph->block_room ? 2 * graph->block_room : 64;

		if (gb_grow(&graph->block, want, sizeof *graph->block, err) != GB_OK)
			return NULL;
		graph->block_room = want;
	}
	memory = gb_device_array(graph->device, count, size, err);
	if (memory)
		graph->block[graph->blocks++] = memory;
	return memory;
}

static gb_status allocate_values(gb_graph *graph, gb_err *err)
{
	for (int i = 0; i < graph->values; i++) {
		gb_value *v = &graph->value[i];
		size_t count;

		if (!gb_size_mul(v->rows, v->columns, &count))
			return gb_fail(err, GB_SYSTEM, "network: a value of %zu × %zu is too large", v->rows,
			               v->columns);
		if (v->shares >= 0) {
			v->data = graph->value[v->shares].data;
			v->grad = v->needs_grad ? graph->value[v->shares].grad : NULL;
			continue;
		}
		if (!v->borrowed && !(v->data = block(graph, count, sizeof(float), err)))
			return GB_SYSTEM;
		if (v->needs_grad && !(v->grad = block(graph, count, sizeof(float), err)))
			return GB_SYSTEM;
		if (v->needs_grad && count > graph->scratch_count)
			graph->scratch_count = count;
	}
	return GB_OK;
}

gb_status gb_graph_check(const gb_graph *graph, gb_err *err)
{
	if (graph->failure.status != GB_OK && err)
		*err = graph->failure;
	return graph->failure.status;
}

static gb_status start_moments(gb_graph *graph, gb_err *err)
{
	if (gb_mirror_open(graph->device, &graph->measured, graph->moments, sizeof(float), err) != GB_OK ||
	    gb_mirror_open(graph->device, &graph->running, graph->moments, sizeof(float), err) != GB_OK)
		return GB_SYSTEM;
	for (int i = 0; i < graph->norms; i++)
		for (size_t c = 0; c < graph->norm[i].columns; c++)
			((float *)graph->running.host)[graph->norm[i].first + graph->norm[i].columns + c] = 1;
	gb_mirror_upload(graph->device, &graph->running);
	return GB_OK;
}

gb_status gb_graph_ready(gb_graph *graph, gb_err *err)
{
	if (gb_graph_check(graph, err) != GB_OK)
		return graph->failure.status;
	if (!(graph->gradient_written = gb_array((size_t)graph->parameters, sizeof(bool), err)))
		return GB_SYSTEM;
	if (gb_mirror_open(graph->device, &graph->weights, graph->parameter_count, sizeof(float), err) !=
	        GB_OK ||
	    gb_mirror_open(graph->device, &graph->sums, (size_t)graph->terms, sizeof(double), err) != GB_OK ||
	    gb_mirror_open(graph->device, &graph->when, 1, sizeof(gb_when), err) != GB_OK)
		return GB_SYSTEM;
	if (start_moments(graph, err) != GB_OK || allocate_values(graph, err) != GB_OK ||
	    gb_graph_plan_parts(graph, err) != GB_OK)
		return GB_SYSTEM;
	for (int i = 0; i < graph->nodes; i++) {
		gb_graph_node *node = &graph->node[i];

		if (node->keep_count && !(node->keep = block(graph, node->keep_count, sizeof(float), err)))
			return GB_SYSTEM;
		if (node->term >= 0 &&
		    !(node->rows_loss = block(graph, ROWS(node->x[0]), sizeof(double), err)))
			return GB_SYSTEM;
	}
	graph->device->ops->keep_weights(graph->device, graph->weights.device, graph->parameter_count);
	graph->scratch = block(graph, graph->scratch_count, sizeof(float), err);
	return graph->scratch ? GB_OK : GB_SYSTEM;
}

float *gb_graph_value(const gb_graph *graph, int value) { return graph->value[value].data; }
size_t gb_graph_columns_of(const gb_graph *graph, int value) { return COLUMNS(value); }
const gb_mirror *gb_graph_weights(const gb_graph *graph) { return &graph->weights; }
void gb_graph_push(const gb_graph *graph) { gb_mirror_upload(graph->device, &graph->weights); }
gb_status gb_graph_download(const gb_graph *graph, gb_err *err)
{
	return gb_mirror_download(graph->device, &graph->weights, err);
}

gb_status gb_graph_fetch(gb_graph *graph, int value, const float **numbers, gb_err *err)
{
	gb_value *v = &graph->value[value];
	size_t count = v->rows * v->columns;

	*numbers = v->data;
	if (graph->device->ops->shares_memory)
		return GB_OK;
	if (!v->fetched && !(v->fetched = gb_array(count, sizeof(float), err)))
		return GB_SYSTEM;
	*numbers = v->fetched;
	return graph->device->ops->download(graph->device, v->fetched, v->data, count * sizeof(float), err);
}

static void set_when(gb_graph *graph, const gb_graph_run *run)
{
	*(gb_when *)graph->when.host = (gb_when){run->step, run->micro};
	gb_mirror_upload(graph->device, &graph->when);
}

static void sum_rows(gb_graph *graph, const gb_graph_node *node)
{
	if (node->term >= 0)
		GB_RUN(graph->device, sum, ROWS(node->x[0]), node->rows_loss,
		       (double *)graph->sums.device + node->term);
}

void gb_graph_forward(gb_graph *graph, const gb_graph_run *run)
{
	void **made = gb_graph_recording(graph, run, NULL, GB_GRAPH_WHOLE);

	set_when(graph, run);
	graph->sums_pulled = false;
	if (!gb_graph_begin(graph, made))
		return;
	for (int i = 0; i < graph->nodes; i++) {
		graph->node[i].kind->forward(graph, &graph->node[i], run);
		sum_rows(graph, &graph->node[i]);
	}
	gb_graph_end(graph, made);
}

/* The node that makes VALUE, or what it is a view of; −1: an input. */
static int maker_of(const gb_graph *graph, int value)
{
	int i = graph->nodes - 1;

	while (graph->value[value].shares >= 0)
		value = graph->value[value].shares;
	while (i >= 0 && graph->node[i].y != value)
		i--;
	return i;
}

static void predict(gb_graph *graph, const gb_graph_run *run, int first, int last)
{
	set_when(graph, run);
	for (int i = first; i <= last; i++)
		if (graph->node[i].term < 0)
			graph->node[i].kind->forward(graph, &graph->node[i], run);
}

void gb_graph_forward_to(gb_graph *graph, const gb_graph_run *run, int last)
{
	predict(graph, run, 0, maker_of(graph, last));
}

void gb_graph_forward_on(gb_graph *graph, const gb_graph_run *run, int changed, int last)
{
	predict(graph, run, maker_of(graph, changed) + 1, maker_of(graph, last));
}

int gb_graph_outputs(const gb_graph *graph) { return graph->nodes; }

gb_graph_output gb_graph_output_at(const gb_graph *graph, int i)
{
	const gb_graph_node *node = &graph->node[i];
	gb_graph_output y = {.value = node->y};

	if (node->y >= 0 && node->kind != &gb_node_similarity)
		y.count = graph->value[node->y].rows * graph->value[node->y].columns;
	if (node->weight >= 0)
		y.weight = graph->parameter[node->weight].name;
	return y;
}
