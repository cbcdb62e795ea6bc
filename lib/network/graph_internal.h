/* SPDX-License-Identifier: MIT */
/* graph_internal.h: inside a graph: values and nodes.  For graph.c and
 * graph_ops.c only. */
#ifndef GB_NETWORK_GRAPH_INTERNAL_H
#define GB_NETWORK_GRAPH_INTERNAL_H

#include "kernels/device.h"
#include "network/graph.h"

typedef struct gb_value {
	size_t rows, columns;
	float *data, *grad;   /* grad NULL: none flows here */
	bool borrowed;        /* data is the caller's */
	int shares;           /* a view of this value; −1: its own memory */
	bool needs_grad, grad_written;
	int readers;          /* nodes that read it */
	bool has_loss;        /* then it has no other reader: its gradient is made on the way forward */
	float *fetched;       /* its numbers on the host, once asked for */
} gb_value;

typedef struct gb_graph_node gb_graph_node;

typedef struct gb_node_type {
	void (*forward)(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run);
	/* NULL: nothing flows back */
	void (*backward)(gb_graph *graph, gb_graph_node *node, const gb_graph_run *run);
} gb_node_type;

enum { GB_NODE_INPUTS = 12 };

struct gb_graph_node {
	const gb_node_type *kind;
	int index, x[GB_NODE_INPUTS], inputs, y;  /* y −1: a loss */
	int weight, bias;                         /* parameters, −1: none */
	int target;                               /* value a loss compares with, −1: data */
	size_t size[8];                           /* by kind */
	int64_t offset;
	float p;
	const void *data, *data2, *data3, *data4; /* borrowed, by kind */
	struct gb_op_patches patches;
	size_t keep_count;                        /* floats kept for backward */
	float *keep;
	int term;
	double *rows_loss;
};

/* Runs that a device may record: forward with and without training, backward to each of a few gradients,
 * whole and in each of its parts. */
enum {
	GB_GRAPH_WHOLE = -1,
	GB_GRAPH_GRADIENTS = 16,
	GB_GRAPH_RECORDS = 2 + GB_GRAPH_GRADIENTS * (1 + GB_GRAPH_PARTS)
};

struct gb_graph {
	const gb_device *device;
	gb_parameter *parameter;
	int parameters, parameter_room;
	size_t parameter_count;
	bool *gradient_written;  /* [parameters] during backward */
	int parts, *part_of;     /* [parameters] the part of backward after which its gradient is final */
	int cut[GB_GRAPH_PARTS]; /* the last node that each part runs */
	gb_value *value;
	int values, value_room;
	gb_graph_node *node;
	int nodes, node_room;
	int terms;
	gb_normed *norm;
	int norms, norm_room;
	size_t moments;          /* numbers in the next two */
	gb_mirror measured, running;
	gb_mirror weights, sums /* [terms] */, when;
	bool sums_pulled;
	float *gradient /* borrowed during backward */, *scratch;
	size_t scratch_count;
	struct gb_graph_record {
		bool training;
		const float *gradient;
		int part;
		void *made;
	} record[GB_GRAPH_RECORDS];
	int records;
	void **block;            /* the device's memory of ready */
	size_t blocks, block_room;
	gb_err failure;          /* first failure of a builder; status GB_OK: none */
};

static inline const float *gb_weight_of(const gb_graph *graph, int parameter)
{
	return parameter < 0 ? NULL
	                     : (const float *)graph->weights.device + graph->parameter[parameter].first;
}

static inline float *gb_gradient_of(const gb_graph *graph, int parameter)
{
	return parameter < 0 ? NULL : graph->gradient + graph->parameter[parameter].first;
}

/* graph_backward.c.  The recording of this kind of run; NULL: more kinds than there is room for.  GRADIENT
 * NULL: forward. */
void **gb_graph_recording(gb_graph *graph, const gb_graph_run *run, const float *gradient, int part);
/* False: the device has played it. */
bool gb_graph_begin(const gb_graph *graph, void **made);
void gb_graph_end(const gb_graph *graph, void **made);
GB_CHECK gb_status gb_graph_plan_parts(gb_graph *graph, gb_err *err);

extern const gb_node_type gb_node_linear, gb_node_norm, gb_node_batch_norm, gb_node_dropout, gb_node_add,
    gb_node_concat, gb_node_rows, gb_node_mask_token, gb_node_affine, gb_node_fir, gb_node_unfold,
    gb_node_pool, gb_node_embedding, gb_node_patches, gb_node_sigmoid, gb_node_similarity, gb_node_mse,
    gb_node_softmax;

#endif
