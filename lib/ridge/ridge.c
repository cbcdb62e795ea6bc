/* SPDX-License-Identifier: MIT */
#include "ridge/ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "ridge/ridge_per_target.h"
#include "linalg/matrix.h"

enum { BLOCK = GB_RIDGE_BLOCK };

double gb_ridge_penalty(int index)
{
	static const double decades[GB_RIDGE_PENALTIES] = {1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

	return decades[index];
}

/* State that the stages of one solve share. */
typedef struct solve {
	const gb_ridge_problem *problem;
	gb_ridge_system system;
	size_t weightings;
	double *weight;              /* [weightings, bands] */
	size_t scored;               /* targets scored */
	double *y;                   /* [n, scored] centred */
	double *moments[GB_RIDGE_FOLDS]; /* primal: [order, scored] */
	double *score;               /* [weightings, folds, penalties] */
	double *scratch;
	size_t scratch_each;
	gb_ridge_fit *fit;
	double *hat[GB_RIDGE_BEST][GB_RIDGE_FOLDS], *factor[GB_RIDGE_BEST];
	gb_ridge_per_target own[GB_RIDGE_BEST]; /* with a penalty per target: in place of hat and factor */
	gb_err *failure;             /* [tiles] */
} solve;

/* ---- cross-validation: one tile scores one weighting on one fold, all penalties ---- */

static void score_tile(void *context, size_t tile, int worker)
{
	solve *s = context;
	size_t w = tile / GB_RIDGE_FOLDS;
	int f = (int)(tile % GB_RIDGE_FOLDS);
	const double *weight = s->weight + w * s->problem->bands;
	size_t order = gb_ridge_system_order(&s->system, f),
	       rows = s->system.fold[f].test_end - s->system.fold[f].test;
	double *matrix = s->scratch + (size_t)worker * s->scratch_each, *work = matrix + order * order,
	       *m = work + order * order, *hat = m + rows * order, *p = hat + rows * order;
	const double *source = s->system.primal ? s->moments[f] : s->y;
	const double *truth = s->y + s->system.fold[f].test * s->scored;

	gb_ridge_system_matrix(&s->system, weight, f, matrix);
	gb_ridge_system_held_out(&s->system, weight, f, m);
	for (int l = 0; l < GB_RIDGE_PENALTIES; l++) {
		double sum = 0, r[BLOCK];

		if (gb_ridge_system_hat(&s->system, &(gb_ridge_weighted){weight, f, matrix, m},
		                        gb_ridge_penalty(l), work, hat, &s->failure[tile]))
			return;
		for (size_t v = 0; v < s->scored; v += BLOCK) {
			size_t count = s->scored - v < BLOCK ? s->scored - v : BLOCK;

			gb_ridge_system_predict(&s->system, f, hat, source + v, s->scored, count, p);
			gb_ridge_column_r(p, count, truth + v, s->scored, rows, count, r);
			for (size_t i = 0; i < count; i++)
				sum += r[i];
		}
		s->score[tile * GB_RIDGE_PENALTIES + (size_t)l] = sum / (double)s->scored;
	}
}

static gb_status first_failure(const solve *s, size_t tiles, gb_err *err)
{
	for (size_t i = 0; i < tiles; i++)
		if (s->failure[i].status)
			return gb_fail(err, s->failure[i].status, "ridge: %s", s->failure[i].text);
	return GB_OK;
}

static gb_status cross_validate(solve *s, gb_pool *pool, gb_err *err)
{
	size_t order = s->system.order, rows = s->system.fold_rows, tiles = s->weightings * GB_RIDGE_FOLDS;
	gb_status status;

	s->scratch_each = 2 * order * order + 2 * rows * order + rows * BLOCK;
	s->scratch = gb_array(s->scratch_each * (size_t)gb_pool_threads(pool), sizeof *s->scratch, err);
	s->score = s->scratch ? gb_array(tiles * GB_RIDGE_PENALTIES, sizeof *s->score, err) : NULL;
	s->failure = s->score ? gb_array(tiles, sizeof *s->failure, err) : NULL;
	if (!s->failure)
		return GB_SYSTEM;
	for (int f = 0; s->system.primal && f < GB_RIDGE_FOLDS; f++) {
		s->moments[f] = gb_array(order * s->scored, sizeof(double), err);
		if (!s->moments[f])
			return GB_SYSTEM;
		gb_ridge_system_moments(&s->system, f, s->y, s->scored, s->scored, s->moments[f]);
	}
	gb_pool_run(pool, tiles, score_tile, s);
	status = first_failure(s, tiles, err);
	free(s->scratch);
	free(s->failure);
	s->scratch = NULL;
	s->failure = NULL;
	return status;
}

/* ---- choosing weightings and penalties ---- */

static int by_score(const void *a, const void *b)
{
	const gb_ridge_choice *x = a, *y = b;

	return x->score < y->score     ? 1
	       : x->score > y->score   ? -1
	       : x->weight < y->weight ? -1
	                               : x->weight > y->weight;
}

static double mean_score(const solve *s, size_t w, int l)
{
	double sum = 0;

	for (size_t f = 0; f < GB_RIDGE_FOLDS; f++)
		sum += s->score[(w * GB_RIDGE_FOLDS + f) * GB_RIDGE_PENALTIES + (size_t)l];
	return sum / GB_RIDGE_FOLDS;
}

static gb_status choose(solve *s, gb_err *err)
{
	size_t bands = s->problem->bands, best = (size_t)s->problem->best;
	gb_ridge_choice *all = gb_array(s->weightings, sizeof *all, err);
	gb_ridge_fit *fit = s->fit;

	if (!all)
		return GB_SYSTEM;
	for (int l = 0; l < GB_RIDGE_PENALTIES; l++)
		fit->curve[l] = mean_score(s, 0, l);
	for (size_t w = 0; w < s->weightings; w++) {
		int chosen = 0;

		for (int l = 1; l < GB_RIDGE_PENALTIES; l++)
			if (mean_score(s, w, l) > mean_score(s, w, chosen))
				chosen = l;
		all[w] = (gb_ridge_choice){mean_score(s, w, chosen), gb_ridge_penalty(chosen),
		                           chosen == 0 || chosen == GB_RIDGE_PENALTIES - 1,
		                           s->weight + w * bands};
	}
	qsort(all, s->weightings, sizeof *all, by_score);
	fit->choices = best < s->weightings ? best : s->weightings;
	fit->choice = gb_array(fit->choices, sizeof *fit->choice, err);
	for (size_t c = 0; fit->choice && c < fit->choices; c++) {
		fit->choice[c] = all[c];
		fit->choice[c].weight = gb_array(bands, sizeof(double), err);
		if (!fit->choice[c].weight)
			break;
		memcpy(fit->choice[c].weight, all[c].weight, bands * sizeof(double));
	}
	free(all);
	return fit->choice && fit->choice[fit->choices - 1].weight ? GB_OK : GB_SYSTEM;
}

/* Choose a penalty for each target, in each of the choices. */
static gb_status choose_own(solve *s, gb_pool *pool, gb_err *err)
{
	gb_ridge_fit *fit = s->fit;
	size_t targets = fit->targets, cells;
	gb_status status = gb_size_mul(fit->choices, targets, &cells)
	                       ? GB_OK
	                       : gb_fail(err, GB_SYSTEM, "ridge: %zu targets are too many", targets);

	fit->penalty = status ? NULL : gb_array(cells, sizeof *fit->penalty, err);
	status = fit->penalty ? gb_ridge_per_target_choose(s->own, &s->system, fit->choice, fit->choices,
	                                                   fit->mean, pool, err)
	                      : GB_SYSTEM;
	for (size_t c = 0; !status && c < fit->choices; c++)
		for (size_t v = 0; v < targets; v++)
			fit->penalty[c * targets + v] = (float)gb_ridge_penalty(s->own[c].penalty[v]);
	for (size_t v = 0; !status && v < targets; v++) {
		fit->own_score += s->own[0].score[v] / (double)targets;
		fit->own_count[s->own[0].penalty[v]]++;
	}
	return status;
}

/* ---- the final fit ---- */

/* A tile is one choice: its Cholesky factor and the hat matrices of its folds. */
static void prepare_tile(void *context, size_t c, int worker)
{
	solve *s = context;
	const gb_ridge_choice *choice = &s->fit->choice[c];
	size_t order = s->system.order;
	double *matrix = s->scratch + (size_t)worker * s->scratch_each, *work = matrix + order * order,
	       *m = work + order * order;

	gb_ridge_system_matrix(&s->system, choice->weight, -1, s->factor[c]);
	for (size_t i = 0; i < order; i++)
		s->factor[c][i * order + i] += choice->penalty;
	if (gb_cholesky(s->factor[c], order, &s->failure[c]))
		return;
	for (int f = 0; f < GB_RIDGE_FOLDS; f++) {
		gb_ridge_system_matrix(&s->system, choice->weight, f, matrix);
		gb_ridge_system_held_out(&s->system, choice->weight, f, m);
		if (gb_ridge_system_hat(&s->system, &(gb_ridge_weighted){choice->weight, f, matrix, m},
		                        choice->penalty, work, s->hat[c][f], &s->failure[c]))
			return;
	}
}

static gb_status prepare(solve *s, gb_pool *pool, gb_err *err)
{
	size_t order = s->system.order, rows = s->system.fold_rows;
	gb_status status;

	s->scratch_each = 2 * order * order + rows * order;
	s->scratch = gb_array(s->scratch_each * (size_t)gb_pool_threads(pool), sizeof *s->scratch, err);
	s->failure = s->scratch ? gb_array(s->fit->choices, sizeof *s->failure, err) : NULL;
	if (!s->failure)
		return GB_SYSTEM;
	for (size_t c = 0; c < s->fit->choices; c++) {
		s->factor[c] = gb_array(order * order, sizeof(double), err);
		if (!s->factor[c])
			return GB_SYSTEM;
		for (int f = 0; f < GB_RIDGE_FOLDS; f++) {
			s->hat[c][f] = gb_array(rows * gb_ridge_system_order(&s->system, f), sizeof(double),
			                        err);
			if (!s->hat[c][f])
				return GB_SYSTEM;
		}
	}
	gb_pool_run(pool, s->fit->choices, prepare_tile, s);
	status = first_failure(s, s->fit->choices, err);
	free(s->scratch);
	free(s->failure);
	s->scratch = NULL;
	s->failure = NULL;
	return status;
}

/* SD over all held-out rows of choice C's predictions for COUNT targets Y [n, BLOCK]. */
static void held_out_sd(const solve *s, size_t c, const double *y, size_t count, double *t, double *p,
                        double *sd)
{
	double sum[BLOCK] = {0}, square[BLOCK] = {0}, n = (double)s->system.n;

	for (int f = 0; f < GB_RIDGE_FOLDS; f++) {
		size_t rows = s->system.fold[f].test_end - s->system.fold[f].test;

		if (s->system.primal)
			gb_ridge_system_moments(&s->system, f, y, count, BLOCK, t);
		gb_ridge_system_predict(&s->system, f, s->hat[c][f], s->system.primal ? t : y,
		                        s->system.primal ? count : BLOCK, count, p);
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < count; v++) {
				sum[v] += p[i * count + v];
				square[v] += p[i * count + v] * p[i * count + v];
			}
	}
	for (size_t v = 0; v < count; v++)
		sd[v] = sqrt(fmax(0, square[v] / n - sum[v] / n * (sum[v] / n)));
}

