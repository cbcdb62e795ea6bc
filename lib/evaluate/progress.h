/* SPDX-License-Identifier: MIT */
/* progress.h: reports how much of a long computation is done. */
#ifndef GB_EVALUATE_PROGRESS_H
#define GB_EVALUATE_PROGRESS_H

#include <stdint.h>

/* WHAT: "nested models"; DONE of TOTAL. */
typedef void gb_progress(const char *what, uint64_t done, uint64_t total);

static inline void gb_progress_report(gb_progress *watcher, const char *what, uint64_t done, uint64_t total)
{
	if (watcher)
		watcher(what, done, total);
}

#endif
