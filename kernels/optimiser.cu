/* SPDX-License-Identifier: MIT */
/* optimiser.cu: AdamW over all parameters in one launch, and sums for its clipping. */
#include "kernel.cuh"

enum { CHUNK = 4096 };

/* The segment that holds element AT: the last that begins at or before it. */
static __device__ __forceinline__ size_t find(const gb_adamw_segment *segment, size_t segments, size_t at)
{
	size_t low = 0, high = segments;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (segment[middle].first <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A block takes CHUNK neighbours and walks over the segments that they lie in.
 * SHADOW (NULL: none) gets the new weights in BF16. */
static __global__ void update(struct gb_op_adamw a, size_t n, float first_scale, float second_scale,
                              uint16_t *shadow)
{
	for (size_t chunk = blockIdx.x; chunk * CHUNK < n; chunk += gridDim.x) {
		size_t at = chunk * CHUNK, stop = at + CHUNK < n ? at + CHUNK : n;

		for (size_t s = find(a.segment, a.segments, at); at < stop; s++) {
			const gb_adamw_segment segment = a.segment[s];
			size_t end = segment.first + segment.count < stop ? segment.first + segment.count
			                                                  : stop;
			float rate = a.rate * segment.rate, pull = rate * segment.decay;

			for (size_t i = at + threadIdx.x; i < end; i += BLOCK) {
				float x = a.g[i] * a.gradient_scale,
				      m = a.beta1 * a.m[i] + (1.0f - a.beta1) * x;
				float v = a.beta2 * a.v[i] + (1.0f - a.beta2) * x * x, w = a.w[i];

				w = w - pull * (segment.anchor ? w - segment.anchor[i - segment.first] : w) -
				    rate * (m * first_scale) / (sqrtf(v * second_scale) + a.epsilon);
				a.m[i] = m;
				a.v[i] = v;
				a.w[i] = w;
				if (shadow)
					shadow[i] = gb_bfloat_of(w);
			}
			at = end;
		}
	}
}

void gb_cuda_adamw(const gb_device *device, const struct gb_op_adamw *args)
{
	float first = (float)(1.0 / (1.0 - pow((double)args->beta1, (double)args->step)));
	float second = (float)(1.0 / (1.0 - pow((double)args->beta2, (double)args->step)));

	if (args->n)
		LAUNCH(device, update, gb_grid(device, args->n, CHUNK), BLOCK, 0, *args, args->n, first,
		       second, gb_shadow_to_write(device, args->w, args->n));
}

/* ---- sums: of CHUNK numbers each, then of the chunks' sums, strided by thread and in a tree ---- */

static __global__ void chunk_squares(struct gb_op_square_sum a, double *part)
{
	SHARED(double, room, BLOCK / 32);

	for (size_t chunk = blockIdx.x; chunk * CHUNK < a.n; chunk += gridDim.x) {
		size_t end = chunk * CHUNK + CHUNK < a.n ? chunk * CHUNK + CHUNK : a.n;
		double sum = 0;

		for (size_t i = chunk * CHUNK + threadIdx.x; i < end; i += BLOCK)
			sum += (double)a.x[i] * (double)a.x[i];
		sum = gb_block_sum(sum, room);
		if (threadIdx.x == 0)
			part[chunk] = sum;
	}
}

static __global__ void add_all(struct gb_op_sum a)
{
	SHARED(double, room, BLOCK / 32);
	double sum = 0;

	for (size_t i = threadIdx.x; i < a.n; i += BLOCK)
		sum += a.x[i];
	sum = gb_block_sum(sum, room);
	if (threadIdx.x == 0)
		*a.out = sum;
}

void gb_cuda_sum(const gb_device *device, const struct gb_op_sum *args)
{
	LAUNCH(device, add_all, 1, BLOCK, 0, *args);
}

void gb_cuda_square_sum(const gb_device *device, const struct gb_op_square_sum *args)
{
	size_t chunks = (args->n + CHUNK - 1) / CHUNK;
	struct gb_op_sum sum = {chunks,
	                        (const double *)gb_scratch(device, GB_SCRATCH_SUMS, chunks * sizeof(double)),
	                        args->out};

	if (!sum.x)
		return;
	if (chunks)
		LAUNCH(device, chunk_squares, gb_grid(device, chunks, 1), BLOCK, 0, *args, (double *)sum.x);
	gb_cuda_sum(device, &sum);
}
