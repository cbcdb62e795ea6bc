/* SPDX-License-Identifier: MIT */
#include "train/init_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "ridge/linear_map.h"
#include "network/graph_cost.h"

enum { POWER_STEPS = 3 };

float *gb_init_numbers(size_t count, gb_err *err) { return gb_array(count ? count : 1, sizeof(float), err); }

void gb_init_product(const gb_init *s, gb_init_operand a, gb_init_operand b, gb_product_size size, bool add,
                     float *c)
{
	GB_RUN(s->options->device, matmul, size.rows, size.columns, size.depth, a.data, b.data, c,
	       a.transposed, b.transposed, add);
}

/* Make the columns of X [rows, columns] orthonormal by Gram-Schmidt, applied twice.  A
 * column that depends on the ones before it becomes 0. */
static void orthonormalise(float *x, size_t rows, size_t columns)
{
	for (size_t c = 0; c < columns; c++) {
		double before = 0, norm = 0;

		for (size_t r = 0; r < rows; r++)
			before += (double)x[r * columns + c] * (double)x[r * columns + c];
		for (int pass = 0; pass < 2; pass++)
			for (size_t d = 0; d < c; d++) {
				double dot = 0;

				for (size_t r = 0; r < rows; r++)
					dot += (double)x[r * columns + c] * (double)x[r * columns + d];
				for (size_t r = 0; r < rows; r++)
					x[r * columns + c] -= (float)(dot * (double)x[r * columns + d]);
			}
		for (size_t r = 0; r < rows; r++)
			norm += (double)x[r * columns + c] * (double)x[r * columns + c];
		norm = norm > 1e-10 * before ? 1 / sqrt(norm) : 0;
		for (size_t r = 0; r < rows; r++)
			x[r * columns + c] *= (float)norm;
	}
}

static void randomise(float *x, size_t count, uint64_t seed, uint32_t stream)
{
	gb_rng rng = gb_rng_at(seed, stream, 0, 0x73746172);

	for (size_t i = 0; i < count; i++)
		x[i] = (float)gb_rng_normal(&rng);
}

/* ---- the fit ---- */

gb_status gb_init_list_rows(const gb_init *s, const gb_delays *delays, gb_init_list *list, gb_err *err)
{
	const gb_loader *loader = s->loader;
	size_t n = 0;

	list->train = gb_array((size_t)loader->rows, sizeof *list->train, err);
	list->train_run = gb_array((size_t)loader->rows, sizeof *list->train_run, err);
	if (!list->train || !list->train_run)
		return GB_SYSTEM;
	for (int64_t r = 0; r < loader->rows; r++) {
		bool good = loader->use[r] == GB_LOADER_FIT;

		for (size_t k = 0; k < loader->shape.subjects; k++)
			good = good && loader->brain_valid[k][r];
		if (!good)
			continue;
		list->train[n] = r;
		list->train_run[n++] = gb_clock_run_of(loader->clock, r);
	}
	list->trains = n;
	return gb_ridge_rows_read(delays, loader->clock, list->train, n, &list->have, &list->have_run,
	                          &list->haves, err);
}

void gb_init_list_free(gb_init_list *list)
{
	free(list->train);
	free(list->have);
	free(list->train_run);
	free(list->have_run);
}

gb_row_list gb_init_is_trained(const gb_init_list *list)
{
	return (gb_row_list){list->trains, list->train, list->train_run};
}
gb_row_list gb_init_has(const gb_init_list *list)
{
	return (gb_row_list){list->haves, list->have, list->have_run};
}

float *gb_init_bold(gb_init *s, const gb_init_list *list, gb_err *err)
{
	const gb_loader *loader = s->loader;
	float *y = gb_init_numbers(list->trains * s->targets, err);

	for (size_t i = 0; y && i < list->trains; i++) {
		float *to = y + i * s->targets;

		for (size_t k = 0; k < loader->shape.subjects; k++) {
			size_t v = loader->shape.voxels[k];

			gb_bold_source_read(&loader->brain[k], list->train[i], loader->scratch, to);
			for (size_t j = 0; j < v; j++)
				to[j] = (to[j] - loader->statistics.bold_mean[k][j]) /
				    loader->statistics.bold_std[k][j];
			to += v;
		}
	}
	return y;
}

