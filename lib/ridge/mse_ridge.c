/* SPDX-License-Identifier: MIT */
#include "ridge/mse_ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"

enum { BLOCK = 256 }; /* targets at once */

double gb_mse_ridge_penalty(const gb_mse_ridge_system *s, int index)
{
	return s->scale * pow(10, (double)(index - 4) / 2);
}

/* ---- the systems ---- */

static double *doubles(size_t count, gb_err *err) { return gb_array(count ? count : 1, sizeof(double), err); }

/* The kept rows of X, centred, as a design. */
static void centre(gb_mse_ridge_part *p, const float *x, size_t columns)
{
	for (size_t i = 0; i < p->kept; i++)
		for (size_t c = 0; c < columns; c++)
			p->mean[c] += (double)x[p->row[i] * columns + c] / (double)p->kept;
	for (size_t i = 0; i < p->kept; i++)
		for (size_t c = 0; c < columns; c++)
			p->design[i * columns + c] = (double)x[p->row[i] * columns + c] - p->mean[c];
}

/* Eigenvectors of the smaller of kernel and moments.  Directions with an eigenvalue of numerically 0 get no
 * weight. */
static gb_status decompose(gb_mse_ridge_part *p, size_t columns, gb_err *err)
{
	bool dual = p->kept <= columns;
	gb_status status;

	gb_matrix_product_one((gb_product_size){p->order, p->order, dual ? columns : p->kept},
	                      (gb_operand_double){p->design, columns, dual ? GB_AS_STORED : GB_TRANSPOSED},
	                      (gb_operand_double){p->design, columns, dual ? GB_TRANSPOSED : GB_AS_STORED},
	                      p->vectors, p->order, false);
	status = gb_eigen_symmetric(p->vectors, p->order, p->lambda, err);
	for (size_t k = 0; status == GB_OK && k < p->order; k++)
		if (p->lambda[k] < 1e-12 * p->lambda[p->order - 1]) {
			p->lambda[k] = 0;
			memset(p->vectors + k * p->order, 0, p->order * sizeof *p->vectors);
		}
	for (size_t c = 0; status == GB_OK && !dual && c < columns; c++)
		for (size_t k = 0; k < p->order; k++)
			p->basis[c * p->order + k] = p->vectors[k * p->order + c];
	if (status == GB_OK && dual)
		gb_matrix_product_one((gb_product_size){columns, p->order, p->kept},
		                      (gb_operand_double){p->design, columns, GB_TRANSPOSED},
		                      (gb_operand_double){p->vectors, p->order, GB_TRANSPOSED}, p->basis,
		                      p->order, false);
	return status;
}

static gb_status open_part(gb_mse_ridge_part *p, const float *x, size_t columns, gb_err *err)
{
	double *held;
	gb_status status;

	p->order = p->kept < columns ? p->kept : columns;
	p->mean = doubles(columns, err);
	p->design = doubles(p->kept * columns, err);
	p->basis = doubles(columns * p->order, err);
	p->lambda = doubles(p->order, err);
	p->vectors = doubles(p->order * p->order, err);
	p->score = doubles(p->held * p->order, err);
	if (!p->mean || !p->design || !p->basis || !p->lambda || !p->vectors || !p->score)
		return GB_SYSTEM;
	centre(p, x, columns);
	status = decompose(p, columns, err);
	held = status == GB_OK && p->held ? doubles(p->held * columns, err) : NULL;
	if (status != GB_OK || !p->held)
		return status;
	if (!held)
		return GB_SYSTEM;
	for (size_t i = 0; i < p->held * columns; i++)
		held[i] = (double)x[p->first * columns + i] - p->mean[i % columns];
	gb_matrix_product_one((gb_product_size){p->held, p->order, columns},
	                      (gb_operand_double){held, columns, GB_AS_STORED},
	                      (gb_operand_double){p->basis, p->order, GB_AS_STORED}, p->score, p->order,
	                      false);
	free(held);
	return GB_OK;
}

/* Whether row I is held out (FIRST … END−1), or within GAP rows of these in their run. */
static bool near(gb_row_list rows, size_t first, size_t end, size_t i, int64_t gap)
{
	if (i < first)
		return rows.run[i] == rows.run[first] && rows.row[first] - rows.row[i] <= gap;
	return i < end || (rows.run[i] == rows.run[end - 1] && rows.row[i] - rows.row[end - 1] <= gap);
}

