/* SPDX-License-Identifier: MIT */
/* target.cu: finding an NVIDIA device. */
#include "backend.cuh"

const char gb_target_name[] = "cuda";

gb_status gb_target_open(const gb_device *device, unsigned number, gb_err *err)
{
	int count = 0;
	cudaError_t error = cudaGetDeviceCount(&count);

	(void)device;
	if (error != cudaSuccess)
		return gb_fail(err, GB_SYSTEM, "cuda: no device can be used (%s): run where there is one, or take --device cpu", cudaGetErrorString(error));
	if (number >= (unsigned)count)
		return gb_fail(err, GB_SYSTEM, "cuda:%u: this machine has %d device%s, counted from 0", number, count, count == 1 ? "" : "s");
	error = cudaSetDevice((int)number);
	if (error != cudaSuccess)
		return gb_fail(err, GB_SYSTEM, "cuda:%u: %s", number, cudaGetErrorString(error));
	return GB_OK;
}
