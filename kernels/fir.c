/* SPDX-License-Identifier: MIT */
/* fir.c: finite impulse responses over the rows of a window. */
#include "tile.h"

static bool source_row(int64_t row, size_t rows) { return row >= 0 && (size_t)row < rows; }

static void forward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_fir *args = context;
	size_t width = args->width;

	for (size_t i = first; i < end; i++) {
		const float *x = args->x + i / args->y_rows * args->x_rows * width;
		int64_t now = (int64_t)(i % args->y_rows) + args->offset;

		memset(args->y + i * args->basis * width, 0, args->basis * width * sizeof *args->y);
		for (size_t j = 0; j < args->basis; j++)
			for (size_t k = 0; k < args->taps; k++) {
				float h = args->h[j * args->taps + k],
				      *y = args->y + (i * args->basis + j) * width;
				const float *from = x + (source_row(now - (int64_t)k, args->x_rows)
				                             ? now - (int64_t)k
				                             : 0) *
				                            (int64_t)width;

				if (h == 0.0f || !source_row(now - (int64_t)k, args->x_rows))
					continue;
				for (size_t c = 0; c < width; c++)
					y[c] += h * from[c];
			}
	}
}

void gb_cpu_fir(const gb_device *device, const struct gb_op_fir *args)
{
	gb_spans(device, args->groups * args->y_rows, gb_rows_per_tile(args->basis * args->width * 4),
	         forward_span, args);
}

/* Gathered by the row of DX, so that every row has one writer. */
static void backward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_fir_backward *args = context;
	size_t width = args->width;

	for (size_t i = first; i < end; i++) {
		size_t group = i / args->x_rows;
		float *dx = args->dx + i * width;

		for (size_t j = 0; j < args->basis; j++)
			for (size_t k = 0; k < args->taps; k++) {
				int64_t row = (int64_t)(i % args->x_rows) + (int64_t)k - args->offset;
				float h = args->h[j * args->taps + k];
				const float *dy;

				if (h == 0.0f || !source_row(row, args->y_rows))
					continue;
				dy = args->dy +
				     ((group * args->y_rows + (size_t)row) * args->basis + j) * width;
				for (size_t c = 0; c < width; c++)
					dx[c] += h * dy[c];
			}
	}
}

void gb_cpu_fir_backward(const gb_device *device, const struct gb_op_fir_backward *args)
{
	gb_spans(device, args->groups * args->x_rows, gb_rows_per_tile(args->basis * args->width * 4),
	         backward_span, args);
}