gb_status gb_mse_ridge_open(gb_mse_ridge_system *s, const float *x, size_t columns, gb_row_list list,
                            int64_t gap, gb_err *err)
{
	size_t rows = list.count;
	gb_status status = GB_OK;

	*s = (gb_mse_ridge_system){.rows = rows, .columns = columns};
	for (int f = 0; status == GB_OK && f <= GB_SKILL_FOLDS; f++) {
		bool whole = f == GB_SKILL_FOLDS;
		gb_mse_ridge_part *p = whole ? &s->whole : &s->fold[f];
		size_t end = whole ? 0 : rows * (size_t)(f + 1) / GB_SKILL_FOLDS;

		p->first = whole ? 0 : rows * (size_t)f / GB_SKILL_FOLDS;
		p->held = end - p->first;
		if (!(p->row = gb_array(rows, sizeof *p->row, err)))
			return GB_SYSTEM;
		for (size_t i = 0; i < rows; i++)
			if (whole || !near(list, p->first, end, i, gap))
				p->row[p->kept++] = i;
		if (p->kept)
			status = open_part(p, x, columns, err);
	}
	for (size_t k = 0; status == GB_OK && k < s->whole.order; k++)
		s->scale += s->whole.lambda[k] / (double)rows;
	s->scale = s->scale > 0 ? s->scale : 1;
	return status;
}

static void close_part(gb_mse_ridge_part *p)
{
	free(p->row);
	free(p->mean);
	free(p->basis);
	free(p->lambda);
	free(p->vectors);
	free(p->design);
	free(p->score);
}

void gb_mse_ridge_close(gb_mse_ridge_system *s)
{
	for (int f = 0; f < GB_SKILL_FOLDS; f++)
		close_part(&s->fold[f]);
	close_part(&s->whole);
	*s = (gb_mse_ridge_system){0};
}

/* ---- targets in the basis of a part ---- */

gb_status gb_mse_ridge_project(const gb_mse_ridge_part *p, size_t columns, const double *y, size_t ldy,
                               size_t targets, double *mean, double *z, gb_err *err)
{
	bool dual = p->kept <= columns;
	double *own = doubles(p->kept * targets, err),
	       *moments = dual ? NULL : doubles(columns * targets, err);

	memset(mean, 0, targets * sizeof *mean);
	for (size_t i = 0; own && i < p->kept; i++)
		for (size_t t = 0; t < targets; t++)
			mean[t] += y[p->row[i] * ldy + t] / (double)p->kept;
	for (size_t i = 0; own && i < p->kept; i++)
		for (size_t t = 0; t < targets; t++)
			own[i * targets + t] = y[p->row[i] * ldy + t] - mean[t];
	if (own && dual)
		gb_matrix_product_one((gb_product_size){p->order, targets, p->kept},
		                      (gb_operand_double){p->vectors, p->order, GB_AS_STORED},
		                      (gb_operand_double){own, targets, GB_AS_STORED}, z, targets, false);
	if (own && moments) {
		gb_matrix_product_one((gb_product_size){columns, targets, p->kept},
		                      (gb_operand_double){p->design, columns, GB_TRANSPOSED},
		                      (gb_operand_double){own, targets, GB_AS_STORED}, moments, targets,
		                      false);
		gb_matrix_product_one((gb_product_size){p->order, targets, columns},
		                      (gb_operand_double){p->vectors, p->order, GB_AS_STORED},
		                      (gb_operand_double){moments, targets, GB_AS_STORED}, z, targets, false);
	}
	free(own);
	free(moments);
	return own && (dual || moments) ? GB_OK : GB_SYSTEM;
}

void gb_mse_ridge_predict(const gb_mse_ridge_part *p, const double *z, size_t targets, double penalty,
                          double *work, double *out)
{
	for (size_t k = 0; k < p->order; k++)
		for (size_t t = 0; t < targets; t++)
			work[k * targets + t] = z[k * targets + t] / (p->lambda[k] + penalty);
	gb_matrix_product_one((gb_product_size){p->held, targets, p->order},
	                      (gb_operand_double){p->score, p->order, GB_AS_STORED},
	                      (gb_operand_double){work, targets, GB_AS_STORED}, out, targets, false);
}

