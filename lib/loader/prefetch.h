/* SPDX-License-Identifier: MIT */
/* prefetch.h: the next micro-batch is filled by a thread of its own while
 * the present one is computed with.
 *
 * What is filled depends on the windows and options alone, so its bits are
 * those of gb_feed_fill. */
#ifndef GB_LOADER_PREFETCH_H
#define GB_LOADER_PREFETCH_H

#include "loader/loader.h"

GB_BEGIN_DECLS

typedef struct gb_ahead gb_ahead;

/* FEED (fitted to NET) and NET stay the caller's; both must stay as they are in memory. */
GB_CHECK gb_status gb_ahead_open(gb_ahead **ahead, gb_feed *feed, gb_network *net, gb_err *err);
void gb_ahead_close(gb_ahead *ahead); /* accepts NULL */

/* Begin to fill a batch of WINDOWS (copied; GROUPS of them), to be taken later.
 * Until then only gb_ahead_take may be called. */
void gb_ahead_ask(gb_ahead *ahead, const gb_window *windows, const gb_feed_options *options);
/* The filled batch becomes NET's and is sent; FEED's scored rows are its rows.
 * Waits where it is not filled yet: *WAITED (seconds) grows.  False when the
 * batch asked for is not that of STEP and MICRO, or none was: fill it yourself. */
bool gb_ahead_take(gb_ahead *ahead, uint32_t step, uint32_t micro, double *waited);

GB_END_DECLS
#endif
