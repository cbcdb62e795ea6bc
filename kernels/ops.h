/* SPDX-License-Identifier: MIT */
/* ops.h: the one list of operations a network is made of, and the table that
 * a back end fills.
 *
 * Matrices are row-major FP32.  All pointers in arguments are the device's
 * memory; operations are queued in order and may still run when the call
 * returns.  An operation's bits depend on its arguments only, never on the
 * threads of the device: work is cut into tiles whose shape follows from the
 * problem.  NaN is passed on.  Sizes may be zero.  "Accumulate" operations add
 * to what is there; all others overwrite.  NULL marks an optional argument.
 * What changes from run to run of a network (when, scale) is read from memory,
 * so that a device may record a run and play it again. */
#ifndef GB_KERNELS_OPS_H
#define GB_KERNELS_OPS_H

#include "base/pool.h"

GB_BEGIN_DECLS

typedef struct gb_device {
	const struct gb_ops *ops;
	gb_pool *pool; /* worker threads of the host; NULL: the calling thread */
	void *state;   /* of the back end */
	unsigned number; /* of this device among those of the machine; of emu: the order of threads */
} gb_device;

/* Which micro-batch of which step is running: the key of its random numbers. */
typedef struct gb_when { uint32_t step, micro; } gb_when;

/* One line an operation: NAME takes a `struct gb_op_NAME`. */
#define GB_OPS(OP)                                                                                           \
	OP(matmul)                                                                                           \
	OP(gelu_backward)                                                                                    \
	OP(sigmoid)                                                                                          \
	OP(sigmoid_backward)                                                                                 \
	OP(column_sum)                                                                                       \
	OP(moments)                                                                                          \
	OP(add)                                                                                              \
	OP(affine)                                                                                           \
	OP(copy_columns)                                                                                     \
	OP(copy_rows)                                                                                        \
	OP(layer_norm)                                                                                       \
	OP(layer_norm_backward)                                                                              \
	OP(batch_norm)                                                                                       \
	OP(batch_norm_backward)                                                                              \
	OP(softmax_loss)                                                                                     \
	OP(mse_loss)                                                                                         \
	OP(embedding_sum)                                                                                    \
	OP(embedding_sum_backward)                                                                           \
	OP(dropout)                                                                                          \
	OP(absent)                                                                                           \
	OP(absent_backward)                                                                                  \
	OP(patches)                                                                                          \
	OP(unfold_time)                                                                                      \
	OP(unfold_time_backward)                                                                             \
	OP(pool_time)                                                                                        \
	OP(pool_time_backward)                                                                               \
	OP(fir)                                                                                              \
	OP(fir_backward)                                                                                     \
	OP(adamw)                                                                                            \
	OP(square_sum)                                                                                       \
	OP(sum)                                                                                              \
	OP(cast)

/* C [m, n] = op(A) op(B), op(A) [m, k], op(B) [k, n]; stored [k, m] and [n, k]
 * where transposed.  Epilogue, without accumulate: + bias [n], then PRE [m, n]
 * (NULL: not kept) receives the value before the activation. */
enum { GB_LINEAR, GB_GELU, GB_SIGMOID };
struct gb_op_matmul {
	size_t m, n, k;
	const float *a, *b;
	float *c;
	bool transpose_a, transpose_b, accumulate;
	const float *bias;
	float *pre;
	int activation;
};

/* GELU in its tanh form, x·σ(√(8/π)(x + 0.044715 x³)).  DX = DY · gelu′(PRE). */
struct gb_op_gelu_backward { size_t n; const float *pre, *dy; float *dx; };
/* Y = σ(X + offset), OFFSET [period] repeating. */
struct gb_op_sigmoid { size_t n, period; const float *x, *offset; float *y; };
/* DX = DY · y(1−y), Y the output of the sigmoid. */
struct gb_op_sigmoid_backward { size_t n; const float *y, *dy; float *dx; };

/* OUT [columns] (+)= Σ over rows of X, rows in order in blocks of 64. */
struct gb_op_column_sum { size_t rows, columns; const float *x; float *out; };
/* SUM, SQUARES [columns] += Σ of x, x² over the rows whose WEIGHT is not 0, in order. */
struct gb_op_moments { size_t rows, columns; const float *x, *weight; double *sum, *squares; };
/* Y = alpha·X + beta·Y; beta 0: Y is not read. */
struct gb_op_add { size_t n; float alpha; const float *x; float beta; float *y; };
/* Y = X·scale + offset by column; OFFSET NULL: 0. */
struct gb_op_affine { size_t rows, columns; const float *x, *scale, *offset; float *y; };
/* A block of columns from X (row stride x_stride) to Y (y_stride), added when accumulate. */
struct gb_op_copy_columns {
	size_t rows, columns, x_stride, y_stride;
	const float *x;
	float *y;
	bool accumulate;
};
/* For each of GROUPS: rows from … from+count of X's x_rows to rows to … of Y's y_rows. */
struct gb_op_copy_rows {
	size_t groups, x_rows, from, y_rows, to, count, columns;
	const float *x;
	float *y;
	bool accumulate;
};

