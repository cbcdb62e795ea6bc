/* SPDX-License-Identifier: MIT */
/* device.h: opening a device, and its memory as the host sees it. */
#ifndef GB_KERNELS_DEVICE_H
#define GB_KERNELS_DEVICE_H

#include "ops.h"

GB_BEGIN_DECLS

/* NAME is "cpu", or the name of a plug-in and, after a colon, its options:
 * "cuda", "cuda:1:tf32", "emu:2:fp32".  The precision of products is bf16 (with sums
 * and weights in FP32) unless tf32 or fp32 is named; the number is the device, of emu
 * the order of threads (0 forward, 1 reverse, others random), whose devices are four in
 * four such orders.  Without a number it is PLACE (of this process among those of its
 * machine that share the devices) modulo how many there are.  "auto" is cuda where it
 * can be had, else cpu: *WHY (a string to free, may be asked for with NULL) says why
 * not.  The plug-in libgb_NAME.so lies beside the executable or in
 * ../libexec/giblet.  GB_USAGE for a name that is none, GB_SYSTEM when the machine
 * lacks it.  Operations run on POOL (may be NULL), which outlives the device. */
GB_CHECK gb_status gb_device_open(gb_device *device, const char *name, unsigned place, gb_pool *pool,
                                  char **why, gb_err *err);
void gb_device_close(gb_device *device); /* accepts a cleared one */

/* COUNT zeroed elements of SIZE bytes on DEVICE; NULL with ERR on overflow or lack of memory. */
GB_CHECK void *gb_device_array(const gb_device *device, size_t count, size_t size, gb_err *err);
void gb_device_release(const gb_device *device, void *memory);

/* Memory with two sides: HERE for the host, THERE for operations; the same
 * block where the device shares memory. */
typedef struct gb_mirror { void *host, *device; size_t bytes; } gb_mirror;

/* Zeroed.  On failure *TWIN is cleared. */
GB_CHECK gb_status gb_mirror_open(const gb_device *device, gb_mirror *twin, size_t count, size_t size,
                                  gb_err *err);
void gb_mirror_close(const gb_device *device, gb_mirror *twin); /* accepts a cleared one */
/* host → device */
void gb_mirror_upload(const gb_device *device, const gb_mirror *twin);
/* device → host */
GB_CHECK gb_status gb_mirror_download(const gb_device *device, const gb_mirror *twin, gb_err *err);

GB_END_DECLS
#endif
