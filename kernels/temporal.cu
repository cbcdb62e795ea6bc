/* SPDX-License-Identifier: MIT */
/* temporal.cu: frames inside a row: sliding windows, and pooling over the valid
 * ones.  Backward gathers, so that no two threads write the same number. */
#include "kernel.cuh"

static __global__ void unfold(struct gb_op_unfold_time a)
{
	EACH_ROW(i, a.rows * a.out_frames * a.taps) {
		/* in padded frames */
		size_t window = i / a.taps, row = window / a.out_frames,
		       at = window % a.out_frames * a.stride + i % a.taps;
		bool inside = at >= a.pad && at - a.pad < a.frames;

		EACH_COLUMN(c, a.width)
		a.y[i * a.width + c] = inside ? a.x[(row * a.frames + at - a.pad) * a.width + c] : 0.0f;
	}
}

void gb_cuda_unfold_time(const gb_device *device, const struct gb_op_unfold_time *args)
{
	LAUNCH_PLANE(device, unfold, args->rows * args->out_frames * args->taps, args->width, *args);
}

/* Each frame adds the windows that hold it, in their order. */
static __global__ void fold(struct gb_op_unfold_time_backward a)
{
	EACH_ROW(i, a.rows * a.frames) {
		size_t row = i / a.frames, padded = i % a.frames + a.pad;

		EACH_COLUMN(c, a.width) {
			float sum = a.dx[i * a.width + c];

			for (size_t j = a.taps; j-- > 0;)
				if (padded >= j && (padded - j) % a.stride == 0 &&
				    (padded - j) / a.stride < a.out_frames)
					sum += a.dy[((row * a.out_frames + (padded - j) / a.stride) * a.taps +
					             j) *
					                a.width +
					            c];
			a.dx[i * a.width + c] = sum;
		}
	}
}

void gb_cuda_unfold_time_backward(const gb_device *device, const struct gb_op_unfold_time_backward *args)
{
	LAUNCH_PLANE(device, fold, args->rows * args->frames, args->width, *args);
}

static __device__ __forceinline__ size_t valid_frames(const int32_t *count, size_t row, size_t frames)
{
	if (!count)
		return frames;
	return count[row] < 0 ? 0 : (size_t)count[row] < frames ? (size_t)count[row] : frames;
}

/* Weight of frame F of N in the later-minus-earlier difference. */
static __device__ __forceinline__ float difference_weight(size_t f, size_t n)
{
	size_t half = n / 2;

	if (f < half)
		return -1.0f / (float)half;
	return f >= n - half ? 1.0f / (float)half : 0.0f;
}

static __global__ void pool(struct gb_op_pool_time a)
{
	EACH_ROW(row, a.rows) {
		size_t n = valid_frames(a.count, row, a.frames);

		EACH_COLUMN(c, a.width) {
			float mean = 0, difference = 0;

			for (size_t f = 0; f < n; f++) {
				float x = a.x[(row * a.frames + f) * a.width + c];

				mean += 1.0f / (float)n * x;
				difference += difference_weight(f, n) * x;
			}
			a.y[row * 2 * a.width + c] = mean;
			a.y[(row * 2 + 1) * a.width + c] = difference;
		}
	}
}

void gb_cuda_pool_time(const gb_device *device, const struct gb_op_pool_time *args)
{
	LAUNCH_PLANE(device, pool, args->rows, args->width, *args);
}

static __global__ void spread(struct gb_op_pool_time_backward a)
{
	EACH_ROW(i, a.rows * a.frames) {
		size_t row = i / a.frames, f = i % a.frames, n = valid_frames(a.count, row, a.frames);
		float mean = f < n ? 1.0f / (float)n : 0.0f,
		      difference = f < n ? difference_weight(f, n) : 0.0f;

		EACH_COLUMN(c, a.width)
		a.dx[i * a.width + c] = mean * a.dy[row * 2 * a.width + c] +
		                        difference * a.dy[(row * 2 + 1) * a.width + c];
	}
}

void gb_cuda_pool_time_backward(const gb_device *device, const struct gb_op_pool_time_backward *args)
{
	LAUNCH_PLANE(device, spread, args->rows * args->frames, args->width, *args);
}
