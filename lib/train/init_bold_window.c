/* SPDX-License-Identifier: MIT */
/* init_bold_window.c: linear decoders from the BOLD window straight to the stimulus,
 * by ridge whose penalty is chosen by skill on held-out train rows.
 *
 * They read the first principal components of the train rows' BOLD, unscaled.  This
 * projection does not depend on the stimulus, so held-out rows are new to all that is
 * fitted.  (The other readouts come from the encoder, which was fitted to the rows
 * that a fold holds out.)  Video is decoded as the mean colour of a row, mel as the
 * mean spectrum, float tensors column by column. */
#include "train/init_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"
#include "loader/batch.h"

/* Train rows, evenly spaced, of which the components are made. */
enum { ROWS_MOST = 1024, COLOURS = GB_DECODER_COLOURS, WORDS = GB_DECODER_TEXT_FACTORS };

/* ---- the readouts ---- */

/* HEAD [targets, factors]: principal axes of the standardised BOLD of LIST's rows. */
static float *components(gb_init *s, const gb_init_list *list, size_t factors, gb_err *err)
{
	size_t n = list->trains < ROWS_MOST ? list->trains : ROWS_MOST;
	gb_init_list some = {.train = gb_array(n + 1, sizeof *some.train, err), .trains = n};
	double *gram = gb_array(n * n + 1, sizeof *gram, err), *value = gb_array(n + 1, sizeof *value, err);
	float *x = NULL, *axes = gb_init_numbers(n * factors, err),
	    *head = gb_init_numbers(s->targets * factors, err);
	gb_status status;

	GB_TRY(some.train && gram && value && axes && head ? GB_OK : GB_SYSTEM);
	for (size_t i = 0; i < n; i++)
		some.train[i] = list->train[i * list->trains / n];
	x = gb_init_bold(s, &some, err);
	GB_TRY(x ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_matrix_gram(s->options->device->pool, x, n, s->targets, s->targets, gram, false, err));
	GB_TRY(gb_eigen_symmetric(gram, n, value, err));
	for (size_t f = 0; f < factors && f < n; f++)
		for (size_t i = 0; i < n && value[n - 1 - f] > 1e-9 * value[n - 1]; i++)
			axes[i * factors + f] = (float)(gram[(n - 1 - f) * n + i] / sqrt(value[n - 1 - f]));
	gb_init_product(s, gb_transposed(x), gb_stored(axes), (gb_product_size){s->targets, factors, n},
	                false, head);
done:
	free(some.train);
	free(gram);
	free(value);
	free(axes);
	free(x);
	if (status == GB_OK)
		return head;
	free(head);
	return NULL;
}

static void set_readouts(const gb_init *s, const float *head, size_t factors)
{
	const gb_network_shape *shape = &s->net->shape;
	size_t first = 0;

	for (size_t k = 0; k < shape->subjects; k++) {
		char name[96];
		float *to;

		snprintf(name, sizeof name, "back.brain.%s.weight", shape->subject[k]);
		to = gb_init_parameter(s->net, name);
		for (size_t f = 0; f < factors; f++)
			for (size_t v = 0; v < shape->voxels[k]; v++)
				to[f * shape->voxels[k] + v] = head[(first + v) * factors + f];
		first += shape->voxels[k];
	}
}

/* ---- the rows ---- */

/* Does every row of the window after ROW exist in its run, and belong to the train rows? */
static bool has_window(const gb_init *s, int64_t row)
{
	const gb_network_shape *shape = &s->net->shape;
	const gb_loader *loader = s->loader;
	int run = gb_clock_run_of(loader->clock, row);

	for (int64_t r = row + (int64_t)shape->window_first;
	     r < row + (int64_t)(shape->window_first + shape->window_lags); r++) {
		if (r >= loader->rows || gb_clock_run_of(loader->clock, r) != run ||
		    gb_dataset_use(loader->set)[r] == GB_ROW_TEST || loader->use[r] == GB_LOADER_VALIDATE)
			return false;
		for (size_t k = 0; k < shape->subjects; k++)
			if (!loader->brain_valid[k][r])
				return false;
	}
	return true;
}

