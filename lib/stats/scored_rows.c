/* SPDX-License-Identifier: MIT */
#include "stats/scored_rows.h"

#include <math.h>

int64_t gb_scored_rows_in(const gb_scored *scored, double seconds)
{
	return (int64_t)ceil(seconds / scored->step - 1e-9);
}
