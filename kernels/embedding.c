/* SPDX-License-Identifier: MIT */
/* embedding.c: one table a codebook, summed over the codebooks. */
#include "tile.h"

static bool valid(const int16_t code, size_t classes) { return code >= 0 && (size_t)code < classes; }

static void forward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_embedding_sum *args = context;
	size_t width = args->width;

	for (size_t i = first; i < end; i++) {
		size_t row = i / args->frames, frame = i % args->frames;
		float *y = args->y + i * width;

		memset(y, 0, width * sizeof *y);
		for (size_t q = 0; q < args->codebooks; q++) {
			int16_t code = args->codes[(row * args->codebooks + q) * args->frames + frame];
			const float *entry = args->table + (q * args->classes +
			                                    (valid(code, args->classes) ? (size_t)code : 0)) *
			                                       width;

			if (valid(code, args->classes))
				for (size_t c = 0; c < width; c++)
					y[c] += entry[c];
		}
	}
}

void gb_cpu_embedding_sum(const gb_device *device, const struct gb_op_embedding_sum *args)
{
	gb_spans(device, args->rows * args->frames, gb_rows_per_tile(args->width * args->codebooks),
	         forward_span, args);
}

/* One codebook a tile: its table has one writer, frames in order. */
static void backward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_embedding_sum_backward *args = context;
	size_t width = args->width;

	for (size_t q = first; q < end; q++)
		for (size_t i = 0; i < args->rows * args->frames; i++) {
			int16_t code = args->codes[(i / args->frames * args->codebooks + q) * args->frames +
			                           i % args->frames];
			float *entry;

			if (!valid(code, args->classes))
				continue;
			entry = args->dtable + (q * args->classes + (size_t)code) * width;
			for (size_t c = 0; c < width; c++)
				entry[c] += args->dy[i * width + c];
		}
}

void gb_cpu_embedding_sum_backward(const gb_device *device, const struct gb_op_embedding_sum_backward *args)
{
	gb_spans(device, args->codebooks, 1, backward_span, args);
}
