/* SPDX-License-Identifier: MIT */
/* init_decoder.c: the ridge solution of decoding, in two maps: factors of the BOLD
 * window → the dimensions of z that reach the brain → text.  Where BOLD predicts z
 * badly, ridge shrinks its estimate, and with it the estimate of the text. */
#include "train/init_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "loader/batch.h"
#include "network/graph_cost.h"

/* ---- brain → z ---- */

gb_status gb_init_window_delays(const gb_network_shape *shape, gb_delays *delays, gb_err *err)
{
	return gb_delays_fir(delays, -(int)(shape->window_first + shape->window_lags) + 1,
	                     -(int)shape->window_first + 1, err);
}

float *gb_init_factors(const gb_init *s, const gb_init_list *list, const float *head, size_t factors,
                       gb_err *err)
{
	const gb_network_shape *shape = &s->net->shape;
	float *u = gb_init_numbers(list->haves * factors, err), *one = gb_init_numbers(s->targets, err);
	size_t first = 0;

	for (size_t k = 0; u && one && k < shape->subjects; k++) {
		size_t v = shape->voxels[k];

		for (size_t i = 0; i < list->haves; i++) {
			const gb_loader *loader = s->loader;
			int64_t row = list->have[i];
			bool good = loader->brain_valid[k][row] &&
			    gb_dataset_use(loader->set)[row] != GB_ROW_TEST &&
			    loader->use[row] != GB_LOADER_VALIDATE;

			if (!good)
				continue;
			gb_bold_source_read(&loader->brain[k], row, loader->scratch, one);
			for (size_t j = 0; j < v; j++)
				one[j] = (one[j] - loader->statistics.bold_mean[k][j]) /
				    loader->statistics.bold_std[k][j] / (float)shape->subjects;
			gb_init_product(s, gb_stored(one), gb_stored(head + first * factors),
			                (gb_product_size){1, factors, v}, true, u + i * factors);
		}
		first += v;
	}
	free(one);
	return u;
}

/* Scale each factor to unit SD on the rows of LIST, and the readouts with it. */
static void scale_factors(gb_init *s, const gb_init_list *list, float *u)
{
	const gb_network_shape *shape = &s->net->shape;
	size_t first = 0;
	float *sd = s->loader->scratch; /* as long as any subject has voxels; the rank is below */

	for (size_t f = 0; f < s->rank; f++) {
		double squares = 0;

		for (size_t i = 0; i < list->haves; i++)
			squares += (double)u[i * s->rank + f] * (double)u[i * s->rank + f];
		sd[f] = squares > 0 ? (float)sqrt(squares / (double)list->haves) : 1;
		for (size_t i = 0; i < list->haves; i++)
			u[i * s->rank + f] /= sd[f];
	}
	for (size_t k = 0; k < shape->subjects; k++) {
		char name[96];
		float *head;

		snprintf(name, sizeof name, "decode.%s.weight", shape->subject[k]);
		head = gb_init_parameter(s->net, name);
		for (size_t f = 0; f < s->rank; f++)
			for (size_t v = 0; v < shape->voxels[k]; v++)
				head[f * shape->voxels[k] + v] = s->factors[(first + v) * s->rank + f] /
				    sd[f];
		first += shape->voxels[k];
	}
}

/* Turn dual coefficients of the only band X [haves, width] into a matrix [filters·width, targets]. */
static gb_status to_primal(const gb_init *s, const gb_init_list *list, const gb_delays *delays,
                           const float *x, size_t width, gb_ridge_fit *fit, gb_err *err)
{
	gb_row_list trains = gb_init_is_trained(list), haves = gb_init_has(list);
	size_t columns = (size_t)delays->filters * width;
	int32_t *table;
	float *design, *w;
	gb_status status = GB_SYSTEM;

	if (!fit->is_dual[0])
		return GB_OK;
	table = gb_delays_table(delays, &trains, &haves, err);
	design = gb_init_numbers(list->trains * columns, err);
	w = gb_init_numbers(columns * fit->targets, err);
	if (table && design && w) {
		gb_delays_design(delays, table, list->trains, x, width, design);
		gb_init_product(s, gb_transposed(design), gb_stored(fit->coefficient[0]),
		                (gb_product_size){columns, fit->targets, list->trains}, false, w);
		free(fit->coefficient[0]);
		fit->coefficient[0] = w;
		fit->is_dual[0] = false;
		w = NULL;
		status = GB_OK;
	}
	free(table);
	free(design);
	free(w);
	return status;
}

/* The dimensions of z that reach the brain, [trains, drivens], with the present linear.weight. */
static float *driven_z(const gb_init *s, gb_err *err)
{
	size_t b = s->net->bottleneck, rows = s->rows.trains, d = s->drivens;
	float *x = gb_init_view(s, err), *z = gb_init_numbers(rows * b, err),
	    *out = gb_init_numbers(rows * d, err);

	if (x && z && out) {
		gb_init_product(s, gb_stored(x), gb_transposed(gb_init_parameter(s->net, "linear.weight")),
		                (gb_product_size){rows, b, s->loader->shape.linear}, false, z);
		for (size_t i = 0; i < rows; i++)
			for (size_t j = 0; j < d; j++)
				out[i * d + j] = z[i * b + s->driven[j]];
	} else {
		free(out);
		out = NULL;
	}
	free(x);
	free(z);
	return out;
}

