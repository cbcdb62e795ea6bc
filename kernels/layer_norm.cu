/* SPDX-License-Identifier: MIT */
/* layer_norm.cu: layer normalisation, a block a row, sums in double. */
#include "kernel.cuh"

#define EPSILON 1e-5

static __global__ void normalise(struct gb_op_layer_norm a)
{
	SHARED(double, room, BLOCK / 32);
	size_t n = a.columns;

	for (size_t r = blockIdx.x; r < a.rows; r += gridDim.x) {
		const float *x = a.x + r * n;
		double sum = 0, squares = 0;
		float mean, rstd;

		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			sum += (double)x[i];
		mean = (float)(gb_block_sum(sum, room) / (double)n);
		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			squares += (double)(x[i] - mean) * (double)(x[i] - mean);
		rstd = (float)(1.0 / sqrt(gb_block_sum(squares, room) / (double)n + EPSILON));
		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			a.y[r * n + i] = (x[i] - mean) * rstd * (a.gamma ? a.gamma[i] : 1.0f) +
			                 (a.beta ? a.beta[i] : 0.0f);
		if (threadIdx.x == 0) {
			a.mean[r] = mean;
			a.rstd[r] = rstd;
		}
	}
}

void gb_cuda_layer_norm(const gb_device *device, const struct gb_op_layer_norm *args)
{
	LAUNCH_ROWS(device, normalise, args->rows, args->columns, *args);
}

static __global__ void norm_slope(struct gb_op_layer_norm_backward a)
{
	SHARED(double, room, BLOCK / 32);
	size_t n = a.columns;

	for (size_t r = blockIdx.x; r < a.rows; r += gridDim.x) {
		const float *x = a.x + r * n, *dy = a.dy + r * n;
		float mean = a.mean[r], rstd = a.rstd[r], shift, slope;
		double sum = 0, dot = 0;

		for (size_t i = threadIdx.x; i < n; i += blockDim.x) {
			float g = dy[i] * (a.gamma ? a.gamma[i] : 1.0f);

			sum += (double)g;
			dot += (double)g * (double)((x[i] - mean) * rstd);
		}
		shift = (float)(gb_block_sum(sum, room) / (double)n);
		slope = (float)(gb_block_sum(dot, room) / (double)n);
		/* DX may be DY: each thread has read its own. */
		for (size_t i = threadIdx.x; i < n; i += blockDim.x)
			a.dx[r * n + i] = rstd * (dy[i] * (a.gamma ? a.gamma[i] : 1.0f) - shift -
			                          (x[i] - mean) * rstd * slope);
	}
}

/* ---- gamma and beta: sums over parts of the rows, then over the parts in order ---- */

enum { ROWS_PER_PART = 64 };

static __global__ void affine_parts(struct gb_op_layer_norm_backward a, float *part, size_t parts)
{
	EACH_ROW(p, parts)
		EACH_COLUMN(c, a.columns) {
			size_t first = p * ROWS_PER_PART,
			       end = first + ROWS_PER_PART < a.rows ? first + ROWS_PER_PART : a.rows;
			float gamma = 0, beta = 0;

			for (size_t r = first; r < end; r++) {
				float dy = a.dy[r * a.columns + c];

				gamma += dy * (a.x[r * a.columns + c] - a.mean[r]) * a.rstd[r];
				beta += dy;
			}
			part[p * a.columns + c] = gamma;
			part[(parts + p) * a.columns + c] = beta;
		}
}

static __global__ void add_affine(struct gb_op_layer_norm_backward a, const float *part, size_t parts)
{
	EACH(c, a.columns) {
		float gamma = 0, beta = 0;

		for (size_t p = 0; p < parts; p++) {
			gamma += part[p * a.columns + c];
			beta += part[(parts + p) * a.columns + c];
		}
		a.dgamma[c] += gamma;
		a.dbeta[c] += beta;
	}
}

void gb_cuda_layer_norm_backward(const gb_device *device, const struct gb_op_layer_norm_backward *args)
{
	size_t parts = (args->rows + ROWS_PER_PART - 1) / ROWS_PER_PART;
	float *part = args->dgamma && parts ? (float *)gb_scratch(device, GB_SCRATCH_SUMS,
	                                                          2 * parts * args->columns * sizeof(float))
	                                    : NULL;

	/* The affine sums read DY, which DX may overwrite. */
	if (part) {
		LAUNCH_PLANE(device, affine_parts, parts, args->columns, *args, part, parts);
		LAUNCH_EACH(device, add_affine, args->columns, *args, part, parts);
	}
	LAUNCH_ROWS(device, norm_slope, args->rows, args->columns, *args);
}
