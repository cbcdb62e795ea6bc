/* SPDX-License-Identifier: MIT */
/* batch_norm.cu: normalisation of each column over the rows, a thread a column, sums in double. */
#include "kernel.cuh"

#define EPSILON 1e-5

static __device__ __forceinline__ float normalised(float x, float mean, float rstd, float gamma, float beta)
{
	return (x - mean) * rstd * gamma + beta;
}

static __device__ __forceinline__ float rstd_of(double variance)
{
	return (float)(1.0 / sqrt(variance + EPSILON));
}

static __global__ void measure(struct gb_op_batch_norm a)
{
	EACH(c, a.columns) {
		double sum = 0, squares = 0;
		float mean;

		for (size_t r = 0; r < a.rows; r++)
			sum += (double)a.x[r * a.columns + c];
		mean = (float)(sum / (double)a.rows);
		for (size_t r = 0; r < a.rows; r++) {
			double off = (double)(a.x[r * a.columns + c] - mean);

			squares += off * off;
		}
		a.mean[c] = mean;
		a.variance[c] = (float)(squares / (double)a.rows);
		a.rstd[c] = rstd_of(squares / (double)a.rows);
	}
}

static __global__ void normalise(struct gb_op_batch_norm a)
{
	EACH_ROW(r, a.rows)
		EACH_COLUMN(c, a.columns) {
			float mean = a.given ? a.given[c] : a.mean[c],
			      rstd = a.given ? rstd_of((double)a.given[a.columns + c]) : a.rstd[c];
			float y = normalised(a.x[r * a.columns + c], mean, rstd, a.gamma[c], a.beta[c]);

			a.y[r * a.columns + c] = a.rectify && y <= 0.0f ? 0.0f : y;
		}
}

void gb_cuda_batch_norm(const gb_device *device, const struct gb_op_batch_norm *args)
{
	if (!args->given && args->rows)
		LAUNCH_EACH(device, measure, args->columns, *args);
	LAUNCH_PLANE(device, normalise, args->rows, args->columns, *args);
}

/* The gradient that passes the rectifier. */
static __device__ __forceinline__ float passed(const struct gb_op_batch_norm_backward *a, size_t at, size_t c)
{
	float y = a->rectify ? normalised(a->x[at], a->mean[c], a->rstd[c], a->gamma[c], a->beta[c]) : 1.0f;

	return y <= 0.0f ? 0.0f : a->dy[at];
}

static __global__ void norm_slope(struct gb_op_batch_norm_backward a)
{
	EACH(c, a.columns) {
		double sum = 0, dot = 0;
		float shift, slope;

		for (size_t at = c; at < a.rows * a.columns; at += a.columns) {
			double g = (double)passed(&a, at, c);

			sum += g;
			dot += g * (double)((a.x[at] - a.mean[c]) * a.rstd[c]);
		}
		shift = (float)(sum / (double)a.rows);
		slope = (float)(dot / (double)a.rows);
		/* DX may be DY: the sums are made. */
		for (size_t at = c; at < a.rows * a.columns; at += a.columns)
			a.dx[at] = a.gamma[c] * a.rstd[c] *
			           (passed(&a, at, c) - shift - (a.x[at] - a.mean[c]) * a.rstd[c] * slope);
		a.dgamma[c] += (float)dot;
		a.dbeta[c] += (float)sum;
	}
}

void gb_cuda_batch_norm_backward(const gb_device *device, const struct gb_op_batch_norm_backward *args)
{
	LAUNCH_EACH(device, norm_slope, args->columns, *args);
}
