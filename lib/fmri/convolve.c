/* SPDX-License-Identifier: MIT */
#include "fmri/convolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/size.h"
#include "fmri/convolve_rows.h"

#define BLOCK 1024 /* columns a tile: the window of rows under the taps stays in the second-level cache */

static void tile(void *context, size_t index, int worker)
{
	static gb_convolve_fn *const loops[] = {gb_convolve_generic, gb_convolve_avx2, gb_convolve_avx512,
	                                      gb_convolve_avx512};
	const gb_convolve_job *job = context;
	size_t c0 = index * BLOCK, c1 = job->columns - c0 < BLOCK ? job->columns : c0 + BLOCK;

	(void)worker;
	loops[gb_cpu_class()](job, c0, c1);
}

gb_status gb_hrf_convolve(const float *in, float *out, size_t rows, size_t columns,
                          const gb_convolve_filter *filter, gb_pool *pool, gb_err *err)
{
	/* No row looks back past row 0, so further taps are history only. */
	size_t near = (size_t)filter->taps < rows ? (size_t)filter->taps : rows, pad = GB_CONVOLVE_ROWS;
	gb_convolve_job job = {.in = in, .out = out, .rows = rows, .columns = columns, .taps = (int)near};
	float *padded, *held;
	double tail = 0;

	if (!rows || !columns)
		return GB_OK;
	if (!(padded = gb_array(2 * near + 2 * pad, sizeof *padded, err)))
		return GB_SYSTEM;
	held = padded + near + 2 * pad;
	for (size_t k = 0; k < near; k++)
		padded[pad + k] = (float)filter->tap[k];
	for (int k = filter->taps - 1; k >= 1; k--) {
		tail += filter->tap[k];
		if ((size_t)k <= near)
			held[k - 1] = (float)tail;
	}
	job.tap = padded + pad;
	job.held = filter->history == GB_HISTORY_HOLD ? held : NULL;
	job.stream = columns % 16 == 0 && (uintptr_t)out % 64 == 0 && rows * columns > (size_t)1 << 20;
	gb_pool_run(pool, (columns + BLOCK - 1) / BLOCK, tile, &job);
	free(padded);
	return GB_OK;
}

gb_status gb_hrf_convolve_clock(const float *in, float *out, const gb_clock *clock, size_t columns,
                                const gb_convolve_filter *filter, gb_pool *pool, gb_err *err)
{
	gb_status status = GB_OK;

	for (int r = 0; r < clock->runs && !status; r++) {
		size_t first = (size_t)gb_clock_first(clock, r) * columns;

		status = gb_hrf_convolve(in + first, out + first, (size_t)clock->run[r].rows, columns, filter,
		                         pool, err);
	}
	return status;
}