static void keep_rows_with_window(const gb_init *s, gb_init_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->trains; i++)
		if (has_window(s, list->train[i])) {
			list->train[kept] = list->train[i];
			list->train_run[kept++] = list->train_run[i];
		}
	list->trains = kept;
}

/* The windows of LIST's train rows [trains, lags·factors], volumes projected by HEAD. */
static float *read_windows(const gb_init *s, const gb_init_list *list, const gb_delays *delays,
                           const float *head, size_t factors, gb_err *err)
{
	gb_row_list trains = gb_init_is_trained(list), haves = gb_init_has(list);
	int32_t *table = gb_delays_table(delays, &trains, &haves, err);
	float *u = gb_init_factors(s, list, head, factors, err),
	    *design = gb_init_numbers(list->trains * (size_t)delays->filters * factors, err);

	if (table && u && design)
		gb_delays_design(delays, table, list->trains, u, factors, design);
	else {
		free(design);
		design = NULL;
	}
	free(table);
	free(u);
	return design;
}

/* ---- the network's weights ---- */

void gb_init_read_window(const gb_init *s, const char *name, size_t row, const double *w, size_t ldw,
                         size_t column)
{
	size_t lags = s->net->shape.window_lags, factors = s->net->window_factors;
	float *to = gb_init_parameter(s->net, name) + row * lags * factors;

	for (size_t f = 0; f < lags; f++)
		for (size_t i = 0; i < factors; i++)
			to[(lags - 1 - f) * factors + i] = (float)w[(f * factors + i) * ldw + column];
}

/* The mean skill over targets, and for how many targets nothing beats their mean. */
static void describe_fit(gb_json *state, const char *name, const gb_mse_ridge_fit *fit)
{
	gb_json *one = gb_json_object();
	size_t constant = 0;
	double skill = 0;

	for (size_t t = 0; t < fit->targets; t++) {
		constant += isinf(fit->penalty[t]) != 0;
		skill += fit->skill[t] / (double)fit->targets;
	}
	gb_json_set(one, "skill", gb_json_real(skill));
	gb_json_set(one, "targets", gb_json_integer((int64_t)fit->targets));
	gb_json_set(one, "constant", gb_json_integer((int64_t)constant));
	gb_json_set(state, name, one);
}

/* Where a fit goes: back.NAME.weight and back.NAME.bias, from row FIRST.  TENSOR names it in the state; the
 * network's output has MEAN (NULL: 0) already. */
typedef struct path { const char *name, *tensor; size_t first; const double *mean; } path;

/* Predict Y [rows, targets] from the window. */
static gb_status fit_path(gb_init *s, const gb_mse_ridge_system *system, const float *y, size_t targets,
                          path to, gb_json *state, gb_err *err)
{
	gb_mse_ridge_fit fit = {0};
	double *w = gb_array(system->columns * targets + 1, sizeof *w, err);
	char weight[64], bias[64], key[96];
	gb_status status;

	GB_TRY(w ? gb_mse_ridge_solve(system, y, targets, &fit, err) : GB_SYSTEM);
	snprintf(weight, sizeof weight, "back.%s.weight", to.name);
	snprintf(bias, sizeof bias, "back.%s.bias", to.name);
	snprintf(key, sizeof key, "brain.%s", to.tensor);
	for (size_t i = 0; i < system->columns * targets; i++)
		w[i] = (double)fit.weight[i];
	for (size_t t = 0; t < targets; t++) {
		double mean = to.mean ? to.mean[t] : 0;

		gb_init_read_window(s, weight, to.first + t, w, targets, t);
		gb_init_parameter(s->net, bias)[to.first + t] = (float)((double)fit.intercept[t] - mean);
	}
	describe_fit(state, key, &fit);
done:
	gb_mse_ridge_fit_clear(&fit);
	free(w);
	return status;
}

/* COPIES outputs, each equal to the COLUMNS inputs. */
static void set_copies(const gb_init *s, const char *name, size_t copies, size_t columns)
{
	float *to = gb_init_parameter(s->net, name);

	for (size_t i = 0; i < copies * columns; i++)
		to[i * columns + i % columns] = 1;
}

/* ---- pictures ---- */

