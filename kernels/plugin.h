/* SPDX-License-Identifier: MIT */
/* plugin.h: what a back end in libgb_NAME.so exports as gb_device_plugin. */
#ifndef GB_KERNELS_PLUGIN_H
#define GB_KERNELS_PLUGIN_H

#include "ops.h"

GB_BEGIN_DECLS

typedef struct gb_device_plugin_table {
	size_t ops_bytes; /* sizeof(struct gb_ops) of its build: another one does not fit */
	/* Fills ops, state and number of DEVICE, whose pool is set.  OPTIONS: what stood after the name, or
	 * NULL; PLACE as gb_device_open has it. */
	gb_status (*open)(gb_device *device, const char *options, unsigned place, gb_err *err);
} gb_device_plugin_table;

extern __attribute__((visibility("default"))) const gb_device_plugin_table gb_device_plugin;

GB_END_DECLS
#endif
