/* SPDX-License-Identifier: MIT */
/* device.h: opening a device, and its memory as the host sees it. */
#ifndef GB_KERNELS_DEVICE_H
#define GB_KERNELS_DEVICE_H

#include "ops.h"

GB_BEGIN_DECLS

/* NAME is "cpu", or the name of a plug-in and, after colons, its options: "cuda",
 * "cuda:1:tf32", "emu:2:fp32".
 *
 * Products are in bf16 (sums and weights in FP32) unless tf32 or fp32 is named.  The
 * number is that of the device; without one it is PLACE (of this process among those
 * of its machine that share the devices) modulo the number of devices.  A device of emu
 * is an order of its threads: 0 forward, 1 reverse, others random; it counts as four
 * devices.  "auto" is cuda where it can be opened, else cpu, and then *WHY (NULL: not
 * wanted) is a string to free that says why cuda cannot.
 *
 * The plug-in libgb_NAME.so is next to the executable or in ../libexec/giblet.
 * Operations run on POOL (NULL: one thread), which outlives the device.  GB_USAGE for
 * an unknown name, GB_SYSTEM when the machine has no such device. */
GB_CHECK gb_status gb_device_open(gb_device *device, const char *name, unsigned place, gb_pool *pool,
                                  char **why, gb_err *err);
void gb_device_close(gb_device *device); /* accepts a cleared one */

/* COUNT zeroed elements of SIZE bytes on DEVICE; NULL with ERR on overflow or lack of memory. */
GB_CHECK void *gb_device_array(const gb_device *device, size_t count, size_t size, gb_err *err);
void gb_device_release(const gb_device *device, void *memory);

/* A buffer of the host and one of the device, for operations; the same block where
 * the device shares the host's memory. */
typedef struct gb_mirror { void *host, *device; size_t bytes; } gb_mirror;

/* COUNT zeroed elements of SIZE bytes.  On failure *MIRROR is cleared. */
GB_CHECK gb_status gb_mirror_open(const gb_device *device, gb_mirror *mirror, size_t count, size_t size,
                                  gb_err *err);
void gb_mirror_close(const gb_device *device, gb_mirror *mirror); /* accepts a cleared one */
/* host → device */
void gb_mirror_upload(const gb_device *device, const gb_mirror *mirror);
/* device → host */
GB_CHECK gb_status gb_mirror_download(const gb_device *device, const gb_mirror *mirror, gb_err *err);

GB_END_DECLS
#endif