/* Y = (X − mean)/√(variance + 1e-5) · gamma + beta over each row; gamma, beta
 * NULL: 1, 0.  MEAN, RSTD [rows] are kept for backward. */
struct gb_op_layer_norm { size_t rows, columns; const float *x, *gamma, *beta; float *y, *mean, *rstd; };
/* DX overwrites; DGAMMA, DBETA accumulate (both NULL without affine). */
struct gb_op_layer_norm_backward {
	size_t rows, columns;
	const float *x, *gamma, *mean, *rstd, *dy;
	float *dx, *dgamma, *dbeta;
};

/* Y = (X − mean)·rstd·gamma + beta by column, rstd = 1/√(variance + 1e-5); where RECTIFY
 * not below 0.  GIVEN [2, columns]: mean and variance to use.  NULL: those of the rows (the
 * variance over rows, not rows − 1), which MEAN, VARIANCE, RSTD [columns] receive. */
struct gb_op_batch_norm {
	size_t rows, columns;
	const float *x, *gamma, *beta, *given;
	bool rectify;
	float *y, *mean, *variance, *rstd;
};
/* Through the statistics of the rows.  DX overwrites, and may be DY; DGAMMA, DBETA accumulate. */
struct gb_op_batch_norm_backward {
	size_t rows, columns;
	const float *x, *gamma, *beta, *mean, *rstd, *dy;
	bool rectify;
	float *dx, *dgamma, *dbeta;
};

/* Cross-entropy of each row against its label; label −1: the row counts for
 * nothing.  LOSS [rows] = weight·(−log p); DX (NULL: none) = *SCALE·weight·(p − 1[label]). */
struct gb_op_softmax_loss {
	size_t rows, classes;
	const float *x;
	const int32_t *label;
	const float *weight; /* [rows] */
	const float *scale;
	double *loss;
	float *dx;
};

/* LOSS [rows] = row_weight · Σ_c column_weight_c (x − target)²;
 * DX (NULL: none) = *SCALE · its derivative.  Column weights NULL: 1. */
struct gb_op_mse_loss {
	size_t rows, columns;
	const float *x, *target, *row_weight, *column_weight, *scale;
	double *loss;
	float *dx;
};

/* Y [rows·frames, width] = Σ over codebooks of table[q][code]; TABLE is
 * [codebooks, classes, width], CODES [rows, codebooks, frames]; a code outside
 * 0 … classes−1 (padding) adds nothing. */
struct gb_op_embedding_sum {
	size_t rows, codebooks, frames, classes, width;
	const int16_t *codes;
	const float *table;
	float *y;
};
struct gb_op_embedding_sum_backward {
	size_t rows, codebooks, frames, classes, width;
	const int16_t *codes;
	const float *dy;
	float *dtable; /* accumulates */
};

/* Y = X/(1−p) where kept, else 0.  What is kept depends on (seed, step, row,
 * op) and the column: ROW of row i is when->micro·rows + i.  The same call on
 * DY is the backward. */
struct gb_op_dropout {
	size_t rows, columns;
	float p;
	uint64_t seed;
	const gb_when *when;
	uint32_t op;
	const float *x;
	float *y;
};

/* Y row = X row where KEEP, else VECTOR.  Backward: DX = kept rows of DY, DVECTOR
 * accumulates the others in order. */
struct gb_op_absent { size_t rows, columns; const uint8_t *keep; const float *x, *vector; float *y; };
struct gb_op_absent_backward {
	size_t rows, columns;
	const uint8_t *keep;
	const float *dy;
	float *dx, *dvector;
};

/* U8 images [images, height, width, channels] → non-overlapping patches
 * [images, patches, patch_height·patch_width·channels], (u − mean)·scale per
 * pixel (MEAN, SCALE [frames·height·width·channels], image i using frame
 * i mod frames).  What does not fill a patch at the right and bottom is left out. */
struct gb_op_patches {
	size_t images, frames, height, width, channels, patch_height, patch_width;
	const uint8_t *x;
	const float *mean, *scale;
	float *y;
};

/* X [rows, frames, width] → Y [rows, out_frames, taps·width]: tap j of output
 * frame f is frame f·stride + j − pad, 0 outside.  A convolution is this and a
 * matmul.  Backward accumulates. */
struct gb_op_unfold_time {
	size_t rows, frames, width, taps, stride, pad, out_frames;
	const float *x;
	float *y;
};
struct gb_op_unfold_time_backward {
	size_t rows, frames, width, taps, stride, pad, out_frames;
	const float *dy;
	float *dx;
};

/* Y [rows, 2·width]: the mean over the first COUNT[row] frames, then the mean
 * of their later half minus that of their earlier half (the middle one of an
 * odd count is in neither; 0 below 2 frames).  COUNT is cut to 0 … frames;
 * NULL: all frames.  Backward overwrites DX. */
