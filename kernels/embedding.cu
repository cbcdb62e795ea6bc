/* SPDX-License-Identifier: MIT */
/* embedding.cu: the sum over codebooks of what each code stands for. */
#include "kernel.cuh"

static __global__ void sum_entries(struct gb_op_embedding_sum a)
{
	EACH_ROW(i, a.rows * a.frames)
		EACH_COLUMN(c, a.width) {
			const int16_t *code = a.codes + i / a.frames * a.codebooks * a.frames + i % a.frames;
			float sum = 0;

			for (size_t q = 0; q < a.codebooks; q++)
				/* padding is negative: far past the end */
				if ((size_t)code[q * a.frames] < a.classes)
					sum += a.table[(q * a.classes +
					                (size_t)code[q * a.frames]) * a.width + c];
			a.y[i * a.width + c] = sum;
		}
}

void gb_cuda_embedding_sum(const gb_device *device, const struct gb_op_embedding_sum *args)
{
	LAUNCH_PLANE(device, sum_entries, args->rows * args->frames, args->width, *args);
}

enum { WARPS = 4 };

/* A warp an entry of the table: its lanes look through the codes 32 at a time,
 * then add the rows of those that match, in order. */
static __global__ void entry_slope(struct gb_op_embedding_sum_backward a)
{
	size_t lane = threadIdx.x % 32, count = a.rows * a.frames;

	for (size_t entry = blockIdx.x * (size_t)WARPS + threadIdx.x / 32; entry < a.codebooks * a.classes;
	     entry += (size_t)gridDim.x * WARPS) {
		size_t q = entry / a.classes;
		int16_t wanted = (int16_t)(entry % a.classes);

		for (size_t first = 0; first < a.width; first += 32) {
			size_t c = first + lane;
			float sum = 0;

			for (size_t from = 0; from < count; from += 32) {
				size_t i = from + lane;
				bool mine = i < count && a.codes[(i / a.frames * a.codebooks + q) * a.frames +
				                                 i % a.frames] == wanted;
				unsigned found = __ballot_sync(ALL_LANES, mine);

				for (; found; found &= found - 1)
					if (c < a.width)
						sum += a.dy[(from + (size_t)__ffs((int)found) - 1) * a.width +
						            c];
			}
			if (c < a.width)
				a.dtable[entry * a.width + c] += sum;
		}
	}
}

void gb_cuda_embedding_sum_backward(const gb_device *device, const struct gb_op_embedding_sum_backward *args)
{
	size_t entries = args->codebooks * args->classes;

	if (entries && args->width)
		LAUNCH(device, entry_slope, gb_grid(device, entries, WARPS), WARPS * 32, 0, *args);
}
