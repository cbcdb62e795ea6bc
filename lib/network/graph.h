/* SPDX-License-Identifier: MIT */
/* graph.h: a network as a fixed list of operations, run forward and backward.
 *
 *   new → parameter… / node… → ready → (set grads) forward → backward → …
 *
 * Every value is a matrix of fixed size, so one micro-batch always runs the
 * same calls on the same shapes, whoever runs it: that is what makes its bits
 * independent of threads and ranks.  Everything is allocated by ready; before
 * it a graph costs a few kilobytes and can be counted (--plan).
 *
 * Builders return the index of a value, or −1 once anything has failed; they
 * accept −1, so one check at gb_graph_ready is enough. */
#ifndef GB_NETWORK_GRAPH_H
#define GB_NETWORK_GRAPH_H

#include "kernels/device.h"

GB_BEGIN_DECLS

typedef struct gb_graph gb_graph;

/* The graph sets DECAYS and MULTIPLIED, the network the next three, the trainer the last two. */
enum gb_parameter_flag {
	GB_PARAMETER_DECAYS = 1,        /* weight decay applies: a matrix */
	/* the weight of linear nodes and nothing else: its gradient is a sum of products */
	GB_PARAMETER_MULTIPLIED = 2,
	/* the ridge initialisation sets it; it then decays towards that solution */
	GB_PARAMETER_FROM_RIDGE = 4,
	GB_PARAMETER_INIT_ONLY = 8,     /* the ridge initialisation sets it and no step moves it */
	GB_PARAMETER_READOUT = 16,      /* belongs to the voxels of one subject */
	GB_PARAMETER_ANCHORED = 32,     /* decays towards its first value instead of 0 */
	GB_PARAMETER_FROZEN = 64,       /* taken from another model; no step moves it */
};

typedef struct gb_parameter {
	char name[64];          /* "5.expand.weight" */
	size_t rows, columns;   /* a vector: rows 1 */
	size_t first;           /* in the flat vector of all parameters */
	float spread;           /* SD of its normal start; 0: zeros; −1: ones */
	unsigned flags;         /* of gb_parameter_flag */
} gb_parameter;

GB_CHECK gb_status gb_graph_new(gb_graph **graph, const gb_device *device, gb_err *err);
void gb_graph_free(gb_graph *graph); /* accepts NULL */

/* ---- parameters ---- */
int gb_graph_parameter(gb_graph *graph, const char *name, size_t rows, size_t columns, float spread);

/* ---- values and operations ---- */
/* DATA [rows, columns] of the device is the caller's, like all that is "borrowed"
 * below, and filled before forward.  No gradient. */
int gb_graph_input(gb_graph *graph, size_t rows, size_t columns, const float *data);
/* x Wᵀ + b, then the activation (GB_LINEAR, GB_GELU).  WEIGHT [out, in]; BIAS −1: none. */
int gb_graph_linear(gb_graph *graph, int x, int weight, int bias, int activation);
int gb_graph_norm(gb_graph *graph, int x, int gamma, int beta); /* −1, −1: without affine */
/* Over the rows of each column: their own moments when training, else the running ones.
 * NAME: of those in a checkpoint, NAME.mean and NAME.variance.  RECTIFY: not below 0. */
int gb_graph_batch_norm(gb_graph *graph, int x, int gamma, int beta, const char *name, bool rectify);
int gb_graph_dropout(gb_graph *graph, int x, float p);           /* the identity when not training */
int gb_graph_add(gb_graph *graph, int x, int y);
int gb_graph_concat(gb_graph *graph, const int *x, int count);   /* side by side */
int gb_graph_reshape(gb_graph *graph, int x, size_t rows, size_t columns); /* the same numbers */
int gb_graph_stop(gb_graph *graph, int x);                        /* the same numbers, no gradient */
/* COUNT rows from FROM of each of GROUPS. */
int gb_graph_rows(gb_graph *graph, int x, size_t groups, size_t from, size_t count);
/* KEEP [rows] borrowed. */
int gb_graph_mask_token(gb_graph *graph, int x, int vector, const uint8_t *keep);
/* x·scale + offset for each column (no parameters; [columns], borrowed). */
int gb_graph_affine(gb_graph *graph, int x, const float *scale, const float *offset);
/* gb_op_fir over GROUPS; H [basis, taps] is borrowed. */
int gb_graph_fir(gb_graph *graph, int x, size_t groups, size_t y_rows, size_t basis, size_t taps,
                 int64_t offset, const float *h);