/* A block of COUNT targets from FIRST on. */
typedef struct target_block {
	size_t first, count;
	double *y;          /* [n, BLOCK] centred targets */
	double *moments;    /* work: [order or n, BLOCK] */
	double *predicted;  /* work: [fold_rows, BLOCK] */
	double *solution;   /* work: [BLOCK, order] */
	double *sums;       /* [order·bands or order, BLOCK] coefficients, summed over choices */
} target_block;

/* Add choice C's solution / SD to the sums of coefficients. */
static void add_solution(const solve *s, size_t c, const target_block *block, const double *sd)
{
	double *x = block->solution, *t = block->moments;
	const double *y = block->y;
	size_t count = block->count;
	const double *weight = s->fit->choice[c].weight;
	size_t order = s->system.order;

	if (s->system.primal)
		gb_ridge_system_moments(&s->system, -1, y, count, BLOCK, t);
	for (size_t v = 0; v < count; v++)
		for (size_t i = 0; i < order; i++)
			x[v * order + i] = s->system.primal
			                       ? sqrt(weight[s->system.band_of[i]]) * t[i * count + v]
			                       : y[i * BLOCK + v];
	if (s->problem->per_target)
		gb_ridge_per_target_solve(&s->own[c], block->first, count, x, t);
	else
		gb_cholesky_solve(s->factor[c], order, x, count);
	for (size_t b = 0; b < (s->system.primal ? 1 : s->problem->bands); b++)
		for (size_t i = 0; i < order; i++) {
			size_t band = s->system.primal ? s->system.band_of[i] : b;
			double scale = s->system.primal ? sqrt(weight[band] / s->system.scale[band])
			                                : weight[band] / s->system.scale[band];

			for (size_t v = 0; v < count; v++)
				block->sums[(b * order + i) * BLOCK + v] += sd[v] > 0
				                                                ? scale * x[v * order + i] /
				                                                      sd[v]
				                                                : 0;
		}
}

