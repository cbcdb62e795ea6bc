/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "signal/simulate.h"

/* Any directions would do for a simulation; strong ones are worth finding. */
enum { STEPS = 40 };

typedef struct matrix {
	const float *data;
	int64_t rows;
	size_t columns;
	double *mean;
} matrix;

/* SCORE = (X − mean) · direction; then DIRECTION = (X − mean)ᵀ · score. */
static void scores(const matrix *m, const double *direction, double *score)
{
	double offset = 0;

	for (size_t c = 0; c < m->columns; c++)
		offset += m->mean[c] * direction[c];
	for (int64_t r = 0; r < m->rows; r++) {
		double sum = 0;

		for (size_t c = 0; c < m->columns; c++)
			sum += (double)m->data[(size_t)r * m->columns + c] * direction[c];
		score[r] = sum - offset;
	}
}

static void directions(const matrix *m, const double *score, double *direction)
{
	double total = 0;

	memset(direction, 0, m->columns * sizeof *direction);
	for (int64_t r = 0; r < m->rows; r++) {
		total += score[r];
		for (size_t c = 0; c < m->columns; c++)
			direction[c] += score[r] * (double)m->data[(size_t)r * m->columns + c];
	}
	for (size_t c = 0; c < m->columns; c++)
		direction[c] -= total * m->mean[c];
}

/* SCORE without what the COUNT components before it hold, to length 1. */
static bool deflate(double *score, const float *found, int count, int64_t rows)
{
	double length = 0;

	for (int k = 0; k < count; k++) {
		double dot = 0, own = 0;

		for (int64_t r = 0; r < rows; r++) {
			double f = (double)found[(int64_t)k * rows + r];

			dot += f * score[r];
			own += f * f;
		}
		for (int64_t r = 0; r < rows && own > 0; r++)
			score[r] -= dot / own * (double)found[(int64_t)k * rows + r];
	}
	for (int64_t r = 0; r < rows; r++)
		length += score[r] * score[r];
	for (int64_t r = 0; r < rows && length > 0; r++)
		score[r] /= sqrt(length);
	return length > 0;
}

gb_status gb_principal_scores(const float *data, int64_t rows, size_t columns, int components, float *out, gb_err *err)
{
	matrix m = {data, rows, columns, gb_array(columns, sizeof(double), err)};
	double *direction = gb_array(columns, sizeof *direction, err), *score = gb_array((size_t)rows, sizeof *score, err);
	gb_status status = m.mean && direction && score ? GB_OK : GB_SYSTEM;

	for (int64_t r = 0; r < rows && !status; r++)
		for (size_t c = 0; c < columns; c++)
			m.mean[c] += (double)data[(size_t)r * columns + c] / (double)rows;
	for (int k = 0; k < components && !status; k++) {
		gb_rng rng = gb_rng_at(0, (uint32_t)k, 0, 0);
		bool alive = true;

		for (size_t c = 0; c < columns; c++)
			direction[c] = gb_rng_normal(&rng);
		for (int step = 0; step < STEPS && alive; step++) {
			scores(&m, direction, score);
			alive = deflate(score, out, k, rows);
			if (alive)
				directions(&m, score, direction);
		}
		for (int64_t r = 0; r < rows; r++)
			out[(int64_t)k * rows + r] = alive ? (float)score[r] : 0;
	}
	free(m.mean);
	free(direction);
	free(score);
	return status;
}
