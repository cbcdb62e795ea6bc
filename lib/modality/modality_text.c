/* SPDX-License-Identifier: MIT */
/* modality_text.c: the float tensor `text`, which the network decodes, and float tensors of other names,
 * which it reads only. */
#include "modality/modality_text.h"

#include <string.h>

static bool accepts_text(const gb_feature *f)
{
	return gb_modality_is_float(f->dtype) && !strcmp(f->name, "text");
}

static bool accepts_floats(const gb_feature *f) { return gb_modality_is_float(f->dtype); }

static void shape_of_text(gb_network_shape *shape, size_t width, const int64_t *dims)
{
	gb_modality_float_shape(shape, width, dims);
	shape->text = width;
}

/* Text stands first in the dense part: standardised × SD / unit. */
void gb_modality_text_row(const gb_modality_source *source, int64_t row, float *out)
{
	const gb_network_shape *s = source->shape;
	size_t first = s->linear - s->dense;
	const float *in = source->linear + (size_t)row * s->linear + first;

	for (size_t i = 0; i < s->text; i++)
		out[i] = in[i] * source->statistics->linear_std[first + i] / source->statistics->text_unit[0];
}

static void fill_target(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	gb_modality_text_row(source, row, net->batch.target_text + at * source->shape->text);
}

static double count(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[2];

	return net->shape.text ? gb_modality_total(weight, net->scored) : 0;
}

static double constant(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[2];

	return gb_modality_squares(net->batch.target_text, weight, NULL, net->scored, net->shape.text);
}

const gb_modality gb_modality_text = {.name = "text",
                                      .kind = GB_LINEAR_FEATURE_FLOAT,
                                      .mask_token = 2,
                                      .term = 3,
                                      .group = "text",
                                      .accepts = accepts_text,
                                      .features = gb_modality_float_features,
                                      .read = gb_modality_float_read,
                                      .decodes = gb_modality_float_decodes,
                                      .read_target = gb_modality_float_target,
                                      .shape = shape_of_text,
                                      .fill_target = fill_target,
                                      .count = count,
                                      .constant = constant};

const gb_modality gb_modality_floats = {.name = "float tensors",
                                        .kind = GB_LINEAR_FEATURE_FLOAT,
                                        .mask_token = 2,
                                        .term = -1,
                                        .group = "text",
                                        .accepts = accepts_floats,
                                        .features = gb_modality_float_features,
                                        .read = gb_modality_float_read,
                                        .decodes = gb_modality_float_decodes,
                                        .read_target = gb_modality_float_target,
                                        .shape = gb_modality_float_shape};
