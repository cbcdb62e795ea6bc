/* SPDX-License-Identifier: MIT */
/* clock_json.h: a clock as the JSON of the profile ("time"). */
#ifndef GB_TENSOR_CLOCK_JSON_H
#define GB_TENSOR_CLOCK_JSON_H

#include "io/json.h"
#include "time/clock.h"

GB_BEGIN_DECLS

/* Released with gb_json_free(); NULL when memory is short. */
gb_json *gb_clock_to_json(const gb_clock *clock);
/* GB_DATA: not such an object, or a clock that cannot be. */
GB_CHECK gb_status gb_clock_from_json(const gb_json *time, gb_clock *clock, gb_err *err);

GB_END_DECLS
#endif