gb_status gb_init_solve(gb_ridge_problem problem, const gb_init_list *list, const gb_init_options *options,
                        gb_ridge_fit *fit, gb_err *err)
{
	problem.have = gb_init_has(list);
	problem.train = gb_init_is_trained(list);
	problem.gap = options->gap;
	problem.draws = GB_RIDGE_DRAWS;
	problem.best = GB_RIDGE_BEST;
	problem.seed = options->seed;
	return gb_ridge_solve(&problem, options->device->pool, fit, err);
}

static gb_status fit_encoder(gb_init *s, gb_err *err)
{
	const gb_loader *loader = s->loader;
	gb_ridge_band band[GB_BANDS_MAX] = {{0}};
	float *x[GB_BANDS_MAX] = {NULL}, *y = gb_init_bold(s, &s->rows, err);
	const gb_row_list trains = gb_init_is_trained(&s->rows), haves = gb_init_has(&s->rows);
	int32_t *table = gb_delays_table(s->options->delays, &trains, &haves, err);
	gb_ridge_problem problem = {.delays = s->options->delays, .band = band,
	                            .bands = (size_t)loader->bands, .y = y, .targets = s->targets};
	gb_status status;

	GB_TRY(y && table ? GB_OK : GB_SYSTEM);
	for (int b = 0; b < loader->bands; b++) {
		size_t width = loader->band[b].width;
		const float *from = loader->linear + loader->band[b].first;

		x[b] = gb_init_numbers(haves.count * width, err);
		s->design[b] = gb_init_numbers(trains.count * s->filters * width, err);
		GB_TRY(x[b] && s->design[b] ? GB_OK : GB_SYSTEM);
		for (size_t r = 0; r < haves.count; r++)
			memcpy(x[b] + r * width, from + (size_t)haves.row[r] * loader->shape.linear,
			       width * sizeof *from);
		band[b] = (gb_ridge_band){width, x[b]};
		gb_delays_design(s->options->delays, table, trains.count, x[b], width, s->design[b]);
	}
	status = gb_init_solve(problem, &s->rows, s->options, &s->fit, err);
done:
	for (int b = 0; b < loader->bands; b++)
		free(x[b]);
	free(table);
	free(y);
	return status;
}

/* ---- the fit as a matrix: the predictions of the train rows are Σ_b D_b W_b ---- */

/* OUT [filters·width, columns] = W_b G, G [targets, columns]. */
static gb_status coefficients(const gb_init *s, size_t b, const float *g, size_t columns, float *out,
                              gb_err *err)
{
	size_t width = s->filters * s->loader->band[b].width, n = s->rows.trains;
	float *part;

	if (!s->fit.is_dual[b]) {
		gb_init_product(s, gb_stored(s->fit.coefficient[b]), gb_stored(g),
		                (gb_product_size){width, columns, s->targets}, false, out);
		return GB_OK;
	}
	if (!(part = gb_init_numbers(n * columns, err)))
		return GB_SYSTEM;
	gb_init_product(s, gb_stored(s->fit.coefficient[b]), gb_stored(g),
	                (gb_product_size){n, columns, s->targets}, false, part);
	gb_init_product(s, gb_transposed(s->design[b]), gb_stored(part), (gb_product_size){width, columns, n},
	                false, out);
	free(part);
	return GB_OK;
}

/* One power iteration: G [targets, rank] becomes an orthonormal basis of (ŶᵀŶ) G, Ŷ the predictions of the
 * fit. */
