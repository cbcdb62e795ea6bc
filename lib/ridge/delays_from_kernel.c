/* SPDX-License-Identifier: MIT */
#include "ridge/delays_from_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fmri/hrf.h"

/* "fir" alone: lags up to 13.5 s. */
static const gb_rational reach = {27, 2};

gb_status gb_delays_of_kernel(gb_delays *delays, const char *kernel, gb_rational step, gb_err *err)
{
	int first = 0, end, used = 0;
	gb_rational rows;
	double *taps;
	gb_hrf hrf;
	gb_status status;

	if (strcmp(kernel, "fir") == 0) {
		if (!gb_rational_div(reach, step, &rows) || gb_rational_floor(rows) >= INT32_MAX)
			return gb_fail(err, GB_DATA, "a row of %lld/%lld s is too fine", (long long)step.num,
			               (long long)step.den);
		return gb_delays_fir(delays, 0, (int)gb_rational_floor(rows) + 1, err);
	}
	if (strncmp(kernel, "fir:", 4) == 0) {
		if (sscanf(kernel, "fir:%d:%d%n", &first, &end, &used) != 2 || kernel[used] || first < 0 ||
		    end <= first || end > 4096)
			return gb_fail(err, GB_USAGE,
			               "--brain-kernel %s: fir:A:B wants 0 ≤ A < B ≤ 4096, delays of A to "
			               "B−1 rows",
			               kernel);
		return gb_delays_fir(delays, first, end, err);
	}
	status = gb_hrf_make(&hrf, kernel, step, (gb_rational){1, 2}, err);
	if (status)
		return status;
	taps = gb_array((size_t)(hrf.functions * hrf.taps), sizeof *taps, err);
	for (int f = 0; taps && f < hrf.functions; f++)
		memcpy(taps + f * hrf.taps, hrf.tap[f], (size_t)hrf.taps * sizeof *taps);
	status = taps ? gb_delays_kernels(delays, hrf.functions, hrf.taps, taps, err) : GB_SYSTEM;
	free(taps);
	gb_hrf_clear(&hrf);
	return status;
}
