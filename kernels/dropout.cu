/* SPDX-License-Identifier: MIT */
/* dropout.cu: dropout by counters, and rows whose modality is absent. */
#include "kernel.cuh"

/* Philox4x32-10: the same numbers as gb_philox of base/rng.h. */
static __device__ __forceinline__ void random_four(uint32_t c[4], uint32_t k0, uint32_t k1)
{
	for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];

		c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
		c[1] = (uint32_t)p1;
		c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
		c[3] = (uint32_t)p0;
	}
}

/* A thread makes four neighbours, of one block of random numbers. */
static __global__ void drop(struct gb_op_dropout a)
{
	double limit = (double)a.p * 4294967296.0;
	float scale = 1.0f / (1.0f - a.p);

	EACH_ROW(r, a.rows)
		EACH_COLUMN(four, (a.columns + 3) / 4) {
			uint32_t bits[4] = {a.when->step, a.when->micro * (uint32_t)a.rows + (uint32_t)r,
		                            a.op, (uint32_t)four};

			random_four(bits, (uint32_t)a.seed, (uint32_t)(a.seed >> 32));
			for (size_t i = 0; i < 4 && four * 4 + i < a.columns; i++) {
				size_t at = r * a.columns + four * 4 + i;

				a.y[at] = (double)bits[i] < limit ? 0.0f : a.x[at] * scale;
			}
		}
}

void gb_cuda_dropout(const gb_device *device, const struct gb_op_dropout *args)
{
	LAUNCH_PLANE(device, drop, args->rows, (args->columns + 3) / 4, *args);
}

static __global__ void replace_rows(struct gb_op_absent a)
{
	EACH_ROW(r, a.rows)
		EACH_COLUMN(c, a.columns)
			a.y[r * a.columns + c] = a.keep[r] ? a.x[r * a.columns + c] : a.vector[c];
}

void gb_cuda_absent(const gb_device *device, const struct gb_op_absent *args)
{
	LAUNCH_PLANE(device, replace_rows, args->rows, args->columns, *args);
}

/* A thread a column, its rows in order. */
static __global__ void absent_slope(struct gb_op_absent_backward a)
{
	EACH(c, a.columns) {
		float sum = a.dvector[c];

		for (size_t r = 0; r < a.rows; r++) {
			float dy = a.dy[r * a.columns + c];

			a.dx[r * a.columns + c] = a.keep[r] ? dy : 0.0f;
			sum = a.keep[r] ? sum : sum + dy;
		}
		a.dvector[c] = sum;
	}
}

void gb_cuda_absent_backward(const gb_device *device, const struct gb_op_absent_backward *args)
{
	LAUNCH_EACH(device, absent_slope, args->columns, *args);
}
