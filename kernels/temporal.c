/* SPDX-License-Identifier: MIT */
/* temporal.c: frames inside a row: sliding windows, and pooling over the valid ones. */
#include "tile.h"

static void unfold_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_unfold_time *args = context;
	size_t width = args->width;

	for (size_t i = first; i < end; i++) {
		size_t row = i / args->out_frames, frame = i % args->out_frames;

		for (size_t j = 0; j < args->taps; j++) {
			size_t at = frame * args->stride + j; /* in padded frames */
			float *y = args->y + (i * args->taps + j) * width;

			if (at < args->pad || at - args->pad >= args->frames)
				memset(y, 0, width * sizeof *y);
			else
				memcpy(y, args->x + (row * args->frames + at - args->pad) * width,
				       width * sizeof *y);
		}
	}
}

void gb_cpu_unfold_time(const gb_device *device, const struct gb_op_unfold_time *args)
{
	gb_spans(device, args->rows * args->out_frames, gb_rows_per_tile(args->width * args->taps),
	         unfold_span, args);
}

/* One row a tile: windows overlap inside a row only. */
static void fold_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_unfold_time_backward *args = context;
	size_t width = args->width;

	for (size_t row = first; row < end; row++)
		for (size_t frame = 0; frame < args->out_frames; frame++)
			for (size_t j = 0; j < args->taps; j++) {
				size_t at = frame * args->stride + j;
				const float *dy = args->dy +
				                  ((row * args->out_frames + frame) * args->taps + j) * width;
				float *dx;

				if (at < args->pad || at - args->pad >= args->frames)
					continue;
				dx = args->dx + (row * args->frames + at - args->pad) * width;
				for (size_t c = 0; c < width; c++)
					dx[c] += dy[c];
			}
}

void gb_cpu_unfold_time_backward(const gb_device *device, const struct gb_op_unfold_time_backward *args)
{
	gb_spans(device, args->rows, 1, fold_span, args);
}

static size_t valid_frames(const int32_t *count, size_t row, size_t frames)
{
	if (!count)
		return frames;
	return count[row] < 0 ? 0 : (size_t)count[row] < frames ? (size_t)count[row] : frames;
}

/* Weight of frame F of N in the later-minus-earlier difference. */
static float difference_weight(size_t f, size_t n)
{
	size_t half = n / 2;

	if (f < half)
		return -1.0f / (float)half;
	return f >= n - half ? 1.0f / (float)half : 0.0f;
}

static void pool_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_pool_time *args = context;
	size_t width = args->width;

	for (size_t row = first; row < end; row++) {
		size_t n = valid_frames(args->count, row, args->frames);
		float *y = args->y + row * 2 * width;

		memset(y, 0, 2 * width * sizeof *y);
		for (size_t f = 0; f < n; f++) {
			const float *x = args->x + (row * args->frames + f) * width;
			float mean = 1.0f / (float)n, difference = difference_weight(f, n);

			for (size_t c = 0; c < width; c++) {
				y[c] += mean * x[c];
				y[width + c] += difference * x[c];
			}
		}
	}
}

void gb_cpu_pool_time(const gb_device *device, const struct gb_op_pool_time *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->width * args->frames), pool_span, args);
}

static void unpool_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_pool_time_backward *args = context;
	size_t width = args->width;

	for (size_t row = first; row < end; row++) {
		size_t n = valid_frames(args->count, row, args->frames);
		const float *dy = args->dy + row * 2 * width;

		for (size_t f = 0; f < args->frames; f++) {
			float *dx = args->dx + (row * args->frames + f) * width;
			float mean = f < n ? 1.0f / (float)n : 0.0f,
			      difference = f < n ? difference_weight(f, n) : 0.0f;

			for (size_t c = 0; c < width; c++)
				dx[c] = mean * dy[c] + difference * dy[width + c];
		}
	}
}

void gb_cpu_pool_time_backward(const gb_device *device, const struct gb_op_pool_time_backward *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->width * args->frames), unpool_span, args);
}
