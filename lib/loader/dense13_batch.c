/* SPDX-License-Identifier: MIT */
#include "loader/dense13_batch.h"

static void fill_inputs(const gb_loader *loader, gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	const gb_loader_statistics *st = &loader->statistics;
	size_t first = s->linear - s->dense;
	gb_batch *b = &net->batch;

	for (size_t i = 0; i < net->rows * s->codebooks * s->code_frames; i++)
		b->number[i] = b->codes[i] < 0 ? 0 : (float)b->codes[i];
	for (size_t r = 0; r < net->rows; r++)
		for (size_t i = 0; i < s->dense; i++)
			b->dense[r * s->dense + i] = b->dense[r * s->dense + i] * st->linear_std[first + i] +
			                             st->linear_mean[first + i];
}

static void fill_targets(gb_network *net)
{
	size_t books = net->shape.codebooks, frames = net->shape.code_frames;
	gb_batch *b = &net->batch;

	for (size_t r = 0; r < net->scored; r++)
		for (size_t f = 0; f < frames; f++)
			for (size_t q = 0; q < books; q++) {
				size_t from = (r * frames + f) * books + q, to = (r * books + q) * frames + f;

				b->weight_number[to] = b->weight_codes[from];
				b->target_number[to] = b->target_codes[from] < 0
				                           ? 0
				                           : (float)b->target_codes[from] /
				                                 (GB_CODE_CLASSES - 1);
			}
}

void gb_batch_fill_dense13(const gb_loader *loader, gb_network *net, bool scored)
{
	fill_inputs(loader, net);
	if (scored)
		fill_targets(net);
}
