/* SPDX-License-Identifier: MIT */
/* prefetch.h: the next micro-batch is filled by a thread of its own while
 * the present one is computed with.
 *
 * What is filled depends on the windows and options alone, so its bits are
 * those of gb_loader_fill_batch. */
#ifndef GB_LOADER_PREFETCH_H
#define GB_LOADER_PREFETCH_H

#include "loader/loader.h"

GB_BEGIN_DECLS

typedef struct gb_prefetch gb_prefetch;

/* FEED (fitted to NET) and NET stay the caller's; both must stay as they are in memory. */
GB_CHECK gb_status gb_prefetch_open(gb_prefetch **ahead, gb_loader *loader, gb_network *net, gb_err *err);
void gb_prefetch_close(gb_prefetch *prefetch); /* accepts NULL */

/* Begin to fill a batch of WINDOWS (copied; GROUPS of them), to be taken later.
 * Until then only gb_prefetch_acquire may be called. */
void gb_prefetch_request(gb_prefetch *prefetch, const gb_window *windows, const gb_loader_options *options);
/* The filled batch becomes NET's and is sent; FEED's scored rows are its rows.
 * Waits where it is not filled yet: *WAITED (seconds) grows.  False when the
 * batch asked for is not that of STEP and MICRO, or none was: fill it yourself. */
bool gb_prefetch_acquire(gb_prefetch *prefetch, uint32_t step, uint32_t micro, double *waited);

GB_END_DECLS
#endif
