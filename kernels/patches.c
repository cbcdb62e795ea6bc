/* SPDX-License-Identifier: MIT */
/* patches.c: images as rows of non-overlapping, standardised patches. */
#include "tile.h"

static void span(const void *context, size_t first, size_t end)
{
	const struct gb_op_patches *args = context;
	size_t line = args->width * args->channels, run = args->patch_width * args->channels;
	size_t across = args->width / args->patch_width, down = args->height / args->patch_height;
	size_t patch = args->patch_height * run;

	for (size_t image = first; image < end; image++) {
		const uint8_t *x = args->x + image * args->height * line;
		size_t frame = image % args->frames * args->height * line;

		for (size_t p = 0; p < across * down; p++)
			for (size_t row = 0; row < args->patch_height; row++) {
				size_t at = (p / across * args->patch_height + row) * line + p % across * run;
				float *y = args->y + (image * across * down + p) * patch + row * run;

				for (size_t i = 0; i < run; i++)
					y[i] = ((float)x[at + i] - args->mean[frame + at + i]) *
					       args->scale[frame + at + i];
			}
	}
}

void gb_cpu_patches(const gb_device *device, const struct gb_op_patches *args)
{
	gb_spans(device, args->images, 1, span, args);
}
