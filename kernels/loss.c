/* SPDX-License-Identifier: MIT */
/* loss.c: cross-entropy over a softmax, and weighted squared error. */
#include <math.h>

#include "tile.h"

static double log_sum(const float *x, size_t n, float *top)
{
	float max = n ? x[0] : 0.0f;
	double sum = 0;

	for (size_t i = 1; i < n; i++)
		max = x[i] > max ? x[i] : max;
	for (size_t i = 0; i < n; i++)
		sum += exp((double)x[i] - (double)max);
	*top = max;
	return log(sum);
}

static void softmax_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_softmax_loss *args = context;
	size_t n = args->classes;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n;
		int32_t label = args->label[r];
		float top;
		double lse;

		args->loss[r] = 0;
		if (label < 0 || (size_t)label >= n) {
			if (args->dx)
				memset(args->dx + r * n, 0, n * sizeof *args->dx);
			continue;
		}
		lse = log_sum(x, n, &top);
		args->loss[r] = (double)args->weight[r] * (lse + (double)top - (double)x[label]);
		if (args->dx) {
			float scale = *args->scale * args->weight[r], *dx = args->dx + r * n;

			for (size_t i = 0; i < n; i++)
				dx[i] = scale * (float)exp((double)x[i] - (double)top - lse);
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
		const float *x = args->x + r * n, *target = args->target + r * n, *weight = args->column_weight;
		float row = args->row_weight[r], scale = args->dx ? 2.0f * *args->scale * row : 0;
		double sum = 0;

		/* A row that does not count may hold anything, so it is not read. */
		if (row == 0.0f) {
			args->loss[r] = 0;
			if (args->dx)
				memset(args->dx + r * n, 0, n * sizeof *args->dx);
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			double d = (double)x[i] - (double)target[i];

			sum += weight ? (double)weight[i] * d * d : d * d;
		}
		args->loss[r] = (double)row * sum;
		if (args->dx)
			for (size_t i = 0; i < n; i++)
				args->dx[r * n + i] = scale * (weight ? weight[i] : 1.0f) * (x[i] - target[i]);
	}
}

void gb_cpu_mse_loss(const gb_device *device, const struct gb_op_mse_loss *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), mse_span, args);
}
