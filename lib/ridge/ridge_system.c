/* SPDX-License-Identifier: MIT */
#include "ridge/ridge_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"

/* One band's unscaled kernel on the train rows. */
static gb_status band_kernel(const gb_ridge_system *s, size_t b, const int32_t *table, gb_pool *pool,
                             double *kernel, gb_err *err)
{
	gb_delayed_rows rows = {table, s->n};
	const gb_ridge_problem *p = s->problem;
	size_t have = p->have.count, cells;
	double *gram;
	gb_status status;

	if (!gb_size_mul(have, have, &cells))
		return gb_fail(err, GB_SYSTEM, "ridge: %zu rows are too many", have);
	gram = gb_array(cells, sizeof *gram, err);
	if (!gram)
		return GB_SYSTEM;
	status = gb_matrix_gram(pool, p->band[b].x, have, p->band[b].width, p->band[b].width, gram, false,
	                        err);
	if (!status)
		status = gb_delays_kernel(p->delays, pool, gram, have, rows, rows, kernel, err);
	free(gram);
	return status;
}

static gb_status band_design(gb_ridge_system *s, size_t b, const int32_t *table, gb_err *err)
{
	const gb_ridge_problem *p = s->problem;
	size_t cells = s->n * s->columns[b];
	float *x = gb_array(cells, sizeof *x, err);

	s->band_design[b] = x ? gb_array(cells, sizeof(double), err) : NULL;
	if (!s->band_design[b]) {
		free(x);
		return GB_SYSTEM;
	}
	gb_delays_design(p->delays, table, s->n, p->band[b].x, p->band[b].width, x);
	for (size_t i = 0; i < cells; i++)
		s->band_design[b][i] = (double)x[i];
	free(x);
	return GB_OK;
}

static gb_status add_scale(gb_ridge_system *s, size_t b, double sum, gb_err *err)
{
	s->scale[b] = sum / (double)s->n;
	if (!isfinite(s->scale[b]))
		return gb_fail(err, GB_DATA, "ridge: band %zu holds NaN, Inf or values beyond float", b);
	if (!(s->scale[b] > 0))
		return gb_fail(err, GB_DATA, "ridge: band %zu is constant on the train rows: leave it out",
		               b);
	return GB_OK;
}

static gb_status make_dual(gb_ridge_system *s, const int32_t *table, gb_pool *pool, gb_err *err)
{
	size_t n = s->n;

	s->kernel = gb_array(s->problem->bands, sizeof *s->kernel, err);
	if (!s->kernel)
		return GB_SYSTEM;
	for (size_t b = 0; b < s->problem->bands; b++) {
		double sum = 0, *k = s->kernel[b] = gb_array(n * n, sizeof *k, err);
		gb_status status = k ? band_kernel(s, b, table, pool, k, err) : GB_SYSTEM;

		if (status)
			return status;
		for (size_t i = 0; i < n; i++)
			sum += k[i * n + i];
		if (add_scale(s, b, sum, err))
			return err ? err->status : GB_DATA;
		for (size_t i = 0; i < n * n; i++)
			k[i] /= s->scale[b];
	}
	return GB_OK;
}

static void gram_of_rows(const gb_ridge_system *s, size_t first, size_t end, double *g)
{
	size_t q = s->order;

	gb_matrix_product_one((gb_product_size){q, q, end - first},
	                      (gb_operand_double){s->design + first * q, q, GB_TRANSPOSED},
	                      (gb_operand_double){s->design + first * q, q, GB_AS_STORED}, g, q, false);
}

static gb_status make_primal(gb_ridge_system *s, gb_err *err)
{
	size_t n = s->n, q = s->order, at = 0;

	s->design = gb_array(n * q, sizeof *s->design, err);
	s->gram = s->design ? gb_array(q * q, sizeof *s->gram, err) : NULL;
	s->band_of = s->gram ? gb_array(q, sizeof *s->band_of, err) : NULL;
	if (!s->band_of)
		return GB_SYSTEM;
	for (size_t b = 0; b < s->problem->bands; at += s->columns[b++]) {
		double sum = 0;

		for (size_t i = 0; i < n * s->columns[b]; i++)
			sum += s->band_design[b][i] * s->band_design[b][i];
		if (add_scale(s, b, sum, err))
			return err ? err->status : GB_DATA;
		for (size_t j = 0; j < s->columns[b]; j++) {
			s->band_of[at + j] = b;
			for (size_t i = 0; i < n; i++)
				s->design[i * q + at + j] = s->band_design[b][i * s->columns[b] + j] /
				                            sqrt(s->scale[b]);
		}
	}
	gram_of_rows(s, 0, n, s->gram);
	for (int f = 0; f < GB_RIDGE_FOLDS; f++) {
		s->fold[f].gram = gb_array(q * q, sizeof *s->fold[f].gram, err);
		if (!s->fold[f].gram)
			return GB_SYSTEM;
		gram_of_rows(s, s->fold[f].cut, s->fold[f].cut_end, s->fold[f].gram);
	}
	return GB_OK;
}

