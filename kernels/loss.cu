/* SPDX-License-Identifier: MIT */
/* loss.cu: cross-entropy over a softmax, a block a row; weighted squared error,
 * blocks over parts of a row, since rows are few and long. */
#include "kernel.cuh"

static __global__ void cross_entropy(struct gb_op_softmax_loss a)
{
	SHARED(double, sums, BLOCK / 32);
	SHARED(float, room, BLOCK / 32);
	size_t n = a.classes;

	for (size_t r = blockIdx.x; r < a.rows; r += gridDim.x) {
		const float *x = a.x + r * n;
		int32_t label = a.label[r];
		bool counts = (size_t)label < n; /* -1 is far past the end; the same for the whole block */
		float top = -INFINITY, scale;
		double sum = 0;

		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			top = fmaxf(top, x[i]); /* NaN comes back in the sum */
		top = gb_block_max(top, room);
		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			sum += exp((double)x[i] - (double)top);
		sum = log(gb_block_sum(sum, sums));
		if (threadIdx.x == 0)
			a.loss[r] = counts ? (double)a.weight[r] * (sum + (double)top - (double)x[label])
			                   : 0.0;
		if (!a.dx)
			continue;
		scale = *a.scale * a.weight[r];
		for (size_t i = threadIdx.x; i < n; i += blockDim.x) {
			float p = (float)exp((double)x[i] - (double)top - sum);

			a.dx[r * n + i] = counts ? scale * p - ((int32_t)i == label ? scale : 0.0f) : 0.0f;
		}
	}
}

void gb_cuda_softmax_loss(const gb_device *device, const struct gb_op_softmax_loss *args)
{
	LAUNCH_ROWS(device, cross_entropy, args->rows, args->classes, *args);
}

enum { PER_PART = 8192 };

/* PART [rows, parts]: Σ of each part of a row; a row of weight 0 may hold anything and is not read. */
static __global__ void squared_error(struct gb_op_mse_loss a, double *part, size_t parts)
{
	SHARED(double, room, BLOCK / 32);

	for (size_t at = blockIdx.x; at < a.rows * parts; at += gridDim.x) {
		size_t r = at / parts, first = at % parts * PER_PART,
		       end = first + PER_PART < a.columns ? first + PER_PART : a.columns;
		float row = a.row_weight[r], scale = a.dx ? 2.0f * *a.scale * row : 0.0f;
		double sum = 0;

		for (size_t c = first + threadIdx.x; c < end; c += blockDim.x) {
			size_t i = r * a.columns + c;
			float w = a.column_weight ? a.column_weight[c] : 1.0f, dx = 0;

			if (row != 0.0f) {
				double d = (double)a.x[i] - (double)a.target[i];

				sum += (double)w * d * d;
				dx = scale * w * (a.x[i] - a.target[i]);
			}
			if (a.dx)
				a.dx[i] = dx;
		}
		sum = gb_block_sum(sum, room);
		if (threadIdx.x == 0)
			part[at] = sum;
	}
}

static __global__ void add_error(struct gb_op_mse_loss a, const double *part, size_t parts)
{
	EACH(r, a.rows) {
		double sum = 0;

		for (size_t p = 0; p < parts; p++)
			sum += part[r * parts + p];
		a.loss[r] = a.row_weight[r] == 0.0f ? 0.0 : (double)a.row_weight[r] * sum;
	}
}

void gb_cuda_mse_loss(const gb_device *device, const struct gb_op_mse_loss *args)
{
	size_t parts = (args->columns + PER_PART - 1) / PER_PART;
	double *part = (double *)gb_scratch(device, GB_SCRATCH_SUMS, args->rows * parts * sizeof(double));

	if (!part)
		return;
	if (parts)
		LAUNCH_ROWS(device, squared_error, args->rows * parts, args->columns, *args, part, parts);
	LAUNCH_EACH(device, add_error, args->rows, *args, part, parts);
}