/* Store the block's coefficients from SUMS, each band's in its primal or dual form. */
static void store_block(const solve *s, size_t v0, size_t count, const double *sums, double *narrow)
{
	size_t n = s->system.n, order = s->system.order, at = 0;

	for (size_t b = 0; b < s->problem->bands; b++) {
		size_t columns = s->system.columns[b], rows = s->fit->is_dual[b] ? n : columns;
		const double *from = s->system.primal ? sums + at * BLOCK : sums + b * order * BLOCK;

		if (!s->system.primal && !s->fit->is_dual[b]) {
			gb_matrix_product_one((gb_product_size){columns, BLOCK, n},
			                      (gb_operand_double){s->system.band_design[b], columns,
			                                          GB_TRANSPOSED},
			                      (gb_operand_double){from, BLOCK, GB_AS_STORED}, narrow, BLOCK,
			                      false);
			from = narrow;
		}
		for (size_t i = 0; i < rows; i++)
			for (size_t v = 0; v < count; v++)
				s->fit->coefficient[b][i * s->problem->targets + v0 + v] = (float)
				    from[i * BLOCK + v];
		at += columns;
	}
}

/* A tile is a block of targets. */
static void final_tile(void *context, size_t tile, int worker)
{
	solve *s = context;
	size_t v0 = tile * BLOCK, n = s->system.n, order = s->system.order, targets = s->problem->targets;
	size_t count = targets - v0 < BLOCK ? targets - v0 : BLOCK;
	size_t sums_size = order * BLOCK * (s->system.primal ? 1 : s->problem->bands);
	double *y = s->scratch + (size_t)worker * s->scratch_each, *t = y + n * BLOCK, *p = t + n * BLOCK,
	       *x = p + s->system.fold_rows * BLOCK, *sums = x + order * BLOCK;
	double sd[BLOCK], mean_sd[BLOCK] = {0};
	target_block block = {v0, count, y, t, p, x, sums};
	double choices = (double)s->fit->choices;

	for (size_t i = 0; i < n; i++)
		for (size_t v = 0; v < BLOCK; v++)
			y[i * BLOCK + v] = v < count ? (double)s->problem->y[i * targets + v0 + v] -
			                                   (double)s->fit->mean[v0 + v]
			                             : 0;
	memset(sums, 0, sums_size * sizeof *sums);
	for (size_t c = 0; c < s->fit->choices; c++) {
		if (s->problem->per_target)
			memcpy(sd, s->own[c].sd + v0, count * sizeof *sd);
		else
			held_out_sd(s, c, y, count, t, p, sd);
		for (size_t v = 0; v < count; v++)
			mean_sd[v] += sd[v] / choices;
		add_solution(s, c, &block, sd);
	}
	for (size_t i = 0; i < sums_size; i++)
		sums[i] *= mean_sd[i % BLOCK] / choices;
	store_block(s, v0, count, sums, t);
}

