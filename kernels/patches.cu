/* SPDX-License-Identifier: MIT */
/* patches.cu: images as rows of non-overlapping, standardised patches. */
#include "kernel.cuh"

/* A row of the plane is a patch, its columns the patch's numbers. */
static __global__ void cut(struct gb_op_patches a, size_t across, size_t down)
{
	size_t line = a.width * a.channels, run = a.patch_width * a.channels, patch = a.patch_height * run;

	EACH_ROW(at, a.images * across * down) {
		size_t image = at / (across * down), p = at % (across * down),
		       corner = p / across * a.patch_height * line + p % across * run;
		const uint8_t *x = a.x + image * a.height * line;
		size_t frame = image % a.frames * a.height * line;

		EACH_COLUMN(c, patch) {
			size_t pixel = corner + c / run * line + c % run;

			a.y[at * patch + c] = ((float)x[pixel] - a.mean[frame + pixel]) *
			                      a.scale[frame + pixel];
		}
	}
}

void gb_cuda_patches(const gb_device *device, const struct gb_op_patches *args)
{
	size_t across = args->width / args->patch_width, down = args->height / args->patch_height;

	LAUNCH_PLANE(device, cut, args->images * across * down,
	             args->patch_height * args->patch_width * args->channels, *args, across, down);
}
