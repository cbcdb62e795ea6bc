/* SPDX-License-Identifier: MIT */
/* device.c: finding a back end, and memory of a device as the host sees it. */
#include "device.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/plugin.h"
#include "base/size.h"
#include "plugin.h"

static gb_status open_plugin(gb_device *device, const char *name, const char *options, unsigned place,
                             gb_err *err)
{
	const void *symbol;
	const gb_device_plugin_table *plugin;

	if (gb_plugin_open(name, "gb_device_plugin", &symbol, err) != GB_OK)
		return GB_SYSTEM;
	plugin = symbol;
	if (plugin->ops_bytes != sizeof(struct gb_ops))
		return gb_fail(err, GB_SYSTEM, "plug-in %s: of another build: make and install again", name);
	return plugin->open(device, options, place, err);
}

/* Asked of the loader first: the plug-in's libraries are large. */
static gb_status open_cuda(gb_device *device, const char *options, unsigned place, gb_err *err)
{
	void *driver = dlopen("libcuda.so.1", RTLD_LAZY);

	if (!driver)
		return gb_fail(err, GB_SYSTEM,
		               "cuda: this machine has no NVIDIA driver (libcuda.so.1): run where there is "
		               "one, or with --device cpu");
	dlclose(driver);
	return open_plugin(device, "cuda", options, place, err);
}

gb_status gb_device_open(gb_device *device, const char *name, unsigned place, gb_pool *pool, char **why,
                         gb_err *err)
{
	size_t length = strcspn(name, ":");
	const char *options = name[length] ? name + length + 1 : NULL;
	gb_err lacks = {0};

	if (why)
		*why = NULL;
	*device = (gb_device){.pool = pool};
	if (!strcmp(name, "auto")) {
		if (open_cuda(device, NULL, place, &lacks) == GB_OK)
			return GB_OK;
		*device = (gb_device){.ops = gb_ops_cpu(), .pool = pool};
		return !why || (*why = gb_string(lacks.text, err)) ? GB_OK : GB_SYSTEM;
	}
	if (!strcmp(name, "cpu")) {
		device->ops = gb_ops_cpu();
		return GB_OK;
	}
	if (length == 4 && !strncmp(name, "cuda", 4))
		return open_cuda(device, options, place, err);
	if (length == 3 && !strncmp(name, "emu", 3))
		return open_plugin(device, "emu", options, place, err);
	return gb_fail(err, GB_USAGE, "device %s: auto, cpu, cuda or emu is wanted", name);
}

void gb_device_close(gb_device *device)
{
	if (device->ops)
		device->ops->close(device);
}

/* ---- memory ---- */

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

gb_status gb_mirror_open(const gb_device *device, gb_mirror *mirror, size_t count, size_t size, gb_err *err)
{
	*mirror = (gb_mirror){NULL, gb_device_array(device, count, size, err), count * size};
	if (!mirror->device || device->ops->shares_memory)
		mirror->host = mirror->device;
	else
		mirror->host = gb_array(count, size, err);
	if (mirror->host)
		return GB_OK;
	gb_mirror_close(device, mirror);
	return GB_SYSTEM;
}

void gb_mirror_close(const gb_device *device, gb_mirror *mirror)
{
	if (mirror->host != mirror->device)
		free(mirror->host);
	gb_device_release(device, mirror->device);
	memset(mirror, 0, sizeof *mirror);
}

void gb_mirror_upload(const gb_device *device, const gb_mirror *mirror)
{
	device->ops->upload(device, mirror->device, mirror->host, mirror->bytes);
}

gb_status gb_mirror_download(const gb_device *device, const gb_mirror *mirror, gb_err *err)
{
	return device->ops->download(device, mirror->host, mirror->device, mirror->bytes, err);
}
