/* SPDX-License-Identifier: MIT */
/* extent.h: how many bytes each operation reads and writes behind each of its
 * pointers.  Tests move exactly these to a device, so that AddressSanitizer
 * sees one more. */
#ifndef GB_TESTS_EXTENT_H
#define GB_TESTS_EXTENT_H

#include <stddef.h>

#include "ops.h"

typedef struct extent { size_t at, bytes; } extent; /* of the pointer in the arguments */
enum { EXTENTS = 10 };

#define EXTENT_OF(op, ...)                                                                                   \
	static inline size_t extent_##op(const void *args, extent *e)                                        \
	{                                                                                                    \
		typedef struct gb_op_##op type;                                                              \
		const type *a = args;                                                                        \
		size_t n = 0;                                                                                \
		__VA_ARGS__                                                                                  \
		return n;                                                                                    \
	}
#define AT(member, count) e[n++] = (extent){offsetof(type, member), (count) * sizeof *a->member};

EXTENT_OF(matmul,
          AT(a, a->m * a->k) AT(b, a->k * a->n) AT(c, a->m * a->n) AT(bias, a->n) AT(pre, a->m * a->n))
EXTENT_OF(gelu_backward, AT(pre, a->n) AT(dy, a->n) AT(dx, a->n))
EXTENT_OF(sigmoid, AT(x, a->n) AT(offset, a->period) AT(y, a->n))
EXTENT_OF(sigmoid_backward, AT(y, a->n) AT(dy, a->n) AT(dx, a->n))
EXTENT_OF(column_sum, AT(x, a->rows * a->columns) AT(out, a->columns))
EXTENT_OF(moments,
          AT(x, a->rows * a->columns) AT(weight, a->rows) AT(sum, a->columns) AT(squares, a->columns))
EXTENT_OF(add, AT(x, a->n) AT(y, a->n))
EXTENT_OF(affine, AT(x, a->rows * a->columns) AT(scale, a->columns) AT(offset, a->columns)
                      AT(y, a->rows * a->columns))
EXTENT_OF(copy_columns, AT(x, a->rows ? (a->rows - 1) * a->x_stride + a->columns : 0)
                            AT(y, a->rows ? (a->rows - 1) * a->y_stride + a->columns : 0))
EXTENT_OF(copy_rows, AT(x, a->groups * a->x_rows * a->columns) AT(y, a->groups * a->y_rows * a->columns))
EXTENT_OF(layer_norm, AT(x, a->rows * a->columns) AT(gamma, a->columns) AT(beta, a->columns)
                          AT(y, a->rows * a->columns) AT(mean, a->rows) AT(rstd, a->rows))
EXTENT_OF(layer_norm_backward, AT(x, a->rows * a->columns) AT(gamma, a->columns) AT(mean, a->rows)
                                   AT(rstd, a->rows) AT(dy, a->rows * a->columns) AT(dx, a->rows * a->columns)
                                       AT(dgamma, a->columns) AT(dbeta, a->columns))
EXTENT_OF(batch_norm,
          AT(x, a->rows * a->columns) AT(gamma, a->columns) AT(beta, a->columns) AT(given, 2 * a->columns)
              AT(y, a->rows * a->columns) AT(mean, a->columns) AT(variance, a->columns) AT(rstd, a->columns))
EXTENT_OF(batch_norm_backward,
          AT(x, a->rows * a->columns) AT(gamma, a->columns) AT(beta, a->columns) AT(mean, a->columns)
              AT(rstd, a->columns) AT(dy, a->rows * a->columns) AT(dx, a->rows * a->columns)
                  AT(dgamma, a->columns) AT(dbeta, a->columns))
EXTENT_OF(softmax_loss, AT(x, a->rows * a->classes) AT(label, a->rows) AT(weight, a->rows) AT(scale, 1)
                            AT(loss, a->rows) AT(dx, a->rows * a->classes))
EXTENT_OF(mse_loss,
          AT(x, a->rows * a->columns) AT(target, a->rows * a->columns) AT(row_weight, a->rows)
              AT(column_weight, a->columns) AT(scale, 1) AT(loss, a->rows) AT(dx, a->rows * a->columns))
EXTENT_OF(embedding_sum,
          AT(codes, a->rows * a->codebooks * a->frames) AT(table, a->codebooks * a->classes * a->width)
              AT(y, a->rows * a->frames * a->width))
EXTENT_OF(embedding_sum_backward,
          AT(codes, a->rows * a->codebooks * a->frames) AT(dy, a->rows * a->frames * a->width)
              AT(dtable, a->codebooks * a->classes * a->width))
EXTENT_OF(dropout, AT(when, 1) AT(x, a->rows * a->columns) AT(y, a->rows * a->columns))
EXTENT_OF(absent,
          AT(keep, a->rows) AT(x, a->rows * a->columns) AT(vector, a->columns) AT(y, a->rows * a->columns))
EXTENT_OF(absent_backward,
          AT(keep, a->rows) AT(dy, a->rows * a->columns) AT(dx, a->rows * a->columns) AT(dvector, a->columns))
EXTENT_OF(patches, AT(x, a->images * a->height * a->width * a->channels)
                       AT(mean, a->frames * a->height * a->width * a->channels)
                           AT(scale, a->frames * a->height * a->width * a->channels)
                               AT(y, a->images *(a->height / a->patch_height) * (a->width / a->patch_width) *
                                         a->patch_height * a->patch_width * a->channels))
EXTENT_OF(unfold_time,
          AT(x, a->rows * a->frames * a->width) AT(y, a->rows * a->out_frames * a->taps * a->width))
EXTENT_OF(unfold_time_backward,
          AT(dy, a->rows * a->out_frames * a->taps * a->width) AT(dx, a->rows * a->frames * a->width))
EXTENT_OF(pool_time, AT(count, a->rows) AT(x, a->rows * a->frames * a->width) AT(y, a->rows * 2 * a->width))
EXTENT_OF(pool_time_backward,
          AT(count, a->rows) AT(dy, a->rows * 2 * a->width) AT(dx, a->rows * a->frames * a->width))
EXTENT_OF(fir, AT(h, a->basis * a->taps) AT(x, a->groups * a->x_rows * a->width)
                   AT(y, a->groups * a->y_rows * a->basis * a->width))
EXTENT_OF(fir_backward, AT(h, a->basis * a->taps) AT(dy, a->groups * a->y_rows * a->basis * a->width)
                            AT(dx, a->groups * a->x_rows * a->width))
/* Anchors are moved by the test itself. */
EXTENT_OF(adamw, AT(segment, a->segments) AT(w, a->n) AT(m, a->n) AT(v, a->n) AT(g, a->n))
EXTENT_OF(square_sum, AT(x, a->n) AT(out, 1))
EXTENT_OF(sum, AT(x, a->n) AT(out, 1))
static inline size_t extent_cast(const void *args, extent *e)
{
	const struct gb_op_cast *a = args;
	bool narrows = a->kind == GB_CAST_F32_BF16 || a->kind == GB_CAST_F32_F16;

	e[0] = (extent){offsetof(struct gb_op_cast, x), a->n * (narrows ? 4 : 2)};
	e[1] = (extent){offsetof(struct gb_op_cast, y), a->n * (narrows ? 2 : 4)};
	return 2;
}
#endif
