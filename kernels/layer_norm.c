/* SPDX-License-Identifier: MIT */
/* layer_norm.c: layer normalisation of each row, forward and backward. */
#include <math.h>

#include "loops.h"
#include "tile.h"

#define EPSILON 1e-5f

static void forward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm *args = context;
	const gb_loops *loops = gb_loops_here();
	size_t n = args->columns;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n;
		float *y = args->y + r * n;
		float mean = (float)(loops->sum(n, x) / (double)n);
		float rstd = (float)(1.0 / sqrt(loops->spread(n, x, mean) / (double)n + (double)EPSILON));

		loops->norm(n, x, mean, rstd, args->gamma, args->beta, y);
		args->mean[r] = mean;
		args->rstd[r] = rstd;
	}
}

void gb_cpu_layer_norm(const gb_device *device, const struct gb_op_layer_norm *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), forward_span, args);
}

static void backward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm_backward *args = context;
	const gb_loops *loops = gb_loops_here();
	size_t n = args->columns;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n, *dy = args->dy + r * n;
		float *dx = args->dx + r * n, mean = args->mean[r], rstd = args->rstd[r];
		gb_norm_sums sums = loops->norm_sums(n, x, mean, rstd, args->gamma, dy);

		loops->norm_backward(n, x, args->gamma, dy,
		                     &(gb_norm_backward){mean, rstd, (float)(sums.sum / (double)n),
		                                         (float)(sums.dot / (double)n)},
		                     dx);
	}
}

enum { COLUMNS_PER_TILE = 64 };

static void affine_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm_backward *args = context;
	float gamma[COLUMNS_PER_TILE] = {0}, beta[COLUMNS_PER_TILE] = {0};

	for (size_t r = 0; r < args->rows; r++) {
		size_t at = r * args->columns + first;

		gb_loops_here()->norm_affine(end - first, args->x + at, args->mean[r], args->rstd[r],
		                             args->dy + at, gamma, beta);
	}
	for (size_t c = first; c < end; c++) {
		args->dgamma[c] += gamma[c - first];
		args->dbeta[c] += beta[c - first];
	}
}

void gb_cpu_layer_norm_backward(const gb_device *device, const struct gb_op_layer_norm_backward *args)
{
	/* The affine sums read DY, which DX may overwrite. */
	if (args->dgamma)
		gb_spans(device, args->columns, COLUMNS_PER_TILE, affine_span, args);
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), backward_span, args);
}
