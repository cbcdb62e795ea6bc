/* SPDX-License-Identifier: MIT */
#include "linalg/principal_components.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

#define LANES 16
#define SPARE 8        /* extra vectors, iterated so that the wanted ones converge first */
#define ROUNDS_MAX 200

/* ---- X Xᵀ ---- */

typedef struct gram_job { double *gram; const float *x; size_t rows, columns; } gram_job;

static double dot_float(const float *a, const float *b, size_t n)
{
	double sum = 0;

	for (size_t at = 0; at < n; at += 1024) { /* partial sums are in float, their total in double */
		size_t end = n - at < 1024 ? n : at + 1024, i = at;
		float lane[LANES] = {0}, part = 0;

		for (; i + LANES <= end; i += LANES)
			for (size_t l = 0; l < LANES; l++)
				lane[l] += a[i + l] * b[i + l];
		for (; i < end; i++)
			part += a[i] * b[i];
		for (size_t l = 0; l < LANES; l++)
			part += lane[l];
		sum += (double)part;
	}
	return sum;
}

static void gram_row(void *context, size_t i, int worker)
{
	const gram_job *g = context;

	(void)worker;
	for (size_t j = 0; j <= i; j++)
		g->gram[i * g->rows + j] += dot_float(g->x + i * g->columns, g->x + j * g->columns,
		                                      g->columns);
}

void gb_gram_add(double *gram, const float *x, size_t rows, size_t columns, gb_pool *pool)
{
	gram_job job = {gram, x, rows, columns};

	gb_pool_run(pool, rows, gram_row, &job);
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < i; j++)
			gram[j * rows + i] = gram[i * rows + j];
}

/* ---- subspace iteration ---- */

static double dot(const double *a, const double *b, size_t n)
{
	double lane[8] = {0}, sum = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8)
		for (size_t l = 0; l < 8; l++)
			lane[l] += a[i + l] * b[i + l];
	for (; i < n; i++)
		sum += a[i] * b[i];
	for (size_t l = 0; l < 8; l++)
		sum += lane[l];
	return sum;
}

typedef struct product { const double *gram, *in; double *out; size_t rows, k; } product;

static void product_tile(void *context, size_t v, int worker)
{
	const product *p = context;

	(void)worker;
	for (size_t i = 0; i < p->rows; i++)
		p->out[v * p->rows + i] = dot(p->gram + i * p->rows, p->in + v * p->rows, p->rows);
}

/* Gram–Schmidt, applied twice; a vector that vanishes is replaced by noise and tried again. */
static void orthonormalise(double *v, size_t rows, size_t k, gb_rng *rng)
{
	for (size_t j = 0; j < k; j++) {
		double *x = v + j * rows, norm;

		for (int attempt = 0; attempt < 3; attempt++) {
			double before = dot(x, x, rows);

			for (int pass = 0; pass < 2; pass++)
				for (size_t g = 0; g < j; g++) {
					double share = dot(x, v + g * rows, rows);

					for (size_t i = 0; i < rows; i++)
						x[i] -= share * v[g * rows + i];
				}
			norm = sqrt(dot(x, x, rows));
			if (norm > 1e-14 * sqrt(before) && norm > 0)
				break;
			for (size_t i = 0; i < rows; i++)
				x[i] = gb_rng_normal(rng);
		}
		for (size_t i = 0; i < rows; i++)
			x[i] /= norm > 0 ? norm : 1;
	}
}

/* Eigenvectors of the small symmetric A [k, k] by Jacobi rotations: A becomes
 * diagonal, columns of R [k, k] the vectors. */
