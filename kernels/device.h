/* SPDX-License-Identifier: MIT */
/* device.h: memory of a device, seen from the host. */
#ifndef GB_KERNELS_DEVICE_H
#define GB_KERNELS_DEVICE_H

#include "ops.h"

GB_BEGIN_DECLS

/* COUNT zeroed elements of SIZE bytes on DEVICE; NULL with ERR on overflow or lack of memory. */
GB_CHECK void *gb_device_array(const gb_device *device, size_t count, size_t size, gb_err *err);
void gb_device_release(const gb_device *device, void *memory);

/* Memory with two sides: HERE for the host, THERE for operations; the same
 * block where the device shares memory. */
typedef struct gb_twin { void *here, *there; size_t bytes; } gb_twin;

/* Zeroed.  On failure *TWIN is cleared. */
GB_CHECK gb_status gb_twin_open(const gb_device *device, gb_twin *twin, size_t count, size_t size, gb_err *err);
void gb_twin_close(const gb_device *device, gb_twin *twin); /* accepts a cleared one */
void gb_twin_push(const gb_device *device, const gb_twin *twin);                      /* here → there */
GB_CHECK gb_status gb_twin_pull(const gb_device *device, const gb_twin *twin, gb_err *err); /* there → here */

GB_END_DECLS
#endif
