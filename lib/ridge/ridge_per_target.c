/* SPDX-License-Identifier: MIT */
#include "ridge/ridge_per_target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"

enum { BLOCK = GB_RIDGE_BLOCK, PENALTIES = GB_RIDGE_PENALTIES };

/* Sums over the folds for one target. */
typedef struct tally { double r[PENALTIES], sum[PENALTIES], square[PENALTIES]; } tally;

typedef struct work {
	const gb_ridge_system *system;
	const gb_ridge_choice *choice; /* of all choices in eigen_tile, else of one */
	const float *mean;
	gb_ridge_per_target *own;
	int fold;
	double *hat[PENALTIES]; /* of this fold */
	tally *tally;           /* [targets] */
	double *scratch;
	size_t scratch_each;
	gb_err *failure;        /* [tiles] */
} work;

/* A tile is one penalty: the hat matrix of the fold. */
static void hat_tile(void *context, size_t l, int worker)
{
	work *w = context;
	const gb_ridge_system *s = w->system;
	size_t order = gb_ridge_system_order(s, w->fold);
	double *matrix = w->scratch + (size_t)worker * w->scratch_each, *factor = matrix + order * order,
	       *m = factor + order * order;

	gb_ridge_system_matrix(s, w->choice->weight, w->fold, matrix);
	gb_ridge_system_held_out(s, w->choice->weight, w->fold, m);
	if (gb_ridge_system_hat(s, &(gb_ridge_weighted){w->choice->weight, w->fold, matrix, m},
	                        gb_ridge_penalty((int)l), factor, w->hat[l], &w->failure[l]))
		return; /* score_fold reports the failure */
}

/* A tile is a block of targets: the fold's held-out predictions at every penalty. */
static void score_tile(void *context, size_t tile, int worker)
{
	work *w = context;
	const gb_ridge_system *s = w->system;
	size_t v0 = tile * BLOCK, targets = s->problem->targets,
	       count = targets - v0 < BLOCK ? targets - v0 : BLOCK,
	       rows = s->fold[w->fold].test_end - s->fold[w->fold].test;
	double *y = w->scratch + (size_t)worker * w->scratch_each, *t = y + s->n * BLOCK,
	       *p = t + s->order * BLOCK, r[BLOCK];

	for (size_t i = 0; i < s->n; i++)
		for (size_t v = 0; v < count; v++)
			y[i * BLOCK + v] = (double)s->problem->y[i * targets + v0 + v] -
			                   (double)w->mean[v0 + v];
	if (s->primal)
		gb_ridge_system_moments(s, w->fold, y, count, BLOCK, t);
	for (size_t l = 0; l < PENALTIES; l++) {
		gb_ridge_system_predict(s, w->fold, w->hat[l], s->primal ? t : y, s->primal ? count : BLOCK,
		                        count, p);
		gb_ridge_column_r(p, count, y + s->fold[w->fold].test * BLOCK, BLOCK, rows, count, r);
		for (size_t v = 0; v < count; v++) {
			tally *of = &w->tally[v0 + v];

			of->r[l] += r[v] / GB_RIDGE_FOLDS;
			for (size_t i = 0; i < rows; i++) {
				of->sum[l] += p[i * count + v];
				of->square[l] += p[i * count + v] * p[i * count + v];
			}
		}
	}
}

static gb_status score_fold(work *w, gb_pool *pool, gb_err *err)
{
	gb_pool_run(pool, PENALTIES, hat_tile, w);
	for (size_t l = 0; l < PENALTIES; l++)
		if (w->failure[l].status)
			return gb_fail(err, w->failure[l].status, "ridge: %s", w->failure[l].text);
	gb_pool_run(pool, (w->system->problem->targets + BLOCK - 1) / BLOCK, score_tile, w);
	return GB_OK;
}

static void pick(const work *w, gb_ridge_per_target *own)
{
	size_t targets = w->system->problem->targets;
	double n = (double)w->system->n;
	size_t shared = 0;

	while (gb_ridge_penalty((int)shared) < w->choice->penalty)
		shared++;
	for (size_t v = 0; v < targets; v++) {
		const tally *of = &w->tally[v];
		size_t best = shared;

		for (size_t l = 0; l < PENALTIES; l++)
			best = of->r[l] > of->r[best] ? l : best;
		own->penalty[v] = (uint8_t)best;
		own->score[v] = of->r[best];
		own->sd[v] = sqrt(fmax(0, of->square[best] / n - of->sum[best] / n * (of->sum[best] / n)));
	}
}

static gb_status allocate(work *w, gb_pool *pool, gb_err *err)
{
	const gb_ridge_system *s = w->system;
	size_t order = s->order, rows = s->fold_rows, hats = 2 * order * order + rows * order,
	       scores = BLOCK * (s->n + order + rows);

	w->scratch_each = hats > scores ? hats : scores;
	w->scratch = gb_array(w->scratch_each * (size_t)gb_pool_threads(pool), sizeof *w->scratch, err);
	w->tally = w->scratch ? gb_array(s->problem->targets, sizeof *w->tally, err) : NULL;
	w->failure = w->tally ? gb_array(PENALTIES, sizeof *w->failure, err) : NULL;
	for (int l = 0; l < PENALTIES; l++)
		if (!w->failure || !(w->hat[l] = gb_array(rows * order, sizeof(double), err)))
			return GB_SYSTEM;
	return GB_OK;
}

static gb_status open_own(gb_ridge_per_target *own, const gb_ridge_system *s, gb_err *err)
{
	size_t targets = s->problem->targets;

	own->order = s->order;
	own->penalty = gb_array(targets, sizeof *own->penalty, err);
	own->score = own->penalty ? gb_array(targets, sizeof *own->score, err) : NULL;
	own->sd = own->score ? gb_array(targets, sizeof *own->sd, err) : NULL;
	own->vector = own->sd ? gb_array(s->order * s->order, sizeof *own->vector, err) : NULL;
	own->value = own->vector ? gb_array(s->order, sizeof *own->value, err) : NULL;
	return own->value ? GB_OK : GB_SYSTEM;
}

static void eigen_tile(void *context, size_t c, int worker)
{
	work *w = context;

	(void)worker;
	gb_ridge_system_matrix(w->system, w->choice[c].weight, -1, w->own[c].vector);
	if (gb_eigen_symmetric(w->own[c].vector, w->own[c].order, w->own[c].value, &w->failure[c]))
		return;
}

gb_status gb_ridge_per_target_choose(gb_ridge_per_target *own, const gb_ridge_system *system,
                                     const gb_ridge_choice *choice, size_t choices, const float *mean,
                                     gb_pool *pool, gb_err *err)
{
	work w = {.system = system, .mean = mean, .own = own};
	gb_status status = allocate(&w, pool, err);

	for (size_t c = 0; !status && c < choices; c++) {
		status = open_own(&own[c], system, err);
		w.choice = &choice[c];
		if (!status)
			memset(w.tally, 0, system->problem->targets * sizeof *w.tally);
		for (w.fold = 0; !status && w.fold < GB_RIDGE_FOLDS; w.fold++)
			status = score_fold(&w, pool, err);
		if (!status)
			pick(&w, &own[c]);
	}
	w.choice = choice;
	if (!status) /* at most GB_RIDGE_BEST, as many as there are failures */
		gb_pool_run(pool, choices, eigen_tile, &w);
	for (size_t c = 0; !status && c < choices; c++)
		if (w.failure[c].status)
			status = gb_fail(err, w.failure[c].status, "ridge: %s", w.failure[c].text);
	for (int l = 0; l < PENALTIES; l++)
		free(w.hat[l]);
	free(w.scratch);
	free(w.tally);
	free(w.failure);
	return status;
}

void gb_ridge_per_target_solve(const gb_ridge_per_target *own, size_t first, size_t count, double *x,
                               double *room)
{
	size_t n = own->order;

	gb_matrix_product_one((gb_product_size){count, n, n}, (gb_operand_double){x, n, GB_AS_STORED},
	                      (gb_operand_double){own->vector, n, GB_TRANSPOSED}, room, n, false);
	for (size_t v = 0; v < count; v++) {
		double penalty = gb_ridge_penalty(own->penalty[first + v]);

		for (size_t k = 0; k < n; k++)
			room[v * n + k] /= own->value[k] + penalty;
	}
	gb_matrix_product_one((gb_product_size){count, n, n}, (gb_operand_double){room, n, GB_AS_STORED},
	                      (gb_operand_double){own->vector, n, GB_AS_STORED}, x, n, false);
}

void gb_ridge_per_target_clear(gb_ridge_per_target *own)
{
	free(own->penalty);
	free(own->score);
	free(own->sd);
	free(own->vector);
	free(own->value);
	*own = (gb_ridge_per_target){0};
}
