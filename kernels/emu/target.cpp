/* SPDX-License-Identifier: MIT */
/* target.cpp: the emulated device: there is always one. */
#include "backend.cuh"

const char gb_target_name[] = "emu";

gb_status gb_target_open(const gb_device *device, unsigned number, gb_err *)
{
	gb_emu_configure(device->pool, number);
	return GB_OK;
}
