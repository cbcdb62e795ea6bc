/* SPDX-License-Identifier: MIT */
/* elementwise.c: sums, copies, column sums and moments. */
#include "loops.h"
#include "tile.h"

enum { PER_TILE = 16384, COLUMNS_PER_TILE = 256, ROWS_PER_BLOCK = 64 };

static void add_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_add *args = context;

	gb_loops_here()->add(end - first, args->alpha, args->x + first, args->beta, args->y + first);
}

void gb_cpu_add(const gb_device *device, const struct gb_op_add *args)
{
	gb_spans(device, args->n, PER_TILE, add_span, args);
}

static void affine_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_affine *args = context;

	for (size_t r = first; r < end; r++)
		for (size_t c = 0; c < args->columns; c++)
			args->y[r * args->columns + c] = args->x[r * args->columns + c] * args->scale[c] +
			                                 (args->offset ? args->offset[c] : 0.0f);
}

void gb_cpu_affine(const gb_device *device, const struct gb_op_affine *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), affine_span, args);
}

static void copy_row(const float *x, float *y, size_t columns, bool accumulate)
{
	if (!accumulate)
		memcpy(y, x, columns * sizeof *y);
	else
		gb_loops_here()->add(columns, 1.0f, x, 1.0f, y);
}

static void columns_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_copy_columns *args = context;

	for (size_t r = first; r < end; r++)
		copy_row(args->x + r * args->x_stride, args->y + r * args->y_stride, args->columns,
		         args->accumulate);
}

void gb_cpu_copy_columns(const gb_device *device, const struct gb_op_copy_columns *args)
{
	if (args->columns)
		gb_spans(device, args->rows, gb_rows_per_tile(args->columns), columns_span, args);
}

static void rows_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_copy_rows *args = context;

	for (size_t g = first; g < end; g++)
		copy_row(args->x + (g * args->x_rows + args->from) * args->columns,
		         args->y + (g * args->y_rows + args->to) * args->columns, args->count * args->columns,
		         args->accumulate);
}

void gb_cpu_copy_rows(const gb_device *device, const struct gb_op_copy_rows *args)
{
	if (args->count && args->columns)
		gb_spans(device, args->groups, 1, rows_span, args);
}

static void column_sum_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_column_sum *args = context;
	float sum[COLUMNS_PER_TILE];

	for (size_t row = 0; row < args->rows; row += ROWS_PER_BLOCK) {
		size_t stop = args->rows - row < ROWS_PER_BLOCK ? args->rows : row + ROWS_PER_BLOCK;

		memset(sum, 0, sizeof sum);
		for (size_t r = row; r < stop; r++)
			gb_loops_here()->add(end - first, 1.0f, args->x + r * args->columns + first, 1.0f,
			                     sum);
		gb_loops_here()->add(end - first, 1.0f, sum, 1.0f, args->out + first);
	}
}

void gb_cpu_column_sum(const gb_device *device, const struct gb_op_column_sum *args)
{
	gb_spans(device, args->columns, COLUMNS_PER_TILE, column_sum_span, args);
}

static void moments_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_moments *args = context;

	for (size_t r = 0; r < args->rows; r++) {
		const float *x = args->x + r * args->columns;

		if (args->weight[r] == 0.0f)
			continue;
		for (size_t c = first; c < end; c++) {
			args->sum[c] += (double)x[c];
			args->squares[c] += (double)x[c] * (double)x[c];
		}
	}
}

void gb_cpu_moments(const gb_device *device, const struct gb_op_moments *args)
{
	gb_spans(device, args->columns, COLUMNS_PER_TILE, moments_span, args);
}