gb_status gb_mse_ridge_low_rank(const gb_mse_ridge_part *p, double *m, const gb_low_rank *out, gb_err *err)
{
	size_t order = p->order, columns = out->columns, wide = out->wide, factors = out->factors;
	double *read = out->read, *offset = out->offset, *write = out->write;
	double *gram = doubles(order * order, err), *value = doubles(order, err), *norm = doubles(order, err);
	gb_status status = gram && value && norm ? GB_OK : GB_SYSTEM;

	memset(read, 0, columns * factors * sizeof *read);
	memset(write, 0, wide * factors * sizeof *write);
	memset(offset, 0, factors * sizeof *offset);
	/* Norms over the kept rows of the basis, whose time courses are orthogonal. */
	for (size_t k = 0; status == GB_OK && k < order; k++) {
		norm[k] = p->kept <= columns ? p->lambda[k] : sqrt(fmax(p->lambda[k], 0));
		for (size_t i = 0; i < wide; i++)
			m[k * wide + i] *= norm[k];
	}
	if (status == GB_OK) {
		gb_matrix_product_one((gb_product_size){order, order, wide},
		                      (gb_operand_double){m, wide, GB_AS_STORED},
		                      (gb_operand_double){m, wide, GB_TRANSPOSED}, gram, order, false);
		status = gb_eigen_symmetric(gram, order, value, err);
	}
	for (size_t f = 0; status == GB_OK && f < factors && f < order; f++) {
		const double *e = gram + (order - 1 - f) * order;

		for (size_t k = 0; k < order; k++) {
			for (size_t c = 0; norm[k] > 0 && c < columns; c++)
				read[c * factors + f] += p->basis[c * order + k] * e[k] / norm[k];
			for (size_t i = 0; i < wide; i++)
				write[i * factors + f] += e[k] * m[k * wide + i];
		}
		for (size_t c = 0; c < columns; c++)
			offset[f] -= p->mean[c] * read[c * factors + f];
	}
	free(gram);
	free(value);
	free(norm);
	return status;
}

/* ---- choosing and fitting ---- */

/* Squared error on held-out rows of the mean, and of the fit with each penalty. */
typedef struct errors { double constant, with[GB_SKILL_PENALTIES]; } errors;

typedef struct solve {
	const gb_mse_ridge_system *system;
	const float *y;
	gb_mse_ridge_fit *fit;
	errors *error;             /* [targets] */
	size_t first, count;       /* in the block */
	double *rows, *z, *work, *out, mean[BLOCK]; /* [rows, count], three of the longest side × count */
} solve;

static void take_block(solve *s, size_t first)
{
	size_t left = s->fit->targets - first;

	s->first = first;
	s->count = left < BLOCK ? left : BLOCK;
	for (size_t i = 0; i < s->system->rows; i++)
		for (size_t t = 0; t < s->count; t++)
			s->rows[i * s->count + t] = (double)s->y[i * s->fit->targets + first + t];
}

static gb_status judge(solve *s, gb_err *err)
{
	size_t n = s->count;

	for (int f = 0; f < GB_SKILL_FOLDS; f++) {
		const gb_mse_ridge_part *p = &s->system->fold[f];

		if (!p->kept)
			continue;
		if (gb_mse_ridge_project(p, s->system->columns, s->rows, n, n, s->mean, s->z, err) != GB_OK)
			return GB_SYSTEM;
		for (int l = 0; l < GB_SKILL_PENALTIES; l++) {
			gb_mse_ridge_predict(p, s->z, n, gb_mse_ridge_penalty(s->system, l), s->work, s->out);
			for (size_t i = 0; i < p->held; i++)
				for (size_t t = 0; t < n; t++) {
					double truth = s->rows[(p->first + i) * n + t] - s->mean[t],
					       miss = truth - s->out[i * n + t];

					s->error[s->first + t].constant += l ? 0 : truth * truth;
					s->error[s->first + t].with[l] += miss * miss;
				}
		}
	}
	return GB_OK;
}