static void set_map(gb_init *s, const gb_ridge_fit *fit)
{
	size_t lags = s->net->shape.window_lags, d = s->drivens;
	float *map = gb_init_parameter(s->net, "decode.map.weight"),
	    *bias = gb_init_parameter(s->net, "decode.map.bias");

	memset(map, 0, s->net->bottleneck * lags * s->rank * sizeof *map);
	for (size_t j = 0; j < d; j++) {
		float *to = map + s->driven[j] * lags * s->rank;

		bias[s->driven[j]] = fit->mean[j];
		for (size_t f = 0; f < lags; f++) /* filter 0 of the delays is the farthest row */
			for (size_t i = 0; i < s->rank; i++)
				to[(lags - 1 - f) * s->rank + i] =
				    fit->coefficient[0][(f * s->rank + i) * d + j];
	}
}

static gb_status fit_latent(gb_init *s, const float *z, gb_json *state, gb_err *err)
{
	const gb_network_shape *shape = &s->net->shape;
	gb_ridge_fit fit = {0};
	gb_init_list list = {0};
	gb_delays delays = {0};
	gb_ridge_band band = {s->rank, NULL};
	gb_ridge_problem problem = {.delays = &delays, .band = &band, .bands = 1, .y = z,
	                            .targets = s->drivens};
	float *u = NULL;
	gb_status status;

	GB_TRY(gb_init_window_delays(shape, &delays, err));
	GB_TRY(gb_init_list_rows(s, &delays, &list, err));
	u = gb_init_factors(s, &list, s->factors, s->rank, err);
	GB_TRY(u ? GB_OK : GB_SYSTEM);
	scale_factors(s, &list, u);
	band.x = u;
	GB_TRY(gb_init_solve(problem, &list, s->options, &fit, err));
	GB_TRY(to_primal(s, &list, &delays, u, s->rank, &fit, err));
	set_map(s, &fit);
	gb_init_describe(state, "decode", &fit);
done:
	free(u);
	gb_ridge_fit_clear(&fit);
	gb_init_list_free(&list);
	gb_delays_clear(&delays);
	return status;
}

/* ---- z → text ---- */

/* The train rows that have text, with their z and their text. */
static gb_status text_rows(const gb_init *s, const float *z, gb_init_list *list, float **x, float **y,
                           gb_err *err)
{
	size_t d = s->drivens, n = s->loader->shape.text;

	*x = gb_init_numbers(s->rows.trains * d, err);
	*y = gb_init_numbers(s->rows.trains * n, err);
	list->train = gb_array(s->rows.trains, sizeof *list->train, err);
	list->train_run = gb_array(s->rows.trains, sizeof *list->train_run, err);
	if (!*x || !*y || !list->train || !list->train_run)
		return GB_SYSTEM;
	for (size_t i = 0; i < s->rows.trains; i++) {
		size_t to = list->trains;

		if (!s->loader->present[2][s->rows.train[i]])
			continue;
		list->train[to] = s->rows.train[i];
		list->train_run[to] = s->rows.train_run[i];
		memcpy(*x + to * d, z + i * d, d * sizeof **x);
		gb_loader_text(s->loader, s->rows.train[i], *y + to * n);
		list->trains++;
	}
	return GB_OK;
}

static void set_text_path(gb_init *s, const gb_ridge_fit *fit)
{
	const gb_graph *graph = s->net->graph;
	size_t d = s->drivens, n = s->loader->shape.text, b = s->net->bottleneck;
	size_t rows = gb_graph_parameter_at(s->net->graph,
	                                    gb_graph_find(graph, "13c.text.factors.weight"))->rows;
	float *factors = gb_init_parameter(s->net, "13c.text.factors.weight");
	float *weight = gb_init_parameter(s->net, "13c.text.linear.weight");
	float *bias = gb_init_parameter(s->net, "13c.text.bias");

	/* Factor j is driven dimension j; there are at least as many factors. */
	for (size_t j = 0; j < d; j++) {
		memset(factors + j * b, 0, b * sizeof *factors);
		factors[j * b + s->driven[j]] = 1;
	}
	for (size_t i = 0; i < n; i++) {
		bias[i] = fit->mean[i];
		for (size_t j = 0; j < d; j++)
			weight[i * rows + j] = fit->coefficient[0][j * n + i];
	}
}

static gb_status fit_text(gb_init *s, const float *z, gb_json *state, gb_err *err)
{
	gb_ridge_fit fit = {0};
	gb_init_list list = {0};
	gb_delays now = {0};
	gb_ridge_band band = {s->drivens, NULL};
	gb_ridge_problem problem = {.delays = &now, .band = &band, .bands = 1,
	                            .targets = s->loader->shape.text};
	float *x = NULL, *y = NULL;
	gb_status status;

	GB_TRY(gb_delays_fir(&now, 0, 1, err));
	GB_TRY(text_rows(s, z, &list, &x, &y, err));
	if (list.trains <= GB_RIDGE_FOLDS)
		goto done;
	list.haves = list.trains;
	list.have = list.train;
	list.have_run = list.train_run;
	band.x = x;
	problem.y = y;
	GB_TRY(gb_init_solve(problem, &list, s->options, &fit, err));
	if (!fit.targets)
		goto done;
	GB_TRY(to_primal(s, &list, &now, x, band.width, &fit, err));
	set_text_path(s, &fit);
	gb_init_describe(state, "text", &fit);
done:
	free(x);
	free(y);
	free(list.train);
	free(list.train_run);
	gb_ridge_fit_clear(&fit);
	gb_delays_clear(&now);
	return status;
}

gb_status gb_init_decoder(gb_init *s, gb_json *state, gb_err *err)
{
	float *z = driven_z(s, err);
	gb_status status = z ? fit_latent(s, z, state, err) : GB_SYSTEM;

	if (status == GB_OK && s->loader->shape.text)
		status = fit_text(s, z, state, err);
	free(z);
	return status;
}
