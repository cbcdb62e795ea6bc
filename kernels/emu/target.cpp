/* SPDX-License-Identifier: MIT */
/* target.cpp: the emulated devices: always four, which run their threads in four orders. */
#include "backend.cuh"

const char gb_target_name[] = "emu";

gb_status gb_target_open(gb_device *device, long asked, unsigned place, gb_err *)
{
	int count = 0;

	cudaGetDeviceCount(&count);
	device->number = asked < 0 ? place % (unsigned)count : (unsigned)asked;
	gb_emu_configure(device->pool, device->number);
	return GB_OK;
}
