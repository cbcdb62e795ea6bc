/* SPDX-License-Identifier: MIT */
/* target.cu: finding an NVIDIA device. */
#include "backend.cuh"

const char gb_target_name[] = "cuda";

gb_status gb_target_open(gb_device *device, long asked, unsigned place, gb_err *err)
{
	int count = 0;
	cudaError_t error = cudaGetDeviceCount(&count);

	if (error != cudaSuccess)
		return gb_fail(err, GB_SYSTEM,
		               "cuda: no device can be used (%s): run where there is one, or take --device "
		               "cpu",
		               cudaGetErrorString(error));
	if (count < 1 || asked >= count)
		return gb_fail(err, GB_SYSTEM, "cuda:%ld: this machine has %d device%s, counted from 0",
		               asked < 0 ? 0 : asked, count, count == 1 ? "" : "s");
	device->number = asked < 0 ? place % (unsigned)count : (unsigned)asked;
	error = cudaSetDevice((int)device->number);
	if (error != cudaSuccess)
		return gb_fail(err, GB_SYSTEM, "cuda:%u: %s", device->number, cudaGetErrorString(error));
	return GB_OK;
}