static gb_status power_step(const gb_init *s, float *g, gb_err *err)
{
	size_t n = s->rows.trains, c = s->rank;
	float *u = gb_init_numbers(n * c, err), *next = gb_init_numbers(s->targets * c, err), *w,
	    *part = gb_init_numbers(n * c, err);
	gb_status status = u && next && part ? GB_OK : GB_SYSTEM;

	for (int b = 0; status == GB_OK && b < s->loader->bands; b++) {
		size_t width = s->filters * s->loader->band[b].width;

		if (!(w = gb_init_numbers(width * c, err)) ||
		    coefficients(s, (size_t)b, g, c, w, err) != GB_OK)
			status = GB_SYSTEM;
		else
			gb_init_product(s, gb_stored(s->design[b]), gb_stored(w),
			                (gb_product_size){n, c, width}, true, u);
		free(w);
	}
	if (status == GB_OK)
		orthonormalise(u, n, c);
	for (int b = 0; status == GB_OK && b < s->loader->bands; b++) {
		size_t width = s->filters * s->loader->band[b].width;

		if (!(w = gb_init_numbers(width * c, err))) {
			status = GB_SYSTEM;
			break;
		}
		gb_init_product(s, gb_transposed(s->design[b]), gb_stored(u), (gb_product_size){width, c, n},
		                false, w);
		if (s->fit.is_dual[b]) {
			gb_init_product(s, gb_stored(s->design[b]), gb_stored(w),
			                (gb_product_size){n, c, width}, false, part);
			gb_init_product(s, gb_transposed(s->fit.coefficient[b]), gb_stored(part),
			                (gb_product_size){s->targets, c, n}, true, next);
		} else {
			gb_init_product(s, gb_transposed(s->fit.coefficient[b]), gb_stored(w),
			                (gb_product_size){s->targets, c, width}, true, next);
		}
		free(w);
	}
	if (status == GB_OK) {
		memcpy(g, next, s->targets * c * sizeof *g);
		orthonormalise(g, s->targets, c);
	}
	free(u);
	free(next);
	free(part);
	return status;
}

/* ---- the network's weights ---- */

float *gb_init_parameter(const gb_network *net, const char *name)
{
	const gb_parameter *p = gb_graph_parameter_at(net->graph, gb_graph_find(net->graph, name));

	return (float *)gb_graph_weights(net->graph)->host + p->first;
}

float *gb_init_view(const gb_init *s, gb_err *err)
{
	size_t n = s->loader->shape.linear;
	float *x = gb_init_numbers(s->rows.trains * n, err);

	for (size_t i = 0; x && i < s->rows.trains; i++)
		memcpy(x + i * n, s->loader->linear + (size_t)s->rows.train[i] * n, n * sizeof *x);
	return x;
}

/* C [linear, filters·rank]: the weight of each column of the linear view for each factor, by filter. */
static float *view_coefficients(const gb_init *s, gb_err *err)
{
	size_t wide = s->filters * s->rank;
	float *c = gb_init_numbers(s->loader->shape.linear * wide, err);

	for (int b = 0; c && b < s->loader->bands; b++) {
		const gb_loader_feature *band = &s->loader->band[b];
		float *w = gb_init_numbers(s->filters * band->width * s->rank, err);

		if (!w || coefficients(s, (size_t)b, s->factors, s->rank, w, err) != GB_OK) {
			free(w);
			free(c);
			return NULL;
		}
		for (size_t f = 0; f < s->filters; f++)
			for (size_t i = 0; i < band->width; i++)
				memcpy(c + (band->first + i) * wide + f * s->rank,
				       w + (f * band->width + i) * s->rank, s->rank * sizeof *c);
		free(w);
	}
	return c;
}

/* The Q directions R [wide, q] of OUTPUTS [trains, wide] with the most variance; the identity where q =
 * wide. */
