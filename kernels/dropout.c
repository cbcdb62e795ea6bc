/* SPDX-License-Identifier: MIT */
/* dropout.c: dropout by a counter, and rows replaced by a learned vector. */
#include "base/rng.h"
#include "tile.h"

static void dropout_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_dropout *args = context;
	uint32_t key[2] = {(uint32_t)args->seed, (uint32_t)(args->seed >> 32)};
	double limit = (double)args->p * 4294967296.0;
	float scale = 1.0f / (1.0f - args->p);
	uint32_t step = args->when->step, first_row = args->when->micro * (uint32_t)args->rows;

	for (size_t r = first; r < end; r++)
		for (size_t c = 0; c < args->columns; c += 4) {
			uint32_t counter[4] = {step, first_row + (uint32_t)r, args->op, (uint32_t)(c / 4)},
				 bits[4];
			size_t n = args->columns - c < 4 ? args->columns - c : 4;
			size_t at = r * args->columns + c;

			gb_philox(counter, key, bits);
			for (size_t i = 0; i < n; i++)
				args->y[at + i] = (double)bits[i] < limit ? 0.0f : args->x[at + i] * scale;
		}
}

void gb_cpu_dropout(const gb_device *device, const struct gb_op_dropout *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns * 4), dropout_span, args);
}

static void absent_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_absent *args = context;

	for (size_t r = first; r < end; r++)
		memcpy(args->y + r * args->columns,
		       args->keep[r] ? args->x + r * args->columns : args->vector,
		       args->columns * sizeof *args->y);
}

void gb_cpu_absent(const gb_device *device, const struct gb_op_absent *args)
{
	if (args->columns)
		gb_spans(device, args->rows, gb_rows_per_tile(args->columns), absent_span, args);
}

void gb_cpu_absent_backward(const gb_device *device, const struct gb_op_absent_backward *args)
{
	size_t n = args->columns;

	(void)device;
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < n; c++) {
			float dy = args->dy[r * n + c];

			args->dx[r * n + c] = args->keep[r] ? dy : 0.0f;
			if (!args->keep[r])
				args->dvector[c] += dy;
		}
}
