/* SPDX-License-Identifier: MIT */
/* loops.h: the inner loops of the operations, for each processor class.  The
 * same code compiled three times, without contraction: all give the same bits.
 * A sum over N numbers runs in 16 partial sums in double, number i in sum i mod
 * 16, which are then joined in a tree. */
#ifndef GB_KERNELS_LOOPS_H
#define GB_KERNELS_LOOPS_H

#include "base/cpu.h"
#include "ops.h"

typedef struct gb_adamw_span {
	float gradient_scale, beta1, beta2, first_scale, second_scale, rate, pull, epsilon;
} gb_adamw_span;

typedef struct gb_norm_sums { double sum, dot; } gb_norm_sums;

/* What the backward pass of a norm needs of a row: mean and 1/SD of x, and the means of dy·gamma and of
 * its product with the normalised x. */
typedef struct gb_norm_backward { float mean, rstd, sum, dot; } gb_norm_backward;

typedef struct gb_loops {
	/* One step of AdamW over N parameters; ANCHOR NULL: 0. */
	void (*adamw)(const gb_adamw_span *by, size_t n, float *w, float *m, float *v, const float *g,
	              const float *anchor);
	/* C += BIAS, PRE receives it, then the activation; NULL: none. */
	void (*finish)(size_t n, float *c, const float *bias, float *pre, int activation);
	void (*gelu_backward)(size_t n, const float *pre, const float *dy, float *dx);
	void (*sigmoid)(size_t n, const float *x, const float *offset, float *y);
	void (*sigmoid_backward)(size_t n, const float *y, const float *dy, float *dx);
	/* Y = alpha·X + beta·Y; beta 0: Y is not read. */
	void (*add)(size_t n, float alpha, const float *x, float beta, float *y);
	double (*square_sum)(size_t n, const float *x);
	/* Σ e^(x − top), top the largest; E (NULL: none) receives the terms. */
	double (*exponentials)(size_t n, const float *x, float *e, float *top);
	/* Σ weight·(x − target)²; DX (NULL: none) = scale·weight·(x − target); WEIGHT NULL: 1. */
	double (*squared_error)(size_t n, const float *x, const float *target, const float *weight,
	                        float scale, float *dx);
	/* Σ x; Σ (x − mean)²; the last line of layer norm, and its derivative. */
	double (*sum)(size_t n, const float *x);
	double (*spread)(size_t n, const float *x, float mean);
	void (*norm)(size_t n, const float *x, float mean, float rstd, const float *gamma, const float *beta,
	             float *y);
	gb_norm_sums (*norm_sums)(size_t n, const float *x, float mean, float rstd, const float *gamma,
	                          const float *dy);
	void (*norm_backward)(size_t n, const float *x, const float *gamma, const float *dy,
	                      const gb_norm_backward *row, float *dx);
	/* DGAMMA += dy·(x − mean)·rstd, DBETA += dy. */
	void (*norm_affine)(size_t n, const float *x, float mean, float rstd, const float *dy, float *dgamma,
	                    float *dbeta);
} gb_loops;

extern const gb_loops gb_loops_generic, gb_loops_avx2, gb_loops_avx512;
const gb_loops *gb_loops_here(void); /* by gb_cpu_class */

#endif