/* Index of the penalty with the smallest error; −1 if the mean has a smaller one. */
static int best_of(const errors *e)
{
	int best = -1;

	for (int l = 0; l < GB_SKILL_PENALTIES; l++)
		if (e->with[l] < (best < 0 ? e->constant : e->with[best]))
			best = l;
	return best;
}

/* Give every target the errors summed over all targets. */
static void share(errors *error, size_t targets)
{
	errors all = {0};

	for (size_t t = 0; t < targets; t++) {
		all.constant += error[t].constant;
		for (int l = 0; l < GB_SKILL_PENALTIES; l++)
			all.with[l] += error[t].with[l];
	}
	for (size_t t = 0; t < targets; t++)
		error[t] = all;
}

static gb_status fit_block(solve *s, gb_err *err)
{
	const gb_mse_ridge_part *p = &s->system->whole;
	gb_mse_ridge_fit *fit = s->fit;
	size_t n = s->count, columns = s->system->columns;

	if (gb_mse_ridge_project(p, columns, s->rows, n, n, s->mean, s->z, err) != GB_OK)
		return GB_SYSTEM;
	for (size_t t = 0; t < n; t++) {
		const errors *e = &s->error[s->first + t];
		int best = best_of(e);
		double penalty = best < 0 ? INFINITY : gb_mse_ridge_penalty(s->system, best);

		fit->penalty[s->first + t] = penalty / s->system->scale;
		fit->skill[s->first + t] = best < 0 ? 0 : 1 - e->with[best] / e->constant;
		for (size_t k = 0; k < p->order; k++)
			s->work[k * n + t] = s->z[k * n + t] / (p->lambda[k] + penalty);
	}
	gb_matrix_product_one((gb_product_size){columns, n, p->order},
	                      (gb_operand_double){p->basis, p->order, GB_AS_STORED},
	                      (gb_operand_double){s->work, n, GB_AS_STORED}, s->out, n, false);
	for (size_t t = 0; t < n; t++) {
		double intercept = s->mean[t];

		for (size_t c = 0; c < columns; c++) {
			fit->weight[c * fit->targets + s->first + t] = (float)s->out[c * n + t];
			intercept -= p->mean[c] * s->out[c * n + t];
		}
		fit->intercept[s->first + t] = (float)intercept;
	}
	return GB_OK;
}

gb_status gb_mse_ridge_solve(const gb_mse_ridge_system *system, const float *y, size_t targets,
                             gb_mse_ridge_fit *fit, gb_err *err)
{
	size_t side = system->rows > system->columns ? system->rows : system->columns;
	solve s = {.system = system, .y = y, .fit = fit, .error = gb_array(targets + 1, sizeof *s.error, err),
	           .rows = doubles(side * BLOCK, err), .z = doubles(side * BLOCK, err),
	           .work = doubles(side * BLOCK, err), .out = doubles(side * BLOCK, err)};
	gb_status status;

	*fit = (gb_mse_ridge_fit){.columns = system->columns,
	                          .targets = targets,
	                          .weight = gb_array(system->columns * targets + 1, sizeof(float), err),
	                          .intercept = gb_array(targets + 1, sizeof(float), err),
	                          .penalty = doubles(targets, err),
	                          .skill = doubles(targets, err)};
	status = s.error && s.rows && s.z && s.work && s.out && fit->weight && fit->intercept &&
	                 fit->penalty && fit->skill
	             ? GB_OK
	             : GB_SYSTEM;
	for (size_t first = 0; status == GB_OK && first < targets; first += BLOCK) {
		take_block(&s, first);
		status = judge(&s, err);
	}
	if (status == GB_OK && targets > GB_SKILL_OWN)
		share(s.error, targets);
	for (size_t first = 0; status == GB_OK && first < targets; first += BLOCK) {
		take_block(&s, first);
		status = fit_block(&s, err);
	}
	free(s.error);
	free(s.rows);
	free(s.z);
	free(s.work);
	free(s.out);
	return status;
}

void gb_mse_ridge_fit_clear(gb_mse_ridge_fit *fit)
{
	free(fit->weight);
	free(fit->intercept);
	free(fit->penalty);
	free(fit->skill);
	*fit = (gb_mse_ridge_fit){0};
}