int gb_graph_unfold(gb_graph *graph, int x, size_t rows, size_t taps, size_t stride, size_t pad);
int gb_graph_pool(gb_graph *graph, int x, size_t rows, const int32_t *count);
int gb_graph_embedding(gb_graph *graph, int table, size_t rows, size_t codebooks, size_t frames,
                       size_t classes, const int16_t *codes);
/* The fields of gb_op_patches, with borrowed data; images = rows·frames. */
int gb_graph_patches(gb_graph *graph, const struct gb_op_patches *args);
int gb_graph_sigmoid(gb_graph *graph, int x, const float *offset, size_t period);
/* scale·x yᵀ + mask; gradient to X only.  MASK [x rows, y rows] borrowed. */
int gb_graph_similarity(gb_graph *graph, int x, int y, float scale, const float *mask);

/* ---- losses ---- */
/* Terms are numbered 0, 1, … in order of creation.  *SCALE (borrowed, read at
 * every run) multiplies the gradient.  Row weights, targets, labels borrowed. */
int gb_graph_mse(gb_graph *graph, int x, const float *target, const float *row_weight,
                 const float *column_weight, const float *scale);
/* Against the numbers of value Y; no gradient to Y. */
int gb_graph_mse_to(gb_graph *graph, int x, int y, const float *row_weight, const float *scale);
int gb_graph_softmax(gb_graph *graph, int x, const int32_t *label, const float *weight, const float *scale);
/* Σ over rows of term TERM in the last forward, waiting for it; NaN when the
 * device failed, which the next transfer says. */
double gb_graph_term(gb_graph *graph, int term);

/* ---- running ---- */
GB_CHECK gb_status gb_graph_check(const gb_graph *graph, gb_err *err); /* the first failure of a builder */
GB_CHECK gb_status gb_graph_ready(gb_graph *graph, gb_err *err);
float *gb_graph_value(const gb_graph *graph, int value); /* the device's memory */
/* The numbers of VALUE as the last forward left them, on the host: waits for it; good until the next call. */
GB_CHECK gb_status gb_graph_fetch(gb_graph *graph, int value, const float **numbers, gb_err *err);
size_t gb_graph_columns_of(const gb_graph *graph, int value);
/* All parameters; by name: weights + parameter.first.  HERE is the host's copy:
 * push after a change of it, pull before reading it once the device has changed its own. */
const gb_mirror *gb_graph_weights(const gb_graph *graph);
void gb_graph_push(const gb_graph *graph);
GB_CHECK gb_status gb_graph_download(const gb_graph *graph, gb_err *err);

/* Moments of the batch norms: of each its means, then its variances.  What a training forward
 * measured in its rows (variance over rows), and the running ones, which are the caller's to update:
 * 0 and 1 at first. */
typedef struct gb_normed { char name[64]; size_t columns, first; } gb_normed;

typedef struct gb_graph_run {
	bool training;      /* dropout on, gradients of the losses kept */
	uint64_t seed;      /* one for all runs of a graph */
	uint32_t step, micro; /* dropout is keyed by (seed, step, micro·rows + row, node) */
} gb_graph_run;

void gb_graph_forward(gb_graph *graph, const gb_graph_run *run);
/* Up to and with value LAST (no losses): prediction. */
void gb_graph_forward_to(gb_graph *graph, const gb_graph_run *run, int last);
/* On from there: value CHANGED holds other numbers now, and what comes after it, up to and with LAST, is
 * made anew. */
void gb_graph_forward_on(gb_graph *graph, const gb_graph_run *run, int changed, int last);

/* The same numbers, in up to GB_GRAPH_PARTS parts.  DONE hears of each number of GRADIENT once, as soon as
 * the device has been asked for all that it is made of: COUNT of them from FIRST.  Which and in what order
 * depends on the network alone. */
enum { GB_GRAPH_PARTS = 8 };
typedef void gb_graph_done(void *context, size_t first, size_t count);

/* What the operations of the last forward pass made, in their order, to look for values that are not
 * finite. */
typedef struct gb_graph_output {
	int value;          /* for gb_graph_fetch */
	size_t count;       /* floats; 0: a loss, or a value that holds a mask */
	const char *weight; /* the operation's; NULL: it has none */
} gb_graph_output;
int gb_graph_outputs(const gb_graph *graph);
gb_graph_output gb_graph_output_at(const gb_graph *graph, int i);

GB_END_DECLS
#endif
