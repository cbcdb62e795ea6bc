/* SPDX-License-Identifier: MIT */
/* activation.c: activations that are no epilogue of matmul, and derivatives. */
#include "loops.h"
#include "tile.h"

enum { PER_TILE = 16384 };

static void gelu_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_gelu_backward *args = context;

	gb_loops_here()->gelu_backward(end - first, args->pre + first, args->dy + first, args->dx + first);
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

		gb_loops_here()->sigmoid(n, args->x + i, args->offset + p, args->y + i);
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

	gb_loops_here()->sigmoid_backward(end - first, args->y + first, args->dy + first, args->dx + first);
}

void gb_cpu_sigmoid_backward(const gb_device *device, const struct gb_op_sigmoid_backward *args)
{
	gb_spans(device, args->n, PER_TILE, sigmoid_span, args);
}
