/* SPDX-License-Identifier: MIT */
/* layer_norm.c: layer normalisation of each row, forward and backward. */
#include <math.h>

#include "tile.h"

#define EPSILON 1e-5f

static void forward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm *args = context;
	size_t n = args->columns;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n;
		float *y = args->y + r * n;
		double sum = 0, squares = 0;
		float mean, rstd;

		for (size_t i = 0; i < n; i++)
			sum += x[i];
		mean = (float)(sum / (double)n);
		for (size_t i = 0; i < n; i++)
			squares += (double)(x[i] - mean) * (double)(x[i] - mean);
		rstd = (float)(1.0 / sqrt(squares / (double)n + (double)EPSILON));
		for (size_t i = 0; i < n; i++)
			y[i] = (x[i] - mean) * rstd * (args->gamma ? args->gamma[i] : 1.0f) + (args->beta ? args->beta[i] : 0.0f);
		args->mean[r] = mean;
		args->rstd[r] = rstd;
	}
}

void gb_cpu_layer_norm(const gb_device *device, const struct gb_op_layer_norm *args)
{
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), forward_span, args);
}

static void backward_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm_backward *args = context;
	size_t n = args->columns;

	for (size_t r = first; r < end; r++) {
		const float *x = args->x + r * n, *dy = args->dy + r * n;
		float *dx = args->dx + r * n, mean = args->mean[r], rstd = args->rstd[r];
		double sum = 0, dot = 0;
		float a, b;

		for (size_t i = 0; i < n; i++) {
			float g = dy[i] * (args->gamma ? args->gamma[i] : 1.0f);

			sum += g;
			dot += (double)g * (double)((x[i] - mean) * rstd);
		}
		a = (float)(sum / (double)n);
		b = (float)(dot / (double)n);
		for (size_t i = 0; i < n; i++)
			dx[i] = rstd * (dy[i] * (args->gamma ? args->gamma[i] : 1.0f) - a - (x[i] - mean) * rstd * b);
	}
}

enum { COLUMNS_PER_TILE = 64 };

static void affine_span(const void *context, size_t first, size_t end)
{
	const struct gb_op_layer_norm_backward *args = context;
	float gamma[COLUMNS_PER_TILE] = {0}, beta[COLUMNS_PER_TILE] = {0};

	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = first; c < end; c++) {
			float dy = args->dy[r * args->columns + c];

			gamma[c - first] += dy * (args->x[r * args->columns + c] - args->mean[r]) * args->rstd[r];
			beta[c - first] += dy;
		}
	for (size_t c = first; c < end; c++) {
		args->dgamma[c] += gamma[c - first];
		args->dbeta[c] += beta[c - first];
	}
}

void gb_cpu_layer_norm_backward(const gb_device *device, const struct gb_op_layer_norm_backward *args)
{
	/* The affine sums read DY, which DX may overwrite. */
	if (args->dgamma)
		gb_spans(device, args->columns, COLUMNS_PER_TILE, affine_span, args);
	gb_spans(device, args->rows, gb_rows_per_tile(args->columns), backward_span, args);
}
