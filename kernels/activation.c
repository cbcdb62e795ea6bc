/* SPDX-License-Identifier: MIT */
/* activation.c: activations that are no epilogue of matmul, and derivatives. */
#include "tile.h"

enum { PER_TILE = 16384 };

static void gelu_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_gelu_backward *args = context;

	for (size_t i = first; i < end; i++)
		args->dx[i] = args->dy[i] * gb_gelu_slope(args->pre[i]);
}

void gb_cpu_gelu_backward(const gb_device *device, const struct gb_op_gelu_backward *args)
{
	gb_spans(device, args->n, PER_TILE, gelu_span, args);
}

static void offset_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_sigmoid *args = context;
	size_t p = first % args->period;

	for (size_t i = first; i < end;) {
		size_t n = args->period - p < end - i ? args->period - p : end - i;

		for (size_t k = 0; k < n; k++)
			args->y[i + k] = gb_sigmoid(args->x[i + k] + args->offset[p + k]);
		i += n;
		p = 0;
	}
}

void gb_cpu_sigmoid(const gb_device *device, const struct gb_op_sigmoid *args)
{
	gb_spans(device, args->n, PER_TILE, offset_span, args);
}

static void sigmoid_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_sigmoid_backward *args = context;

	for (size_t i = first; i < end; i++)
		args->dx[i] = args->dy[i] * args->y[i] * (1.0f - args->y[i]);
}

void gb_cpu_sigmoid_backward(const gb_device *device, const struct gb_op_sigmoid_backward *args)
{
	gb_spans(device, args->n, PER_TILE, sigmoid_span, args);
}
