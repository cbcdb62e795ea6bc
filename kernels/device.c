/* SPDX-License-Identifier: MIT */
/* device.c: memory of a device, seen from the host. */
#include "device.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void *gb_device_array(const gb_device *device, size_t count, size_t size, gb_err *err)
{
	size_t bytes;

	if (!gb_size_mul(count, size, &bytes)) {
		gb_fail(err, GB_SYSTEM, "out of memory: %zu × %zu bytes cannot be had", count, size);
		return NULL;
	}
	return device->ops->allocate(device, bytes, err);
}

void gb_device_release(const gb_device *device, void *memory)
{
	if (memory)
		device->ops->release(device, memory);
}

gb_status gb_twin_open(const gb_device *device, gb_twin *twin, size_t count, size_t size, gb_err *err)
{
	*twin = (gb_twin){NULL, gb_device_array(device, count, size, err), count * size};
	twin->here = !twin->there || device->ops->shares_memory ? twin->there : gb_array(count, size, err);
	if (twin->here)
		return GB_OK;
	gb_twin_close(device, twin);
	return GB_SYSTEM;
}

void gb_twin_close(const gb_device *device, gb_twin *twin)
{
	if (twin->here != twin->there)
		free(twin->here);
	gb_device_release(device, twin->there);
	memset(twin, 0, sizeof *twin);
}

void gb_twin_push(const gb_device *device, const gb_twin *twin) { device->ops->upload(device, twin->there, twin->here, twin->bytes); }

gb_status gb_twin_pull(const gb_device *device, const gb_twin *twin, gb_err *err)
{
	return device->ops->download(device, twin->here, twin->there, twin->bytes, err);
}