struct gb_op_pool_time { size_t rows, frames, width; const int32_t *count; const float *x; float *y; };
struct gb_op_pool_time_backward {
	size_t rows, frames, width;
	const int32_t *count;
	const float *dy;
	float *dx;
};

/* Lags in time.  X [groups, x_rows, width]; Y [groups, y_rows, basis·width]:
 * y[i][j·width + c] = Σ_k taps[j][k] x[i + offset − k][c], rows of X outside
 * 0 … x_rows−1 being 0.  Backward accumulates. */
struct gb_op_fir {
	size_t groups, x_rows, y_rows, width, basis, taps;
	int64_t offset;
	const float *h; /* [basis, taps] */
	const float *x;
	float *y;
};
struct gb_op_fir_backward {
	size_t groups, x_rows, y_rows, width, basis, taps;
	int64_t offset;
	const float *h, *dy;
	float *dx;
};

/* AdamW (Loshchilov & Hutter 2019) over all parameters at once; gradients are
 * first scaled by gradient_scale (clipping).  Segments cover 0 … n in order;
 * a segment decays towards ANCHOR [count], towards 0 where that is NULL. */
typedef struct gb_adamw_segment {
	size_t first, count;
	float rate, decay;
	const float *anchor;
} gb_adamw_segment;
struct gb_op_adamw {
	size_t segments;
	const gb_adamw_segment *segment;
	float *w, *m, *v;
	const float *g;
	float gradient_scale, rate, beta1, beta2, epsilon;
	uint64_t step; /* 1 for the first: bias correction */
	size_t n;      /* in all segments */
};

/* *OUT = Σ x², in double: blocks of 4096 in order, then a binary tree over the blocks. */
struct gb_op_square_sum { size_t n; const float *x; double *out; };
/* *OUT = Σ x, in an order that depends on N only. */
struct gb_op_sum { size_t n; const double *x; double *out; };

/* F32 ↔ BF16 or F16, to nearest, ties to even. */
enum { GB_CAST_F32_BF16, GB_CAST_BF16_F32, GB_CAST_F32_F16, GB_CAST_F16_F32 };
struct gb_op_cast { size_t n; int kind; const void *x; void *y; };

struct gb_ops {
	const char *name; /* "cpu" */
	/* The host may read and write the device's memory as its own: transfers to
	 * the same address do nothing. */
	bool shares_memory;
	/* BYTES (0 is fine) zeroed bytes; NULL with ERR GB_SYSTEM when there are none left. */
	void *(*allocate)(const gb_device *device, size_t bytes, gb_err *err);
	void (*release)(const gb_device *device, void *memory); /* accepts NULL */
	/* In the order of the operations.  FROM of an upload may change once it has returned. */
	void (*upload)(const gb_device *device, void *to, const void *from, size_t bytes);
	void (*copy)(const gb_device *device, void *to, const void *from, size_t bytes);
	void (*fill)(const gb_device *device, void *to, int byte, size_t bytes);
	/* Waits for all before it, and says what of it failed: operations return nothing. */
	gb_status (*download)(const gb_device *device, void *to, const void *from, size_t bytes, gb_err *err);
	/* Memory of the host that SEND reads: an upload that may go on until the next one returns. */
	void *(*allocate_host)(const gb_device *device, size_t bytes, gb_err *err);
	void (*release_host)(const gb_device *device, void *memory); /* accepts NULL */
	void (*send)(const gb_device *device, void *to, const void *from, size_t bytes);
	/* These N numbers are a network's weights: a device may keep them in lower precision too.  NULL:
	 * none any more. */
	void (*keep_weights)(const gb_device *device, const float *w, size_t n);
	/* A run of operations that will come again with the same arguments.  True: make the
	 * calls, then end.  False: the device has played them from *RECORDING (NULL at first). */
	bool (*begin)(const gb_device *device, void **recording);
	void (*end)(const gb_device *device, void **recording);
	void (*forget)(const gb_device *device, void *recording); /* accepts NULL */
	/* Where its operations queue up, for a library that goes on from there; NULL: they are done when
	 * they return. */
	void *(*queue)(const gb_device *device);
	void (*close)(gb_device *device);
#define GB_OP_MEMBER(op) void (*op)(const gb_device *device, const struct gb_op_##op *args);
	GB_OPS(GB_OP_MEMBER)
#undef GB_OP_MEMBER
};

/* device->ops->NAME(device, &(struct gb_op_NAME){...}), checked by the compiler. */
#define GB_RUN(device, name, ...) ((device)->ops->name((device), &(struct gb_op_##name){__VA_ARGS__}))

/* The CPU back end.  The first call sets BLAS to one thread. */
const struct gb_ops *gb_ops_cpu(void);

#define GB_OP_DECLARE(op) void gb_cpu_##op(const gb_device *device, const struct gb_op_##op *args);
GB_OPS(GB_OP_DECLARE)
#undef GB_OP_DECLARE

GB_END_DECLS
#endif
