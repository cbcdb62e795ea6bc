/* SPDX-License-Identifier: MIT */
/* modality_video.c: pictures, U8 [frame, y, x, 3].  Linear view: of each 10 × 10 patch and colour, the mean
 * over the row's frames, and the mean absolute difference of neighbouring frames; 0 … 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "modality/modality.h"
#include "network/layer_sizes.h"

enum { PATCH = 10 };

static bool accepts(const gb_feature *f) { return f->dtype == GB_U8 && f->rank == 4 && f->shape[3] == 3; }

static size_t patches(int64_t pixels) { return (size_t)(pixels + PATCH - 1) / PATCH; }

static gb_status features(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	(void)err;
	band->width = patches(f->shape[1]) * patches(f->shape[2]) * 3 * 2;
	return GB_OK;
}

static void read_linear(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                        float *out)
{
	const gb_feature *f = band->feature;
	const uint8_t *pixel = gb_dataset_row(set, f, row);
	int64_t frames = gb_dataset_count(set, f, row), height = f->shape[1], width = f->shape[2];
	size_t across = patches(width), half = patches(height) * across * 3;

	(void)scratch;
	memset(out, 0, 2 * half * sizeof *out);
	if (frames < 1 || frames > f->shape[0])
		frames = f->shape[0];
	for (int64_t y = 0; y < height; y++)
		for (int64_t x = 0; x < width; x++) {
			int64_t rows = height - y / PATCH * PATCH, columns = width - x / PATCH * PATCH;
			float area = (float)((rows < PATCH ? rows : PATCH) *
			                     (columns < PATCH ? columns : PATCH)) *
			             255;
			float *to = out + ((size_t)(y / PATCH) * across + (size_t)(x / PATCH)) * 3;
			const uint8_t *p = pixel + (y * width + x) * 3;
			size_t frame = (size_t)(height * width * 3);

			for (int c = 0; c < 3; c++) {
				int64_t sum = 0, change = 0;

				for (int64_t k = 0; k < frames; k++) {
					sum += p[(size_t)k * frame + (size_t)c];
					change += k ? labs((long)p[(size_t)k * frame + (size_t)c] -
					                   (long)p[(size_t)(k - 1) * frame + (size_t)c])
					            : 0;
				}
				to[c] += (float)sum / ((float)frames * area);
				to[half + (size_t)c] += (float)change /
				                        ((float)(frames > 1 ? frames - 1 : 1) * area);
			}
		}
}

/* One frame, 0 … 1: the row's mean picture. */
static bool decodes(const gb_feature *f, int64_t shape[4], int *rank, size_t *elements)
{
	*rank = 4;
	shape[0] = 1;
	shape[1] = f->shape[1];
	shape[2] = f->shape[2];
	shape[3] = 3;
	*elements = (size_t)(f->shape[1] * f->shape[2] * 3);
	return true;
}

static void read_target(const gb_dataset *set, const gb_feature *f, int64_t row, float *out)
{
	size_t frame = (size_t)(f->shape[1] * f->shape[2] * 3);
	int64_t frames = gb_dataset_count(set, f, row);

	if (frames < 1 || frames > f->shape[0])
		frames = f->shape[0];
	for (size_t i = 0; i < frame; i++) {
		const uint8_t *p = (const uint8_t *)gb_dataset_row(set, f, row) + i;
		int64_t sum = 0;

		for (int64_t k = 0; k < frames; k++)
			sum += p[(size_t)k * frame];
		out[i] = (float)sum / (255 * (float)frames);
	}
}

static void shape_of(gb_network_shape *shape, size_t width, const int64_t *dims)
{
	(void)width;
	shape->video_frames = (size_t)dims[0];
	shape->video_height = (size_t)dims[1];
	shape->video_width = (size_t)dims[2];
}