static void mean_colour(const gb_init *s, const gb_feature *video, int64_t row, float out[COLOURS])
{
	const gb_network_shape *shape = &s->net->shape;
	size_t pixels = shape->video_frames * shape->video_height * shape->video_width;
	const uint8_t *x = gb_dataset_row(s->loader->set, video, row);
	uint64_t sum[COLOURS] = {0};

	for (size_t i = 0; i < pixels; i++)
		for (size_t k = 0; k < COLOURS; k++)
			sum[k] += x[i * COLOURS + k];
	for (size_t k = 0; k < COLOURS; k++)
		out[k] = (float)((double)sum[k] / (255 * (double)pixels));
}

/* The change of all logits that changes the mean of colour K by one, to first order at the train mean. */
static double logit_per_colour(const gb_init *s, size_t k)
{
	size_t values = s->net->shape.video_frames * s->net->patches * s->net->patch;
	double sum = 0;

	for (size_t i = k; i < values; i += COLOURS) {
		double p = 1 / (1 + exp(-(double)s->loader->statistics.video_base[i]));

		sum += p * (1 - p);
	}
	return (double)(values / COLOURS) / sum;
}

static gb_status fit_video(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *list,
                           const gb_feature *video, gb_json *state, gb_err *err)
{
	float *y = gb_init_numbers(list->trains * COLOURS, err),
	    *pixels = gb_init_parameter(s->net, "back.video.pixels.weight");
	double mean[COLOURS] = {0};
	gb_status status;

	GB_TRY(y ? GB_OK : GB_SYSTEM);
	for (size_t i = 0; i < list->trains; i++) {
		mean_colour(s, video, list->train[i], y + i * COLOURS);
		for (size_t k = 0; k < COLOURS; k++)
			mean[k] += (double)y[i * COLOURS + k] / (double)list->trains;
	}
	GB_TRY(fit_path(s, system, y, COLOURS, (path){"video", video->name, 0, mean}, state, err));
	set_copies(s, "back.video.frames.weight", s->net->shape.video_frames * s->net->patches, COLOURS);
	for (size_t k = 0; k < COLOURS; k++) {
		float logits = (float)logit_per_colour(s, k);

		for (size_t i = k; i < s->net->patch; i += COLOURS)
			pixels[i * COLOURS + k] = logits;
	}
done:
	free(y);
	return status;
}

/* ---- mel and float tensors ---- */

/* The mean standardised spectrum of each row. */
static gb_status fit_mel(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *list,
                         const gb_loader_feature *band, gb_json *state, gb_err *err)
{
	size_t bands = s->net->shape.mel_bands, frames = s->net->shape.mel_frames;
	float *y = gb_init_numbers(list->trains * bands, err), *one = gb_init_numbers(bands * frames, err);
	gb_status status;

	GB_TRY(y && one ? GB_OK : GB_SYSTEM);
	for (size_t i = 0; i < list->trains; i++) {
		int64_t count = gb_dataset_count(s->loader->set, band->band.feature, list->train[i]);

		gb_loader_mel(s->loader, band, list->train[i], one, false);
		for (size_t k = 0; k < bands * frames; k++)
			if ((int64_t)(k % frames) < count)
				y[i * bands + k / frames] += one[k] / (float)count;
	}
	GB_TRY(fit_path(s, system, y, bands, (path){"mel", band->name, 0, NULL}, state, err));
	set_copies(s, "back.mel.frames.weight", frames, 1);
done:
	free(y);
	free(one);
	return status;
}

