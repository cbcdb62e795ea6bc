/* SPDX-License-Identifier: MIT */
/* elementwise.cu: sums, copies, scaling by column, and sums over rows. */
#include "kernel.cuh"

static __global__ void add_scaled(struct gb_op_add a)
{
	EACH(i, a.n)
		a.y[i] = a.beta == 0.0f ? a.alpha * a.x[i] : a.alpha * a.x[i] + a.beta * a.y[i];
}

void gb_cuda_add(const gb_device *device, const struct gb_op_add *args)
{
	LAUNCH_EACH(device, add_scaled, args->n, *args);
}

static __global__ void scale_columns(struct gb_op_affine a)
{
	EACH_ROW(r, a.rows)
		EACH_COLUMN(c, a.columns)
		a.y[r * a.columns + c] = a.x[r * a.columns + c] * a.scale[c] +
	                                 (a.offset ? a.offset[c] : 0.0f);
}

void gb_cuda_affine(const gb_device *device, const struct gb_op_affine *args)
{
	LAUNCH_PLANE(device, scale_columns, args->rows, args->columns, *args);
}

static __global__ void block_of_columns(struct gb_op_copy_columns a)
{
	EACH_ROW(r, a.rows)
		EACH_COLUMN(c, a.columns) {
			float x = a.x[r * a.x_stride + c];

			a.y[r * a.y_stride + c] = a.accumulate ? a.y[r * a.y_stride + c] + x : x;
		}
}

void gb_cuda_copy_columns(const gb_device *device, const struct gb_op_copy_columns *args)
{
	LAUNCH_PLANE(device, block_of_columns, args->rows, args->columns, *args);
}

/* Y: one row a group, of count·columns numbers. */
static __global__ void rows_of_groups(struct gb_op_copy_rows a)
{
	EACH_ROW(g, a.groups)
		EACH_COLUMN(c, a.count * a.columns) {
			float x = a.x[(g * a.x_rows + a.from) * a.columns + c],
			      *y = a.y + (g * a.y_rows + a.to) * a.columns + c;

			*y = a.accumulate ? *y + x : x;
		}
}

void gb_cuda_copy_rows(const gb_device *device, const struct gb_op_copy_rows *args)
{
	LAUNCH_PLANE(device, rows_of_groups, args->groups, args->count * args->columns, *args);
}

/* ---- sums over rows: of ROWS_PER_PART rows each, then over the parts in order ---- */

enum { ROWS_PER_PART = 64 };

static __global__ void part_sums(struct gb_op_column_sum a, float *part)
{
	EACH_ROW(p, (a.rows + ROWS_PER_PART - 1) / ROWS_PER_PART)
		EACH_COLUMN(c, a.columns) {
			size_t first = p * ROWS_PER_PART,
			       end = first + ROWS_PER_PART < a.rows ? first + ROWS_PER_PART : a.rows;
			float sum = 0;

			for (size_t r = first; r < end; r++)
				sum += a.x[r * a.columns + c];
			part[p * a.columns + c] = sum;
		}
}

static __global__ void add_parts(struct gb_op_column_sum a, const float *part)
{
	EACH(c, a.columns) {
		float sum = a.out[c];

		for (size_t p = 0; p < (a.rows + ROWS_PER_PART - 1) / ROWS_PER_PART; p++)
			sum += part[p * a.columns + c];
		a.out[c] = sum;
	}
}

void gb_cuda_column_sum(const gb_device *device, const struct gb_op_column_sum *args)
{
	size_t parts = (args->rows + ROWS_PER_PART - 1) / ROWS_PER_PART;
	float *part = (float *)gb_scratch(device, GB_SCRATCH_SUMS, parts * args->columns * sizeof(float));

	if (!part || !args->rows)
		return;
	LAUNCH_PLANE(device, part_sums, parts, args->columns, *args, part);
	LAUNCH_EACH(device, add_parts, args->columns, *args, part);
}

static __global__ void add_moments(struct gb_op_moments a)
{
	EACH(c, a.columns) {
		double sum = a.sum[c], squares = a.squares[c];

		for (size_t r = 0; r < a.rows; r++) {
			double x = a.x[r * a.columns + c];

			sum += a.weight[r] == 0.0f ? 0.0 : x;
			squares += a.weight[r] == 0.0f ? 0.0 : x * x;
		}
		a.sum[c] = sum;
		a.squares[c] = squares;
	}
}

void gb_cuda_moments(const gb_device *device, const struct gb_op_moments *args)
{
	LAUNCH_EACH(device, add_moments, args->columns, *args);
}
