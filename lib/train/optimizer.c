/* SPDX-License-Identifier: MIT */
#include "train/optimizer.h"
#include "network/graph_cost.h"

#include <math.h>

/* Inputs of a layer up to which its weights learn at the full rate. */
enum { LAYER_INPUTS = 512 };

static void set_segment(gb_optimizer *o, gb_parameter *p, const gb_train_options *options,
                        gb_adamw_segment *segment)
{
	bool ridge = options->init == GB_INIT_RIDGE && !options->from,
	    matrix = p->flags & GB_PARAMETER_DECAYS;

	if (ridge && matrix && p->flags & GB_PARAMETER_FROM_RIDGE)
		p->flags |= GB_PARAMETER_ANCHORED;
	if (options->from && !(p->flags & GB_PARAMETER_READOUT))
		p->flags |= GB_PARAMETER_FROZEN;
	*segment = (gb_adamw_segment){.first = p->first, .count = p->rows * p->columns, .rate = 1,
	                              .decay = matrix ? (float)options->weight_decay : 0};
	if (p->flags & GB_PARAMETER_ANCHORED) {
		segment->anchor = (const float *)o->anchor.device + p->first;
		segment->decay = (float)options->anchor_decay;
		segment->rate = (float)options->anchor_lr;
	}
	/* A step of AdamW moves every weight alike, so an output moves with the number of its inputs. */
	if (matrix && p->columns > LAYER_INPUTS)
		segment->rate *= (float)LAYER_INPUTS / (float)p->columns;
	if (p->flags & (GB_PARAMETER_FROZEN | GB_PARAMETER_INIT_ONLY))
		segment->rate = segment->decay = 0;
}

gb_status gb_optimizer_open(gb_optimizer *o, const gb_device *device, gb_graph *graph,
                            const gb_train_options *options, gb_err *err)
{
	size_t n = gb_graph_parameter_count(graph);
	int count = gb_graph_parameters(graph);
	const struct { gb_mirror *mirror; size_t count, size; } part[] = {
		{&o->first, n, sizeof(float)}, {&o->second, n, sizeof(float)},
		{&o->anchor, options->init == GB_INIT_RIDGE ? n : 0, sizeof(float)},
		{&o->segment, (size_t)count, sizeof(gb_adamw_segment)}, {&o->square_sum, 1, sizeof(double)}};

	*o = (gb_optimizer){.device = device, .graph = graph, .parameters = n};
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		if (gb_mirror_open(device, part[i].mirror, part[i].count, part[i].size, err) != GB_OK)
			return GB_SYSTEM;
	for (int i = 0; i < count; i++)
		set_segment(o, gb_graph_parameter_at(graph, i), options,
		            (gb_adamw_segment *)o->segment.host + i);
	gb_mirror_upload(device, &o->segment);
	return GB_OK;
}

void gb_optimizer_close(gb_optimizer *o)
{
	gb_mirror_close(o->device, &o->first);
	gb_mirror_close(o->device, &o->second);
	gb_mirror_close(o->device, &o->anchor);
	gb_mirror_close(o->device, &o->segment);
	gb_mirror_close(o->device, &o->square_sum);
}

void gb_optimizer_set_anchors(gb_optimizer *o)
{
	o->device->ops->copy(o->device, o->anchor.device, gb_graph_weights(o->graph)->device,
	                     o->anchor.bytes);
}

void gb_optimizer_freeze(const gb_optimizer *o, float *gradient)
{
	for (int i = 0; i < gb_graph_parameters(o->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(o->graph, i);

		if (p->flags & GB_PARAMETER_FROZEN)
			o->device->ops->fill(o->device, gradient + p->first, 0,
			                     p->rows * p->columns * sizeof *gradient);
	}
}

gb_status gb_optimizer_norm(gb_optimizer *o, const float *x, double *norm, gb_err *err)
{
	gb_status status;

	GB_RUN(o->device, square_sum, o->parameters, x, o->square_sum.device);
	status = gb_mirror_download(o->device, &o->square_sum, err);
	if (status == GB_OK)
		*norm = sqrt(*(const double *)o->square_sum.host);
	return status;
}

void gb_optimizer_step(gb_optimizer *o, const float *gradient, float scale, float lr, uint64_t step)
{
	const struct gb_op_adamw args = {
		.segments = (size_t)gb_graph_parameters(o->graph), .segment = o->segment.device,
		.w = gb_graph_weights(o->graph)->device, .m = o->first.device, .v = o->second.device,
		.g = gradient, .gradient_scale = scale, .rate = lr, .beta1 = 0.9f, .beta2 = 0.95f,
		.epsilon = 1e-8f, .step = step, .n = o->parameters};

	o->device->ops->adamw(o->device, &args);
}