static gb_status final_fit(solve *s, gb_pool *pool, gb_err *err)
{
	const gb_ridge_problem *p = s->problem;
	gb_ridge_fit *fit = s->fit;
	size_t n = s->system.n, order = s->system.order;

	fit->is_dual = gb_array(p->bands, sizeof *fit->is_dual, err);
	fit->coefficient = fit->is_dual ? gb_array(p->bands, sizeof *fit->coefficient, err) : NULL;
	if (!fit->coefficient)
		return GB_SYSTEM;
	for (size_t b = 0; b < p->bands; b++) {
		size_t cells;

		fit->is_dual[b] = s->system.columns[b] > n;
		if (!gb_size_mul(fit->is_dual[b] ? n : s->system.columns[b], p->targets, &cells))
			return gb_fail(err, GB_SYSTEM, "ridge: %zu targets are too many", p->targets);
		fit->coefficient[b] = gb_array(cells, sizeof(float), err);
		if (!fit->coefficient[b])
			return GB_SYSTEM;
	}
	s->scratch_each = BLOCK *
	                  (2 * n + s->system.fold_rows + order + order * (s->system.primal ? 1 : p->bands));
	s->scratch = gb_array(s->scratch_each * (size_t)gb_pool_threads(pool), sizeof *s->scratch, err);
	if (!s->scratch)
		return GB_SYSTEM;
	gb_pool_run(pool, (p->targets + BLOCK - 1) / BLOCK, final_tile, s);
	return GB_OK;
}