static gb_status measure(const gb_modality_source *source, gb_err *err)
{
	const gb_network_shape *s = source->shape;
	float *mean = source->statistics->video_mean, *scale = source->statistics->video_scale,
	      *base = source->statistics->video_base, least;
	size_t n = source->feature->elements, ph, pw, line = s->video_width * 3, at = 0;
	double power = 0;

	gb_patch_size(s, &ph, &pw);
	if (gb_modality_measure(source, mean, scale, err) != GB_OK)
		return GB_SYSTEM;
	for (size_t i = 0; i < n; i++)
		power += (double)scale[i] * (double)scale[i];
	least = (float)(0.1 * sqrt(power / (double)n));
	for (size_t i = 0; i < n; i++)
		scale[i] = 1.0f / (scale[i] > least ? scale[i] : least);
	/* Patch order; the sigmoid of the base is the mean, kept off 0 and 1 by half a level. */
	for (size_t f = 0; ph && pw && f < s->video_frames; f++)
		for (size_t p = 0; p < s->video_height / ph * (s->video_width / pw); p++)
			for (size_t y = 0; y < ph; y++)
				for (size_t x = 0; x < pw * 3; x++) {
					size_t row = p / (s->video_width / pw) * ph + y,
					       column = p % (s->video_width / pw) * pw * 3 + x;
					float average = mean[(f * s->video_height + row) * line + column];
					double m = (double)average / 255;

					m = m < 0.5 / 255 ? 0.5 / 255 : m > 254.5 / 255 ? 254.5 / 255 : m;
					base[at++] = (float)log(m / (1 - m));
				}
	for (size_t i = 0; s->kind && i < n; i++) { /* as they are, 0 … 1 */
		mean[i] = 0;
		scale[i] = 1.0f / 255;
	}
	return GB_OK;
}

static void fill_batch(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	memcpy(net->batch.video + at * source->feature->elements,
	       gb_dataset_row(source->set, source->feature, row), source->feature->elements);
}

static void clear_batch(gb_network *net, size_t at)
{
	const gb_network_shape *s = &net->shape;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3;

	memset(net->batch.video + at * pixels, 0, pixels);
}

static void fill_target(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &net->shape;
	const uint8_t *x = source->feature ? gb_dataset_row(source->set, source->feature, row) : NULL;
	float *y = net->batch.target_video + at * net->decoded_frames * net->patches * net->patch;
	size_t across = s->video_width / net->patch_width, run = net->patch_width * 3,
	       line = s->video_width * 3;

	for (size_t f = 0; x && f < net->decoded_frames; f++)
		for (size_t p = 0; p < net->patches; p++)
			for (size_t r = 0; r < net->patch_height; r++) {
				const uint8_t *from = x +
				                      (f * s->video_height + p / across * net->patch_height +
				                       r) *
				                          line +
				                      p % across * run;

				for (size_t i = 0; i < run; i++)
					*y++ = (float)from[i] / 255.0f;
			}
}

static double count(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[0];

	return net->shape.video_frames ? gb_modality_total(weight, net->scored) : 0;
}

static double constant(const gb_network *net, bool from_brain)
{
	const float *weight = (from_brain ? net->batch.weight_brain : net->batch.weight)[0];

	return gb_modality_squares(net->batch.target_video, weight, net->fixed.video_base, net->scored,
	                           net->decoded_frames * net->patches * net->patch);
}

const gb_modality gb_modality_video = {.name = "video",
                                       .kind = GB_LINEAR_FEATURE_VIDEO,
                                       .mask_token = 0,
                                       .term = 0,
                                       .single = true,
                                       .group = "video",
                                       .accepts = accepts,
                                       .features = features,
                                       .read = read_linear,
                                       .decodes = decodes,
                                       .read_target = read_target,
                                       .shape = shape_of,
                                       .measure = measure,
                                       .fill_batch = fill_batch,
                                       .clear_batch = clear_batch,
                                       .fill_target = fill_target,
                                       .count = count,
                                       .constant = constant};