/* Folds are contiguous.  Rows of the same run within the gap of a fold are cut with it. */
static void make_folds(gb_ridge_system *s)
{
	const gb_ridge_problem *p = s->problem;

	for (size_t f = 0; f < GB_RIDGE_FOLDS; f++) {
		gb_ridge_fold *fold = &s->fold[f];
		size_t a = s->n * f / GB_RIDGE_FOLDS, b = s->n * (f + 1) / GB_RIDGE_FOLDS;

		*fold = (gb_ridge_fold){a, b, a, b, NULL};
		while (fold->cut > 0 && p->train.run[fold->cut - 1] == p->train.run[a] &&
		       p->train.row[a] - p->train.row[fold->cut - 1] <= p->gap)
			fold->cut--;
		while (fold->cut_end < s->n && p->train.run[fold->cut_end] == p->train.run[b - 1] &&
		       p->train.row[fold->cut_end] - p->train.row[b - 1] <= p->gap)
			fold->cut_end++;
		if (b - a > s->fold_rows)
			s->fold_rows = b - a;
	}
}

gb_status gb_ridge_system_new(gb_ridge_system *s, const gb_ridge_problem *p, gb_pool *pool, gb_err *err)
{
	size_t total = 0, n = p->train.count;
	int32_t *table;
	gb_status status = GB_OK;

	*s = (gb_ridge_system){.problem = p, .n = n};
	if (n < 8 * GB_RIDGE_FOLDS || n > 46340)
		return gb_fail(err, GB_DATA, "ridge: %zu train rows: from %d to 46340 are wanted", n,
		               8 * GB_RIDGE_FOLDS);
	make_folds(s);
	for (int f = 0; f < GB_RIDGE_FOLDS; f++)
		if (n - (s->fold[f].cut_end - s->fold[f].cut) < n / 4)
			return gb_fail(err, GB_DATA,
			               "ridge: the gap of %lld rows leaves %zu of %zu train rows to fold %d: "
			               "too few",
			               (long long)p->gap, n - (s->fold[f].cut_end - s->fold[f].cut), n, f);
	s->scale = gb_array(p->bands, sizeof *s->scale, err);
	s->columns = s->scale ? gb_array(p->bands, sizeof *s->columns, err) : NULL;
	s->band_design = s->columns ? gb_array(p->bands, sizeof *s->band_design, err) : NULL;
	table = s->band_design ? gb_delays_table(p->delays, &p->train, &p->have, err) : NULL;
	if (!table)
		return GB_SYSTEM;
	for (size_t b = 0; !status && b < p->bands; b++) {
		if (!gb_size_mul((size_t)p->delays->filters, p->band[b].width, &s->columns[b]) ||
		    !gb_size_add(total, s->columns[b], &total))
			status = gb_fail(err, GB_SYSTEM, "ridge: band %zu is too wide", b);
		else if (s->columns[b] <= n)
			status = band_design(s, b, table, err);
	}
	s->primal = total < n;
	s->order = s->primal ? total : n;
	if (!status)
		status = s->primal ? make_primal(s, err) : make_dual(s, table, pool, err);
	free(table);
	return status;
}

void gb_ridge_system_clear(gb_ridge_system *s)
{
	for (size_t b = 0; s->problem && b < s->problem->bands; b++) {
		if (s->kernel)
			free(s->kernel[b]);
		if (s->band_design)
			free(s->band_design[b]);
	}
	for (int f = 0; f < GB_RIDGE_FOLDS; f++)
		free(s->fold[f].gram);
	free(s->kernel);
	free(s->band_design);
	free(s->design);
	free(s->gram);
	free(s->band_of);
	free(s->scale);
	free(s->columns);
	*s = (gb_ridge_system){0};
}

static size_t kept(const gb_ridge_system *s, int f)
{
	return f < 0 ? s->n : s->n - (s->fold[f].cut_end - s->fold[f].cut);
}

size_t gb_ridge_system_order(const gb_ridge_system *s, int f)
{
	return s->primal ? s->order : kept(s, f);
}

/* The I-th train row that fold F keeps. */
static size_t kept_row(const gb_ridge_system *s, int f, size_t i)
{
	return f < 0 || i < s->fold[f].cut ? i : i + (s->fold[f].cut_end - s->fold[f].cut);
}

static void kernel_row(const gb_ridge_system *s, const double *weight, int f, size_t row, size_t columns,
                       double *out)
{
	size_t low = f < 0 || columns < s->fold[f].cut ? columns : s->fold[f].cut,
	       skip = f < 0 ? 0 : s->fold[f].cut_end - s->fold[f].cut;

	for (size_t b = 0; b < s->problem->bands; b++) {
		const double *k = s->kernel[b] + row * s->n;
		double w = weight[b];

		for (size_t j = 0; j < low; j++)
			out[j] = (b ? out[j] : 0) + w * k[j];
		for (size_t j = low; j < columns; j++)
			out[j] = (b ? out[j] : 0) + w * k[j + skip];
	}
}