/* ---- opening and closing ---- */

static gb_status make_weightings(solve *s, gb_err *err)
{
	size_t bands = s->problem->bands;

	s->weightings = 1 + (bands > 1 ? (size_t)s->problem->draws : 0);
	s->weight = gb_array(s->weightings * bands, sizeof *s->weight, err);
	if (!s->weight)
		return GB_SYSTEM;
	for (size_t w = 0; w < s->weightings; w++) {
		gb_rng rng = gb_rng_at(s->problem->seed, (uint32_t)w, 0, 0);
		double sum = 0;

		for (size_t b = 0; b < bands; b++) {
			s->weight[w * bands + b] = w == 0 ? 1 : -log1p(-gb_rng_uniform(&rng));
			sum += s->weight[w * bands + b];
		}
		for (size_t b = 0; b < bands; b++)
			s->weight[w * bands + b] /= sum;
	}
	return GB_OK;
}

static gb_status centre_targets(solve *s, gb_err *err)
{
	const gb_ridge_problem *p = s->problem;
	size_t n = p->train.count;

	s->scored = p->targets < GB_RIDGE_TARGETS_SCORED ? p->targets : GB_RIDGE_TARGETS_SCORED;
	s->fit->mean = gb_array(p->targets, sizeof *s->fit->mean, err);
	s->y = s->fit->mean ? gb_array(n * s->scored, sizeof *s->y, err) : NULL;
	if (!s->y)
		return GB_SYSTEM;
	for (size_t v = 0; v < p->targets; v++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += (double)p->y[i * p->targets + v];
		if (!isfinite(sum))
			return gb_fail(err, GB_DATA, "ridge: target %zu holds NaN or Inf in the train rows",
			               v);
		s->fit->mean[v] = (float)(sum / (double)n);
	}
	for (size_t k = 0; k < s->scored; k++) {
		size_t v = k * p->targets / s->scored;

		for (size_t i = 0; i < n; i++)
			s->y[i * s->scored + k] = (double)p->y[i * p->targets + v] - (double)s->fit->mean[v];
	}
	return GB_OK;
}

gb_status gb_ridge_solve(const gb_ridge_problem *problem, gb_pool *pool, gb_ridge_fit *fit, gb_err *err)
{
	solve s = {.problem = problem, .fit = fit};
	gb_status status;

	*fit = (gb_ridge_fit){.bands = problem->bands, .targets = problem->targets,
	                      .train = problem->train.count};
	if (problem->bands == 0 || problem->targets == 0)
		return gb_fail(err, GB_DATA, "ridge: at least one band and one target are wanted");
	status = gb_ridge_system_new(&s.system, problem, pool, err);
	fit->primal = s.system.primal;
	if (!status)
		status = centre_targets(&s, err);
	if (!status)
		status = make_weightings(&s, err);
	if (!status)
		status = cross_validate(&s, pool, err);
	if (!status)
		status = choose(&s, err);
	if (!status)
		status = problem->per_target ? choose_own(&s, pool, err) : prepare(&s, pool, err);
	if (!status)
		status = final_fit(&s, pool, err);
	for (int f = 0; f < GB_RIDGE_FOLDS; f++)
		free(s.moments[f]);
	for (int c = 0; c < GB_RIDGE_BEST; c++) {
		free(s.factor[c]);
		gb_ridge_per_target_clear(&s.own[c]);
		for (int f = 0; f < GB_RIDGE_FOLDS; f++)
			free(s.hat[c][f]);
	}
	gb_ridge_system_clear(&s.system);
	free(s.weight);
	free(s.y);
	free(s.score);
	free(s.scratch);
	free(s.failure);
	if (status)
		gb_ridge_fit_clear(fit);
	return status;
}

void gb_ridge_fit_clear(gb_ridge_fit *fit)
{
	for (size_t c = 0; fit->choice && c < fit->choices; c++)
		free(fit->choice[c].weight);
	for (size_t b = 0; fit->coefficient && b < fit->bands; b++)
		free(fit->coefficient[b]);
	free(fit->choice);
	free(fit->coefficient);
	free(fit->is_dual);
	free(fit->mean);
	free(fit->penalty);
	*fit = (gb_ridge_fit){0};
}