static gb_status directions(const gb_init *s, const float *outputs, size_t wide, size_t q, float *r,
                            gb_err *err)
{
	size_t n = s->rows.trains;
	float *u;

	if (q == wide) {
		for (size_t i = 0; i < wide; i++)
			r[i * q + i] = 1;
		return GB_OK;
	}
	if (!(u = gb_init_numbers(n * q, err)))
		return GB_SYSTEM;
	randomise(r, wide * q, s->options->seed, 2);
	for (int step = 0; step < POWER_STEPS; step++) {
		gb_init_product(s, gb_stored(outputs), gb_stored(r), (gb_product_size){n, q, wide}, false, u);
		orthonormalise(u, n, q);
		gb_init_product(s, gb_transposed(outputs), gb_stored(u), (gb_product_size){wide, q, n}, false,
		                r);
		orthonormalise(r, wide, q);
	}
	free(u);
	return GB_OK;
}

/* A direction whose SD is below this part of the largest SD counts as noise. */
#define LEAST_SD 0.03f

/* SD [B] of z = linear.weight·X over the train rows. */
static gb_status measure_z(const gb_init *s, const float *x, const float *weight, float *sd, gb_err *err)
{
	size_t n = s->rows.trains, wide = s->loader->shape.linear, b = s->net->bottleneck;
	float *z = gb_init_numbers(n * b, err);

	if (!z)
		return GB_SYSTEM;
	gb_init_product(s, gb_stored(x), gb_transposed(weight), (gb_product_size){n, b, wide}, false, z);
	for (size_t j = 0; j < b; j++) {
		double sum = 0, squares = 0;

		for (size_t i = 0; i < n; i++) {
			sum += (double)z[i * b + j];
			squares += (double)z[i * b + j] * (double)z[i * b + j];
		}
		sd[j] = (float)sqrt(fmax(squares / (double)n - sum / (double)n * (sum / (double)n), 0));
	}
	free(z);
	return GB_OK;
}

/* Scale the rows of linear.weight so that z has unit SD on the train rows.  SD [B] gets their
 * SD before; of the first Q, those that count as noise become random rows, with SD 0. */
static gb_status unit_rows(const gb_init *s, const float *x, float *weight, size_t q, float *sd, gb_err *err)
{
	size_t wide = s->loader->shape.linear, b = s->net->bottleneck;
	float *random = gb_init_numbers(b, err), most = 0;
	gb_status status = random ? measure_z(s, x, weight, sd, err) : GB_SYSTEM;

	for (size_t j = 0; status == GB_OK && j < q; j++)
		most = sd[j] > most ? sd[j] : most;
	for (size_t j = 0; status == GB_OK && j < q; j++)
		if (sd[j] <= LEAST_SD * most) {
			randomise(weight + j * wide, wide, s->options->seed, 16 + (uint32_t)j);
			sd[j] = 0;
		}
	if (status == GB_OK)
		status = measure_z(s, x, weight, random, err);
	for (size_t j = 0; status == GB_OK && j < b; j++)
		for (size_t i = 0; random[j] > 0 && i < wide; i++)
			weight[j * wide + i] /= random[j];
	free(random);
	return status;
}

static void set_readouts(gb_init *s)
{
	const gb_network_shape *shape = &s->net->shape;
	size_t first = 0;

	for (size_t k = 0; k < shape->subjects; k++) {
		char name[96];

		snprintf(name, sizeof name, "brain.%s.weight", shape->subject[k]);
		memcpy(gb_init_parameter(s->net, name), s->factors + first * s->rank,
		       shape->voxels[k] * s->rank * sizeof(float));
		snprintf(name, sizeof name, "brain.%s.bias", shape->subject[k]);
		memcpy(gb_init_parameter(s->net, name), s->fit.mean + first,
		       shape->voxels[k] * sizeof(float));
		first += shape->voxels[k];
	}
}

