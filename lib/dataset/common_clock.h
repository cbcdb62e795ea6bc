/* SPDX-License-Identifier: MIT */
/* common_clock.h: the clock that several tensors share, found by cropping.
 *
 * Runs are joined by name; each is cropped to the interval that all have.
 * Nothing is resampled: other steps, or starts that do not differ by whole
 * rows, are a contradiction. */
#ifndef GB_DATASET_COMMON_CLOCK_H
#define GB_DATASET_COMMON_CLOCK_H

#include "time/clock.h"

GB_BEGIN_DECLS

/* Append the runs of MORE to CLOCK (the same feature, another file).  GB_DATA:
 * another step, a run that both have, or too many runs. */
GB_CHECK gb_status gb_clock_join(gb_clock *clock, const gb_clock *more, gb_err *err);

/* COMMON: the runs that all COUNT clocks have, in the order of the first, each
 * from the latest start to the earliest end.  NAME[i] is for messages.
 * GB_DATA: steps or phases differ, no run in common, or a run without a common row. */
GB_CHECK gb_status gb_clock_common(const gb_clock *const *clock, const char *const *name, size_t count,
                                   gb_clock *common, gb_err *err);

/* The axis-0 row of CLOCK at which RUN of COMMON begins; −1 if CLOCK lacks the run. */
int64_t gb_clock_offset(const gb_clock *common, int run, const gb_clock *clock);

GB_END_DECLS
#endif