/* Text, standardised, in the directions with the most predicted variance. */
static gb_status fit_text(gb_init *s, const gb_mse_ridge_system *system, const float *y, size_t n,
                          gb_json *state, gb_err *err)
{
	const gb_mse_ridge_part *p = &system->whole;
	gb_mse_ridge_fit fit = {0};
	double *wide = gb_array(system->rows * n, sizeof *wide, err), *mean = gb_array(n, sizeof *mean, err),
	    *m = gb_array(p->order * n, sizeof *m, err);
	double *read = gb_array(system->columns * WORDS, sizeof *read, err),
	    *write = gb_array(n * WORDS, sizeof *write, err), offset[WORDS];
	float *columns = gb_init_parameter(s->net, "back.text.columns.weight");
	gb_status status;

	GB_TRY(wide && mean && m && read && write ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_mse_ridge_solve(system, y, n, &fit, err));
	for (size_t i = 0; i < system->rows * n; i++)
		wide[i] = (double)y[i];
	GB_TRY(gb_mse_ridge_project(p, system->columns, wide, n, n, mean, m, err));
	for (size_t k = 0; k < p->order * n; k++)
		m[k] /= p->lambda[k / n] + fit.penalty[k % n] * system->scale;
	GB_TRY(gb_mse_ridge_low_rank(p, m, &(gb_low_rank){system->columns, n, WORDS, read, offset, write},
	                             err));
	for (size_t f = 0; f < WORDS; f++) {
		gb_init_read_window(s, "back.text.weight", f, read, WORDS, f);
		gb_init_parameter(s->net, "back.text.bias")[f] = (float)offset[f];
	}
	for (size_t i = 0; i < n; i++) {
		gb_init_parameter(s->net, "back.text.columns.bias")[i] = (float)mean[i];
		for (size_t f = 0; f < WORDS; f++)
			columns[i * WORDS + f] = (float)write[i * WORDS + f];
	}
	describe_fit(state, "brain.text", &fit);
done:
	gb_mse_ridge_fit_clear(&fit);
	free(wide);
	free(mean);
	free(m);
	free(read);
	free(write);
	return status;
}

/* A float tensor, standardised.  Float tensors are the last columns of the linear view, text first. */
static gb_status fit_floats(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *list,
                            const gb_loader_feature *band, gb_json *state, gb_err *err)
{
	const gb_network_shape *shape = &s->net->shape;
	size_t first = band->first - (shape->linear - shape->dense + shape->text);
	float *y = gb_init_numbers(list->trains * band->width, err);
	gb_status status = y ? GB_OK : GB_SYSTEM;

	for (size_t i = 0; y && i < list->trains; i++)
		memcpy(y + i * band->width,
		       s->loader->linear + (size_t)list->train[i] * shape->linear + band->first,
		       band->width * sizeof *y);
	if (status == GB_OK && !strcmp(band->name, "text"))
		status = fit_text(s, system, y, band->width, state, err);
	else if (status == GB_OK)
		status = fit_path(s, system, y, band->width, (path){"floats", band->name, first, NULL}, state,
		                  err);
	free(y);
	return status;
}

/* ---- all tensors ---- */

static gb_status fit_all(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *list,
                         gb_json *state, gb_err *err)
{
	gb_status status = GB_OK;

	for (int b = 0; status == GB_OK && b < s->loader->bands; b++) {
		const gb_loader_feature *band = &s->loader->band[b];

		if (band->kind == GB_LINEAR_FEATURE_VIDEO)
			status = fit_video(s, system, list, band->band.feature, state, err);
		else if (band->kind == GB_LINEAR_FEATURE_MEL)
			status = fit_mel(s, system, list, band, state, err);
		else if (band->kind == GB_LINEAR_FEATURE_CODES)
			status = gb_init_codes(s, system, list, state, err);
		else
			status = fit_floats(s, system, list, band, state, err);
	}
	return status;
}

gb_status gb_init_bold_window(gb_init *s, gb_json *state, gb_err *err)
{
	size_t factors = s->net->window_factors;
	gb_init_list list = {0};
	gb_mse_ridge_system system = {0};
	gb_delays delays = {0};
	float *head = NULL, *x = NULL;
	gb_status status;

	if (!factors)
		return GB_OK;
	GB_TRY(gb_init_window_delays(&s->net->shape, &delays, err));
	GB_TRY(gb_init_list_rows(s, &delays, &list, err));
	keep_rows_with_window(s, &list);
	if (list.trains < GB_SKILL_ROWS)
		goto done;
	head = components(s, &list, factors, err);
	x = head ? read_windows(s, &list, &delays, head, factors, err) : NULL;
	GB_TRY(x ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_mse_ridge_open(&system, x, (size_t)delays.filters * factors,
	                         gb_init_is_trained(&list), s->options->gap, err));
	set_readouts(s, head, factors);
	status = fit_all(s, &system, &list, state, err);
done:
	gb_mse_ridge_close(&system);
	free(head);
	free(x);
	gb_init_list_free(&list);
	gb_delays_clear(&delays);
	return status;
}
