/* SPDX-License-Identifier: MIT */
/* batch_norm.c: normalisation of each column over the rows, forward and backward. */
#include <math.h>

#include "tile.h"

#define EPSILON 1e-5

enum { COLUMNS_PER_TILE = 64 };

/* Mean, then variance about it. */
static void measure(const struct gb_op_batch_norm *args, size_t first, size_t end)
{
	double sum[COLUMNS_PER_TILE] = {0}, squares[COLUMNS_PER_TILE] = {0};

	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++)
			sum[c - first] += (double)args->x[r * args->columns + c];
	for (size_t c = first; c < end; c++)
		args->mean[c] = (float)(sum[c - first] / (double)args->rows);
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++) {
			double off = (double)(args->x[r * args->columns + c] - args->mean[c]);

			squares[c - first] += off * off;
		}
	for (size_t c = first; c < end; c++) {
		double variance = squares[c - first] / (double)args->rows;

		args->variance[c] = (float)variance;
		args->rstd[c] = (float)(1 / sqrt(variance + EPSILON));
	}
}

static float normalised(float x, float mean, float rstd, float gamma, float beta)
{
	return (x - mean) * rstd * gamma + beta;
}

static void forward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_batch_norm *args = context;
	float mean[COLUMNS_PER_TILE], rstd[COLUMNS_PER_TILE];

	if (!args->given)
		measure(args, first, end);
	for (size_t c = first; c < end; c++) {
		mean[c - first] = args->given ? args->given[c] : args->mean[c];
		rstd[c - first] = args->given
		                      ? (float)(1 / sqrt((double)args->given[args->columns + c] + EPSILON))
		                      : args->rstd[c];
	}
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++) {
			size_t at = r * args->columns + c;
			float y = normalised(args->x[at], mean[c - first], rstd[c - first], args->gamma[c],
			                     args->beta[c]);

			args->y[at] = args->rectify && y <= 0 ? 0 : y;
		}
}

void gb_cpu_batch_norm(const gb_device *device, const struct gb_op_batch_norm *args)
{
	if (args->rows)
		gb_spans(device, args->columns, COLUMNS_PER_TILE, forward_span, args);
}

/* The gradient that passes the rectifier. */
static float passed(const struct gb_op_batch_norm_backward *args, size_t at, size_t c)
{
	float y = args->rectify
	              ? normalised(args->x[at], args->mean[c], args->rstd[c], args->gamma[c], args->beta[c])
	              : 1;

	return y <= 0 ? 0 : args->dy[at];
}

static void backward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_batch_norm_backward *args = context;
	double sum[COLUMNS_PER_TILE] = {0}, dot[COLUMNS_PER_TILE] = {0}, n = (double)args->rows;

	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++) {
			size_t at = r * args->columns + c;
			double g = (double)passed(args, at, c);

			sum[c - first] += g;
			dot[c - first] += g * (double)((args->x[at] - args->mean[c]) * args->rstd[c]);
		}
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++) {
			size_t at = r * args->columns + c;
			float shift = (float)(sum[c - first] / n), slope = (float)(dot[c - first] / n);

			args->dx[at] = args->gamma[c] * args->rstd[c] *
			               (passed(args, at, c) - shift -
			                (args->x[at] - args->mean[c]) * args->rstd[c] * slope);
		}
	for (size_t c = first; c < end; c++) {
		args->dgamma[c] += (float)dot[c - first];
		args->dbeta[c] += (float)sum[c - first];
	}
}

void gb_cpu_batch_norm_backward(const gb_device *device, const struct gb_op_batch_norm_backward *args)
{
	gb_spans(device, args->columns, COLUMNS_PER_TILE, backward_span, args);
}
