/* SPDX-License-Identifier: MIT */
/* kernel.cuh: what the .cu sources share.  They include nothing else; device.cuh
 * is kernels/cuda's under nvcc and kernels/emu's under g++.
 *
 * Results may not depend on how many multiprocessors there are: a sum is cut
 * by the problem's sizes, grids only where an element is its own result.  No
 * inline PTX, no tensor cores outside gemm.cuh, no atomics on floats, no
 * waiting of a block for another. */
#ifndef GB_KERNELS_KERNEL_CUH
#define GB_KERNELS_KERNEL_CUH

#include "device.cuh"
#include "ops.h"

/* ---- launching: a stream and scratch memory of the device ---- */

cudaStream_t gb_stream(const gb_device *device);
void gb_launched(const gb_device *device, const char *kernel); /* keeps the first failure */
unsigned gb_bootstrap_most_blocks(const gb_device *device);              /* that are worth having at once */
/* At least BYTES, the same block until more is asked for; NULL after a failure.
 * Slots do not overlap.  Its content is good until the next use of the slot. */
enum gb_scratch_slot { GB_SCRATCH_SUMS, GB_SCRATCH_A, GB_SCRATCH_B, GB_SCRATCH_SLOTS };
void *gb_scratch(const gb_device *device, enum gb_scratch_slot slot, size_t bytes);

/* The weights of a network may have a copy in BF16 beside them (gb_ops.keep_weights).
 * To read, for those from X on: NULL when X is no weight.  To write, for all N at W:
 * NULL when there is no copy of just these. */
const uint16_t *gb_shadow_to_read(const gb_device *device, const float *x);
uint16_t *gb_shadow_to_write(const gb_device *device, const float *w, size_t n);

#define LAUNCH(device, kernel, grid, block, shared, ...)                                                     \
	do {                                                                                                 \
		LAUNCH_ON(gb_stream(device), kernel, grid, block, shared, __VA_ARGS__);                      \
		gb_launched(device, #kernel);                                                                \
	} while (0)

/* ---- elements: each thread takes every so many-th ---- */

enum { BLOCK = 256 };

#define EACH(i, count)                                                                                       \
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < (count);                          \
	     i += (size_t)gridDim.x * blockDim.x)

static inline unsigned gb_grid(const gb_device *device, size_t items, size_t per_block)
{
	size_t blocks = (items + per_block - 1) / per_block, most = gb_bootstrap_most_blocks(device);

	return (unsigned)(blocks < most ? blocks : most);
}

/* KERNEL(args), a thread an element of COUNT. */
#define LAUNCH_EACH(device, kernel, count, ...)                                                              \
	do {                                                                                                 \
		if ((count) > 0)                                                                             \
			LAUNCH(device, kernel, gb_grid(device, count, BLOCK), BLOCK, 0, __VA_ARGS__);        \
	} while (0)

/* Matrices: x runs over columns, y over rows, without a division. */
#define EACH_ROW(r, rows)                                                                                    \
	for (size_t r = blockIdx.y * (size_t)blockDim.y + threadIdx.y; r < (rows);                           \
	     r += (size_t)gridDim.y * blockDim.y)
#define EACH_COLUMN(c, columns) EACH(c, columns)

static inline dim3 gb_plane_block(size_t columns)
{
	unsigned x = 32;

	while (x < BLOCK && x < columns)
		x *= 2;
	return dim3(x, BLOCK / x);
}

static inline dim3 gb_plane_grid(const gb_device *device, size_t rows, size_t columns)
{
	dim3 block = gb_plane_block(columns);
	unsigned x = gb_grid(device, columns, block.x), y = gb_grid(device, rows, block.y);

	return dim3(x, y < 65535 ? y : 65535);
}

#define LAUNCH_PLANE(device, kernel, rows, columns, ...)                                                     \
	do {                                                                                                 \
		if ((rows) > 0 && (columns) > 0)                                                             \
			LAUNCH(device, kernel, gb_plane_grid(device, rows, columns),                         \
			       gb_plane_block(columns), 0, __VA_ARGS__);                                     \
	} while (0)

/* KERNEL(args), a block a row, which loops over rows by gridDim.x: a warp where
 * rows are short, so that nothing waits at a barrier, else BLOCK threads. */
static inline unsigned gb_row_block(size_t columns) { return columns <= 1024 ? 32 : (unsigned)BLOCK; }

#define LAUNCH_ROWS(device, kernel, rows, columns, ...)                                                      \
	do {                                                                                                 \
		if ((rows) > 0)                                                                              \
			LAUNCH(device, kernel, gb_grid(device, rows, 1), gb_row_block(columns), 0,           \
			       __VA_ARGS__);                                                                 \
	} while (0)

/* ---- sums and largest values over a block of whole warps, in a fixed tree; every thread gets them ---- */

#define ALL_LANES 0xffffffffu

static __device__ __forceinline__ double gb_warp_sum(double x)
{
	for (int by = 16; by > 0; by /= 2)
		x += __shfl_xor_sync(ALL_LANES, x, by);
	return x;
}

static __device__ __forceinline__ float gb_warp_max(float x)
{
	for (int by = 16; by > 0; by /= 2)
		x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, by));
	return x;
}

/* ROOM: BLOCK/32 numbers of shared memory, free again on return. */
static __device__ __forceinline__ double gb_block_sum(double x, double *room)
{
	double sum = 0;

	x = gb_warp_sum(x);
	if (blockDim.x == 32)
		return x;
	if (threadIdx.x % 32 == 0)
		room[threadIdx.x / 32] = x;
	__syncthreads();
	for (unsigned i = 0; i < blockDim.x / 32; i++)
		sum += room[i];
	__syncthreads();
	return sum;
}

static __device__ __forceinline__ float gb_block_max(float x, float *room)
{
	x = gb_warp_max(x);
	if (blockDim.x == 32)
		return x;
	if (threadIdx.x % 32 == 0)
		room[threadIdx.x / 32] = x;
	__syncthreads();
	for (unsigned i = 0; i < blockDim.x / 32; i++)
		x = fmaxf(x, room[i]);
	__syncthreads();
	return x;
}

/* ---- functions of one number ---- */

static __device__ __forceinline__ float gb_sigmoid_of(float x) { return 1.0f / (1.0f + expf(-x)); }

static __device__ __forceinline__ float gb_gelu_of(float x)
{
	return x * gb_sigmoid_of(1.5957691216f * (x + 0.044715f * x * x * x));
}

static __device__ __forceinline__ float gb_gelu_slope_of(float x)
{
	float s = gb_sigmoid_of(1.5957691216f * (x + 0.044715f * x * x * x));

	return s + x * s * (1.0f - s) * 1.5957691216f * (1.0f + 0.134145f * x * x);
}

/* To nearest, ties to even; NaN stays NaN. */
static __device__ __forceinline__ uint16_t gb_bfloat_of(float x)
{
	uint32_t bits = (uint32_t)__float_as_int(x);

	return (uint16_t)(x != x ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif
