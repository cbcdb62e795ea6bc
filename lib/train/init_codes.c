/* SPDX-License-Identifier: MIT */
/* init_codes.c: a linear decoder from the BOLD window to codes.
 *
 * Ridge predicts the share p of each code among a row's frames.  The logits are
 * those of the unigram, changed to first order by Δp / (unigram + FLOOR).  One
 * penalty for all codes is chosen by cross-entropy on held-out train rows; where
 * none beats the unigram, the logits stay the unigram's.  The changes are kept in
 * GB_DECODER_CODE_FACTORS directions. */
#include "train/init_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"
#include "loader/batch.h"

#define FLOOR 1e-3 /* limits the change of rare codes */

enum { CLASSES = GB_CODE_CLASSES, FACTORS = GB_DECODER_CODE_FACTORS };

typedef struct codes {
	gb_init *init;
	const gb_mse_ridge_system *system;
	size_t rows, books;
	float *count;              /* [books, rows, CLASSES] */
	/* [rows, CLASSES]; the longest side × CLASSES, three times; [CLASSES] */
	double *share, *z, *work, *out, *mean;
	double *unigram;           /* [books, CLASSES] */
	double constant, loss[GB_SKILL_PENALTIES];
} codes;

static void read_counts(codes *c, const gb_init_list *list)
{
	gb_loader *loader = c->init->loader;
	size_t frames = loader->shape.code_frames;
	const gb_loader_feature *band = NULL;

	for (int b = 0; b < loader->bands; b++)
		band = loader->band[b].kind == GB_LINEAR_FEATURE_CODES ? &loader->band[b] : band;
	for (size_t i = 0; i < c->rows; i++) {
		gb_loader_read_codes(loader, band, list->train[i], loader->code_row);
		for (size_t k = 0; k < c->books * frames; k++)
			if (loader->code_row[k] >= 0)
				c->count[(k / frames * c->rows + i) * CLASSES +
				         (size_t)loader->code_row[k]]++;
	}
}

/* The share of each code of codebook B among a row's frames. */
static void set_shares(codes *c, size_t b)
{
	for (size_t i = 0; i < c->rows; i++) {
		const float *count = c->count + (b * c->rows + i) * CLASSES;
		double all = 0;

		for (size_t k = 0; k < CLASSES; k++)
			all += (double)count[k];
		for (size_t k = 0; k < CLASSES; k++)
			c->share[i * CLASSES + k] = all > 0 ? (double)count[k] / all : 0;
	}
}

/* One is added to every count, as in the network's unigram. */
static void find_unigram(const codes *c, size_t b, const gb_mse_ridge_part *part, double *unigram)
{
	double all = CLASSES;

	for (size_t k = 0; k < CLASSES; k++)
		unigram[k] = 1;
	for (size_t i = 0; i < part->kept; i++)
		for (size_t k = 0; k < CLASSES; k++) {
			double n = (double)c->count[(b * c->rows + part->row[i]) * CLASSES + k];

			unigram[k] += n;
			all += n;
		}
	for (size_t k = 0; k < CLASSES; k++)
		unigram[k] /= all;
}

/* Cross-entropy −Σ count·log p of a row whose logits are log unigram + MOVE/(unigram + FLOOR). */
static double cross_entropy(const float *count, const double *unigram, const double *move)
{
	double logit[CLASSES], most = -INFINITY, sum = 0, loss = 0;

	for (size_t k = 0; k < CLASSES; k++) {
		logit[k] = log(unigram[k]) + (move ? move[k] / (unigram[k] + FLOOR) : 0);
		most = logit[k] > most ? logit[k] : most;
	}
	for (size_t k = 0; k < CLASSES; k++)
		sum += exp(logit[k] - most);
	for (size_t k = 0; k < CLASSES; k++)
		loss -= count[k] > 0 ? (double)count[k] * (logit[k] - most - log(sum)) : 0;
	return loss;
}

/* Add the losses of codebook B on held-out rows, by penalty. */
static gb_status evaluate_penalties(codes *c, size_t b, gb_err *err)
{
	double unigram[CLASSES];

	set_shares(c, b);
	for (int f = 0; f < GB_SKILL_FOLDS; f++) {
		const gb_mse_ridge_part *part = &c->system->fold[f];
		const float *count = c->count + (b * c->rows + part->first) * CLASSES;

		if (!part->kept)
			continue;
		find_unigram(c, b, part, unigram);
		if (gb_mse_ridge_project(part, c->system->columns, c->share, CLASSES, CLASSES, c->mean, c->z,
		                         err) != GB_OK)
			return GB_SYSTEM;
		for (size_t i = 0; i < part->held; i++)
			c->constant += cross_entropy(count + i * CLASSES, unigram, NULL);
		for (int l = 0; l < GB_SKILL_PENALTIES; l++) {
			gb_mse_ridge_predict(part, c->z, CLASSES, gb_mse_ridge_penalty(c->system, l), c->work,
			                     c->out);
			for (size_t i = 0; i < part->held; i++)
				c->loss[l] += cross_entropy(count + i * CLASSES, unigram,
				                            c->out + i * CLASSES);
		}
	}
	return GB_OK;
}

/* M [order, books·CLASSES]: the change of each logit by each direction of the basis of all rows. */
static gb_status logit_changes(codes *c, double penalty, double *m, gb_err *err)
{
	const gb_mse_ridge_part *p = &c->system->whole;

	for (size_t b = 0; b < c->books; b++) {
		double unigram[CLASSES];

		set_shares(c, b);
		find_unigram(c, b, p, unigram);
		if (gb_mse_ridge_project(p, c->system->columns, c->share, CLASSES, CLASSES, c->mean, c->z,
		                         err) != GB_OK)
			return GB_SYSTEM;
		for (size_t k = 0; k < p->order; k++)
			for (size_t i = 0; i < CLASSES; i++)
				m[(k * c->books + b) * CLASSES + i] = c->z[k * CLASSES + i] /
				    (p->lambda[k] + penalty) / (unigram[i] + FLOOR);
	}
	return GB_OK;
}

static gb_status set_weights(const codes *c, double *m, gb_err *err)
{
	size_t wide = c->books * CLASSES, columns = c->system->columns;
	double *read = gb_array(columns * FACTORS, sizeof *read, err),
	    *write = gb_array(wide * FACTORS, sizeof *write, err), offset[FACTORS];
	float *logit = gb_init_parameter(c->init->net, "back.codes.logits.weight"),
	    *bias = gb_init_parameter(c->init->net, "back.codes.bias");
	gb_low_rank map = {columns, wide, FACTORS, read, offset, write};
	gb_status status = read && write ? gb_mse_ridge_low_rank(&c->system->whole, m, &map, err) : GB_SYSTEM;

	for (size_t f = 0; status == GB_OK && f < FACTORS; f++) {
		gb_init_read_window(c->init, "back.codes.weight", f, read, FACTORS, f);
		bias[f] = (float)offset[f];
	}
	for (size_t i = 0; status == GB_OK && i < wide * FACTORS; i++)
		logit[i] = (float)write[i];
	free(read);
	free(write);
	return status;
}

static void describe_codes(const codes *c, int best, gb_json *state)
{
	gb_json *one = gb_json_object();

	gb_json_set(one, "skill",
	            gb_json_real(best < 0 || !(c->constant > 0) ? 0 : 1 - c->loss[best] / c->constant));
	gb_json_set(one, "targets", gb_json_integer(1));
	gb_json_set(one, "constant", gb_json_integer(best < 0));
	gb_json_set(state, "brain.codes", one);
}

static gb_status fit_codes(codes *c, gb_json *state, gb_err *err)
{
	size_t frames = c->init->loader->shape.code_frames;
	float *copies = gb_init_parameter(c->init->net, "back.codes.frames.weight");
	double *m;
	int best = -1;
	gb_status status = GB_OK;

	for (size_t i = 0; i < frames * FACTORS; i++)
		copies[i * FACTORS + i % FACTORS] = 1;
	for (size_t b = 0; status == GB_OK && b < c->books; b++)
		status = evaluate_penalties(c, b, err);
	for (int l = 0; l < GB_SKILL_PENALTIES; l++)
		if (c->loss[l] < (best < 0 ? c->constant : c->loss[best]))
			best = l;
	describe_codes(c, best, state);
	if (status != GB_OK || best < 0)
		return status;
	m = gb_array(c->system->whole.order * c->books * CLASSES, sizeof *m, err);
	status = m ? logit_changes(c, gb_mse_ridge_penalty(c->system, best), m, err) : GB_SYSTEM;
	if (status == GB_OK)
		status = set_weights(c, m, err);
	free(m);
	return status;
}

gb_status gb_init_codes(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *rows,
                        gb_json *state, gb_err *err)
{
	size_t side = system->rows > system->columns ? system->rows : system->columns;
	codes c = {.init = s, .system = system, .rows = rows->trains, .books = s->loader->shape.codebooks};
	gb_status status;

	c.count = gb_init_numbers(c.books * c.rows * CLASSES, err);
	c.share = gb_array(c.rows * CLASSES, sizeof *c.share, err);
	c.z = gb_array(side * CLASSES, sizeof *c.z, err);
	c.work = gb_array(side * CLASSES, sizeof *c.work, err);
	c.out = gb_array(side * CLASSES, sizeof *c.out, err);
	c.mean = gb_array(CLASSES, sizeof *c.mean, err);
	status = c.count && c.share && c.z && c.work && c.out && c.mean ? GB_OK : GB_SYSTEM;
	if (status == GB_OK) {
		read_counts(&c, rows);
		status = fit_codes(&c, state, err);
	}
	free(c.count);
	free(c.share);
	free(c.z);
	free(c.work);
	free(c.out);
	free(c.mean);
	return status;
}