void gb_ridge_system_matrix(const gb_ridge_system *s, const double *weight, int f, double *out)
{
	size_t order = gb_ridge_system_order(s, f);

	for (size_t i = 0; i < order; i++) {
		if (!s->primal) {
			kernel_row(s, weight, f, kept_row(s, f, i), i + 1, out + i * order);
			continue;
		}
		for (size_t j = 0; j <= i; j++) {
			double g = s->gram[i * order + j] - (f < 0 ? 0 : s->fold[f].gram[i * order + j]);

			out[i * order + j] = sqrt(weight[s->band_of[i]] * weight[s->band_of[j]]) * g;
		}
	}
}

void gb_ridge_system_held_out(const gb_ridge_system *s, const double *weight, int f, double *m)
{
	size_t order = gb_ridge_system_order(s, f);

	for (size_t i = s->fold[f].test; i < s->fold[f].test_end; i++, m += order) {
		if (!s->primal)
			kernel_row(s, weight, f, i, order, m);
		else
			for (size_t j = 0; j < order; j++)
				m[j] = sqrt(weight[s->band_of[j]]) * s->design[i * order + j];
	}
}

gb_status gb_ridge_system_hat(const gb_ridge_system *s, const gb_ridge_weighted *fold, double penalty,
                              double *work, double *hat, gb_err *err)
{
	size_t order = gb_ridge_system_order(s, fold->fold);
	size_t rows = s->fold[fold->fold].test_end - s->fold[fold->fold].test;
	gb_status status;

	memcpy(work, fold->matrix, order * order * sizeof *work);
	for (size_t i = 0; i < order; i++)
		work[i * order + i] += penalty;
	status = gb_cholesky(work, order, err);
	if (status)
		return status;
	memcpy(hat, fold->held_out, rows * order * sizeof *hat);
	gb_cholesky_solve(work, order, hat, rows);
	for (size_t i = 0; s->primal && i < rows; i++)
		for (size_t j = 0; j < order; j++)
			hat[i * order + j] *= sqrt(fold->weight[s->band_of[j]]);
	return GB_OK;
}

void gb_ridge_system_moments(const gb_ridge_system *s, int f, const double *y, size_t count, size_t ldy,
                             double *t)
{
	size_t q = s->order, low = f < 0 ? s->n : s->fold[f].cut, high = f < 0 ? s->n : s->fold[f].cut_end;

	gb_matrix_product_one((gb_product_size){q, count, low},
	                      (gb_operand_double){s->design, q, GB_TRANSPOSED},
	                      (gb_operand_double){y, ldy, GB_AS_STORED}, t, count, false);
	gb_matrix_product_one((gb_product_size){q, count, s->n - high},
	                      (gb_operand_double){s->design + high * q, q, GB_TRANSPOSED},
	                      (gb_operand_double){y + high * ldy, ldy, GB_AS_STORED}, t, count, true);
}

void gb_ridge_system_predict(const gb_ridge_system *s, int f, const double *hat, const double *t, size_t ld,
                             size_t count, double *out)
{
	size_t m = s->fold[f].test_end - s->fold[f].test, low = s->fold[f].cut, high = s->fold[f].cut_end,
	       order = gb_ridge_system_order(s, f);

	if (s->primal) {
		gb_matrix_product_one((gb_product_size){m, count, order},
		                      (gb_operand_double){hat, order, GB_AS_STORED},
		                      (gb_operand_double){t, ld, GB_AS_STORED}, out, count, false);
		return;
	}
	gb_matrix_product_one((gb_product_size){m, count, low}, (gb_operand_double){hat, order, GB_AS_STORED},
	                      (gb_operand_double){t, ld, GB_AS_STORED}, out, count, false);
	gb_matrix_product_one((gb_product_size){m, count, s->n - high},
	                      (gb_operand_double){hat + low, order, GB_AS_STORED},
	                      (gb_operand_double){t + high * ld, ld, GB_AS_STORED}, out, count, true);
}

void gb_ridge_column_r(const double *p, size_t ldp, const double *y, size_t ldy, size_t m, size_t count,
                       double *r)
{
	for (size_t v = 0; v < count; v++) {
		double sp = 0, sy = 0, pp = 0, yy = 0, py = 0, scale;

		for (size_t i = 0; i < m; i++) {
			sp += p[i * ldp + v];
			sy += y[i * ldy + v];
		}
		sp /= (double)m;
		sy /= (double)m;
		for (size_t i = 0; i < m; i++) {
			double a = p[i * ldp + v] - sp, b = y[i * ldy + v] - sy;

			pp += a * a;
			yy += b * b;
			py += a * b;
		}
		scale = sqrt(pp) * sqrt(yy);
		r[v] = scale > 0 ? py / scale : 0;
	}
}
