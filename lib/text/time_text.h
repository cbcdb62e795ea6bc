/* SPDX-License-Identifier: MIT */
/* time_text.h: times as people write them in tables. */
#ifndef GB_TEXT_TIME_TEXT_H
#define GB_TEXT_TIME_TEXT_H

#include "time/rational.h"

GB_BEGIN_DECLS

typedef enum gb_time_unit { GB_UNIT_GUESS, GB_UNIT_SECONDS, GB_UNIT_MILLISECONDS, GB_UNIT_ROWS } gb_time_unit;

/* "12", "12.5", "1.25e1", "1:02:03.5", "2:03,5" → seconds, exact to the
 * nanosecond, to which they are rounded; "1001/24000" as it is.  False for
 * anything else and for |t| ≥ 1e8 s. */
GB_CHECK bool gb_time_parse(const char *text, gb_time_unit unit, gb_rational *seconds);

GB_END_DECLS
#endif
