/* SPDX-License-Identifier: MIT */
/* activation.cu: activations that are no epilogue of matmul, and derivatives. */
#include "kernel.cuh"

static __global__ void gelu_slope(struct gb_op_gelu_backward a)
{
	EACH(i, a.n)
		a.dx[i] = a.dy[i] * gb_gelu_slope_of(a.pre[i]);
}

void gb_cuda_gelu_backward(const gb_device *device, const struct gb_op_gelu_backward *args)
{
	LAUNCH_EACH(device, gelu_slope, args->n, *args);
}

static __global__ void offset_sigmoid(struct gb_op_sigmoid a)
{
	EACH(i, a.n)
		a.y[i] = gb_sigmoid_of(a.x[i] + a.offset[i % a.period]);
}

void gb_cuda_sigmoid(const gb_device *device, const struct gb_op_sigmoid *args)
{
	LAUNCH_EACH(device, offset_sigmoid, args->n, *args);
}

static __global__ void sigmoid_slope(struct gb_op_sigmoid_backward a)
{
	EACH(i, a.n)
		a.dx[i] = a.dy[i] * a.y[i] * (1.0f - a.y[i]);
}

void gb_cuda_sigmoid_backward(const gb_device *device, const struct gb_op_sigmoid_backward *args)
{
	LAUNCH_EACH(device, sigmoid_slope, args->n, *args);
}
