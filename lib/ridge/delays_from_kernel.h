/* SPDX-License-Identifier: MIT */
/* delays_from_kernel.h: the delays that --brain-kernel names. */
#ifndef GB_RIDGE_DELAYS_FROM_KERNEL_H
#define GB_RIDGE_DELAYS_FROM_KERNEL_H

#include "ridge/delays.h"
#include "time/rational.h"

GB_BEGIN_DECLS

/* KERNEL, for rows of STEP seconds: "fir:A:B", lags of A to B−1 rows; "fir", lags of 0 to 13.5 s; or the
 * name or table of a haemodynamic kernel (fmri/hrf.h).  GB_USAGE for other text. */
GB_CHECK gb_status gb_delays_of_kernel(gb_delays *delays, const char *kernel, gb_rational step, gb_err *err);

GB_END_DECLS
#endif
