/* SPDX-License-Identifier: MIT */
/* modality_mel.c: the float tensor `mel` [band, frame].  Linear view: of each band, mean and SD over the
 * row's valid frames. */
#include "modality/modality_mel.h"

#include <math.h>
#include <string.h>

static bool accepts(const gb_feature *f)
{
	return gb_modality_is_float(f->dtype) && f->rank == 2 && !strcmp(f->name, "mel");
}

static gb_status features(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	(void)err;
	band->width = (size_t)f->shape[0] * 2;
	return GB_OK;
}

static void read_linear(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                        float *out)
{
	const gb_feature *f = band->feature;
	int64_t frames = f->shape[1], count = gb_dataset_count(set, f, row);

	gb_dataset_read(set, f, row, false, scratch);
	for (int64_t b = 0; b < f->shape[0]; b++) {
		const float *v = scratch + b * frames;
		double sum = 0, square = 0, n = count > 0 ? (double)count : 1;

		for (int64_t k = 0; k < count; k++)
			sum += (double)v[k];
		for (int64_t k = 0; k < count; k++)
			square += ((double)v[k] - sum / n) * ((double)v[k] - sum / n);
		out[b] = (float)(sum / n);
		out[f->shape[0] + b] = (float)sqrt(square / n);
	}
}

static void shape_of(gb_network_shape *shape, size_t width, const int64_t *dims)
{
	(void)width;
	shape->mel_bands = (size_t)dims[0];
	shape->mel_frames = (size_t)dims[1];
}

static gb_status measure(const gb_modality_source *source, gb_err *err)
{
	return gb_modality_measure(source, source->statistics->mel_mean, source->statistics->mel_std, err);
}

void gb_modality_mel_row(const gb_modality_source *source, int64_t row, float *out, bool frames_first)
{
	size_t bands = source->shape->mel_bands, frames = source->shape->mel_frames;
	size_t count = (size_t)gb_dataset_count(source->set, source->feature, row);

	gb_dataset_read(source->set, source->feature, row, false, source->scratch);
	for (size_t b = 0; b < bands; b++)
		for (size_t f = 0; f < frames; f++) {
			size_t at = b * frames + f;
			float x = f < count ? (source->scratch[at] - source->statistics->mel_mean[at]) /
			                          source->statistics->mel_std[at]
			                    : 0;

			out[frames_first ? f * bands + b : at] = x;
		}
}

static void fill_batch(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = source->shape;

	gb_modality_mel_row(source, row, net->batch.mel + at * s->mel_bands * s->mel_frames, true);
	net->batch.mel_count[at] = ((int32_t)gb_dataset_count(source->set, source->feature, row) + 1) / 2;
}

static void clear_batch(gb_network *net, size_t at)
{
	size_t n = net->shape.mel_bands * net->shape.mel_frames;

	memset(net->batch.mel + at * n, 0, n * sizeof *net->batch.mel);
	net->batch.mel_count[at] = 0;
}

static void fill_target(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = source->shape;

	if (source->feature)
		gb_modality_mel_row(source, row, net->batch.target_mel + at * s->mel_bands * s->mel_frames,
		                    false);
}

static double count(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[1];

	return net->shape.mel_bands ? gb_modality_total(weight, net->scored) : 0;
}

static double constant(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[1];

	return gb_modality_squares(net->batch.target_mel, weight, NULL, net->scored,
	                           net->shape.mel_frames * net->shape.mel_bands);
}

const gb_modality gb_modality_mel = {.name = "mel",
                                     .kind = GB_LINEAR_FEATURE_MEL,
                                     .mask_token = 1,
                                     .term = 1,
                                     .single = true,
                                     .group = "audio",
                                     .accepts = accepts,
                                     .features = features,
                                     .read = read_linear,
                                     .decodes = gb_modality_float_decodes,
                                     .read_target = gb_modality_float_target,
                                     .shape = shape_of,
                                     .measure = measure,
                                     .fill_batch = fill_batch,
                                     .clear_batch = clear_batch,
                                     .fill_target = fill_target,
                                     .count = count,
                                     .constant = constant};
