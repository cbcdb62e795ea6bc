/* SPDX-License-Identifier: MIT */
/* fir.cu: filters over rows of time, forward and backward. */
#include "kernel.cuh"

/* A row before the start is far past the end. */
static __device__ __forceinline__ bool source_row(int64_t row, size_t rows) { return (size_t)row < rows; }

/* A row of the plane is one filter of one output row. */
static __global__ void filter(struct gb_op_fir a)
{
	EACH_ROW(i, a.groups * a.y_rows * a.basis) {
		size_t j = i % a.basis, row = i / a.basis;
		const float *x = a.x + row / a.y_rows * a.x_rows * a.width;
		int64_t now = (int64_t)(row % a.y_rows) + a.offset;

		EACH_COLUMN(c, a.width) {
			float sum = 0;

			for (size_t k = 0; k < a.taps; k++) {
				float h = a.h[j * a.taps + k];

				if (h != 0.0f && source_row(now - (int64_t)k, a.x_rows))
					sum += h * x[(size_t)(now - (int64_t)k) * a.width + c];
			}
			a.y[i * a.width + c] = sum;
		}
	}
}

void gb_cuda_fir(const gb_device *device, const struct gb_op_fir *args)
{
	LAUNCH_PLANE(device, filter, args->groups * args->y_rows * args->basis, args->width, *args);
}

static __global__ void filter_slope(struct gb_op_fir_backward a)
{
	EACH_ROW(i, a.groups * a.x_rows) {
		size_t group = i / a.x_rows;

		EACH_COLUMN(c, a.width) {
			float sum = a.dx[i * a.width + c];

			for (size_t j = 0; j < a.basis; j++)
				for (size_t k = 0; k < a.taps; k++) {
					int64_t row = (int64_t)(i % a.x_rows) + (int64_t)k - a.offset;
					float h = a.h[j * a.taps + k];

					if (h != 0.0f && source_row(row, a.y_rows))
						sum += h *
						       a.dy[((group * a.y_rows + (size_t)row) * a.basis + j) *
						                a.width +
						            c];
				}
			a.dx[i * a.width + c] = sum;
		}
	}
}

void gb_cuda_fir_backward(const gb_device *device, const struct gb_op_fir_backward *args)
{
	LAUNCH_PLANE(device, filter_slope, args->groups * args->x_rows, args->width, *args);
}
