/* SPDX-License-Identifier: MIT */
/* loss.c: cross-entropy over a softmax, and weighted squared error. */
#include <math.h>

#include "loops.h"
#include "tile.h"

static void softmax_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_softmax_loss *args = context;
	size_t n = args->classes;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n;
		int32_t label = args->label[r];
		float *dx = args->dx ? args->dx + r * n : NULL, top;
		double all;

		args->loss[r] = 0;
		if (label < 0 || (size_t)label >= n) {
			if (args->dx)
				memset(args->dx + r * n, 0, n * sizeof *args->dx);
			continue;
		}
		all = gb_loops_here()->exponentials(n, x, dx, &top);
		args->loss[r] = (double)args->weight[r] * (log(all) + (double)top - (double)x[label]);
		if (dx) {
			float scale = *args->scale * args->weight[r];

			gb_loops_here()->add(n, (float)((double)scale / all), dx, 0.0f, dx);
			dx[label] -= scale;
		}
	}
}

void gb_cpu_softmax_loss(const gb_device *device, const struct gb_op_softmax_loss *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->classes * 4), softmax_span, args);
}

static void mse_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_mse_loss *args = context;
	size_t n = args->columns;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n, *target = args->target + r * n,
			    *weight = args->column_weight;
		float row = args->row_weight[r], scale = args->dx ? 2.0f * *args->scale * row : 0;

		/* A row that does not count may hold anything, so it is not read. */
		if (row == 0.0f) {
			args->loss[r] = 0;
			if (args->dx)
				memset(args->dx + r * n, 0, n * sizeof *args->dx);
			continue;
		}
		args->loss[r] = (double)row *
		                gb_loops_here()->squared_error(n, x, target, weight, scale,
		                                               args->dx ? args->dx + r * n : NULL);
	}
}

void gb_cpu_mse_loss(const gb_device *device, const struct gb_op_mse_loss *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), mse_span, args);
}