static void jacobi(double *a, double *r, size_t k)
{
	for (size_t i = 0; i < k * k; i++)
		r[i] = i / k == i % k;
	for (int sweep = 0; sweep < 30; sweep++) {
		double off = 0, on = 0;

		for (size_t p = 0; p < k; p++)
			for (size_t q = 0; q < k; q++)
				*(p == q ? &on : &off) += a[p * k + q] * a[p * k + q];
		if (off <= 1e-28 * on)
			return;
		for (size_t p = 0; p < k; p++)
			for (size_t q = p + 1; q < k; q++) {
				double theta, t, c, s;

				if (a[p * k + q] == 0)
					continue;
				theta = (a[q * k + q] - a[p * k + p]) / (2 * a[p * k + q]);
				t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
				c = 1 / sqrt(t * t + 1);
				s = t * c;
				for (size_t i = 0; i < k; i++) {
					double x = a[i * k + p], y = a[i * k + q];

					a[i * k + p] = c * x - s * y;
					a[i * k + q] = s * x + c * y;
				}
				for (size_t i = 0; i < k; i++) {
					double x = a[p * k + i], y = a[q * k + i];

					a[p * k + i] = c * x - s * y;
					a[q * k + i] = s * x + c * y;
					x = r[i * k + p];
					y = r[i * k + q];
					r[i * k + p] = c * x - s * y;
					r[i * k + q] = s * x + c * y;
				}
			}
	}
}

/* Turn V (orthonormal) so that it diagonalises the Gram matrix; W = Gram · V. */
static void rotate(double *v, double *w, size_t rows, size_t k, double *small, double *turn, double *value,
                   size_t *order)
{
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			small[i * k + j] = j < i ? small[j * k + i] : dot(v + i * rows, w + j * rows, rows);
	jacobi(small, turn, k);
	for (size_t i = 0; i < k; i++)
		order[i] = i;
	for (size_t i = 1; i < k; i++) /* descending */
		for (size_t j = i; j > 0 && small[order[j] * (k + 1)] > small[order[j - 1] * (k + 1)]; j--) {
			size_t swap = order[j];

			order[j] = order[j - 1];
			order[j - 1] = swap;
		}
	memset(w, 0, rows * k * sizeof *w);
	for (size_t j = 0; j < k; j++) {
		value[j] = small[order[j] * (k + 1)];
		for (size_t i = 0; i < k; i++) {
			double c = turn[i * k + order[j]];

			for (size_t r = 0; r < rows; r++)
				w[j * rows + r] += c * v[i * rows + r];
		}
	}
	memcpy(v, w, rows * k * sizeof *w);
}

gb_status gb_components(const double *gram, size_t rows, size_t k, double *vector, double *value,
                        gb_pool *pool, gb_err *err)
{
	size_t all = k + SPARE < rows ? k + SPARE : rows;
	double *v = gb_array(all * rows, sizeof *v, err), *w = gb_array(all * rows, sizeof *w, err);
	double *small = gb_array(3 * all * all + 3 * all, sizeof *small, err),
	       *turn = small ? small + all * all : NULL;
	double *found = small ? turn + all * all : NULL, *last = small ? found + all : NULL;
	size_t *order = gb_array(all, sizeof *order, err);
	gb_rng rng = gb_rng_at(1, 0, 0, 0);
	gb_status status = v && w && small && order ? GB_OK : GB_SYSTEM;

	for (size_t i = 0; !status && i < all * rows; i++)
		v[i] = gb_rng_normal(&rng);
	for (int round = 0; round < ROUNDS_MAX && !status; round++) {
		product p = {gram, v, w, rows, all};
		double change = 0;

		orthonormalise(v, rows, all, &rng);
		gb_pool_run(pool, all, product_tile, &p);
		if (round % 5 == 4) {
			rotate(v, w, rows, all, small, turn, found, order);
			for (size_t j = 0; j < k; j++) {
				change = fmax(change, fabs(found[j] - last[j]));
				last[j] = found[j];
			}
			if (change <= 1e-9 * fabs(found[0]))
				break;
			gb_pool_run(pool, all, product_tile, &p);
		}
		memcpy(v, w, all * rows * sizeof *v);
	}
	if (!status) {
		memcpy(vector, v, k * rows * sizeof *v);
		memcpy(value, found, k * sizeof *value);
	}
	free(v);
	free(w);
	free(small);
	free(order);
	return status;
}
