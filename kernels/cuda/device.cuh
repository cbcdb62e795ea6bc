/* SPDX-License-Identifier: MIT */
/* device.cuh (CUDA): the few things that .cu sources write otherwise than CUDA
 * does, so that the emulator can have them too.  See kernels/emu/device.cuh. */
#ifndef GB_CUDA_DEVICE_CUH
#define GB_CUDA_DEVICE_CUH

#include <cmath>
#include <cstdint>
#include <cuda_runtime.h>

#define SHARED(type, name, count) __shared__ type name[count]
#define SHARED_DYNAMIC(type, name) extern __shared__ __align__(16) type name[]
#define LAUNCH_ON(stream, kernel, grid, block, shared, ...)                                                  \
	kernel<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)

#endif