static gb_status set_linear(gb_init *s, gb_err *err)
{
	size_t wide = s->filters * s->rank, b = s->net->bottleneck, q = wide < b ? wide : b,
	    n = s->loader->shape.linear;
	float *x = gb_init_view(s, err), *c = view_coefficients(s, err),
	    *outputs = gb_init_numbers(s->rows.trains * wide, err);
	float *r = gb_init_numbers(wide * q, err), *a = gb_init_numbers(n * q, err),
	    *sd = gb_init_numbers(b, err);
	float *linear = gb_init_parameter(s->net, "linear.weight"),
	    *map = gb_init_parameter(s->net, "brain.map.weight");
	gb_status status;

	GB_TRY(x && c && outputs && r && a && sd ? GB_OK : GB_SYSTEM);
	gb_init_product(s, gb_stored(x), gb_stored(c), (gb_product_size){s->rows.trains, wide, n}, false,
	                outputs);
	GB_TRY(directions(s, outputs, wide, q, r, err));
	gb_init_product(s, gb_stored(c), gb_stored(r), (gb_product_size){n, q, wide}, false, a);
	for (size_t j = 0; j < q; j++)
		for (size_t i = 0; i < n; i++)
			linear[j * n + i] = a[i * q + j];
	GB_TRY(unit_rows(s, x, linear, q, sd, err));
	memset(map, 0, s->rank * s->filters * b * sizeof *map);
	for (size_t f = 0; f < s->filters; f++)
		for (size_t k = 0; k < s->rank; k++)
			for (size_t j = 0; j < q; j++)
				map[k * s->filters * b + f * b + j] = r[(f * s->rank + k) * q + j] * sd[j];
	for (size_t j = 0; j < q; j++)
		if (sd[j] > 0)
			s->driven[s->drivens++] = j;
	set_readouts(s);
done:
	free(x);
	free(c);
	free(outputs);
	free(r);
	free(a);
	free(sd);
	return status;
}

/* ---- the initialisation ---- */

void gb_init_describe(gb_json *state, const char *key, const gb_ridge_fit *fit)
{
	gb_json *one = gb_json_object();

	if (fit->choices) {
		gb_json_set(one, "score", gb_json_real(fit->choice[0].score));
		gb_json_set(one, "penalty", gb_json_real(fit->choice[0].penalty));
		gb_json_set(one, "edge", gb_json_boolean(fit->choice[0].edge));
	}
	gb_json_set(state, key, one);
}

gb_status gb_init_ridge(gb_network *net, gb_loader *loader, const gb_init_options *options, gb_json **state,
                        gb_err *err)
{
	gb_init s = {.net = net, .loader = loader, .options = options,
	             .filters = (size_t)options->delays->filters, .rank = net->shape.rank};
	gb_status status;

	*state = gb_json_object();
	for (size_t k = 0; k < loader->shape.subjects; k++)
		s.targets += loader->shape.voxels[k];
	if (!s.targets || !loader->shape.linear)
		return GB_OK;
	s.design = gb_array(GB_BANDS_MAX, sizeof *s.design, err);
	s.factors = gb_init_numbers(s.targets * s.rank, err);
	s.driven = gb_array(net->bottleneck, sizeof *s.driven, err);
	GB_TRY(s.design && s.factors && s.driven ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_init_list_rows(&s, options->delays, &s.rows, err));
	GB_TRY(fit_encoder(&s, err));
	randomise(s.factors, s.targets * s.rank, options->seed, 1);
	orthonormalise(s.factors, s.targets, s.rank);
	for (int step = 0; step < POWER_STEPS; step++)
		GB_TRY(power_step(&s, s.factors, err));
	GB_TRY(set_linear(&s, err));
	gb_init_describe(*state, "encode", &s.fit);
	if (s.drivens)
		GB_TRY(gb_init_decoder(&s, *state, err));
	status = gb_init_bold_window(&s, *state, err);
done:
	for (int b = 0; s.design && b < GB_BANDS_MAX; b++)
		free(s.design[b]);
	free(s.design);
	free(s.factors);
	free(s.driven);
	gb_init_list_free(&s.rows);
	gb_ridge_fit_clear(&s.fit);
	return status;
}
