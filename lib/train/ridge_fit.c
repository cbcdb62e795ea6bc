/* SPDX-License-Identifier: MIT */
#include "train/ridge_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "modality/modality.h"
#include "loader/bold_source.h"
#include "checkpoint/checkpoint.h"
#include "ridge/delays_from_kernel.h"
#include "ridge/ridge.h"
#include "ridge/linear_map.h"

enum { BANDS_MAX = 64, ITEMS_MAX = 16 + 6 * BANDS_MAX };

/* What becomes the checkpoint.  OWNED is freed at the end. */
typedef struct build {
	const gb_dataset *set;
	const gb_ridge_options *options;
	gb_pool *pool;
	gb_bold_source brain;
	const gb_feature *stimulus[BANDS_MAX];
	size_t stimuli;
	int64_t *train;
	int32_t *train_run;
	size_t trains;
	gb_checkpoint_item item[ITEMS_MAX];
	size_t items;
	void *owned[3 * ITEMS_MAX];
	size_t owneds;
	gb_json *dims, *state;
} build;

static void *own(build *b, void *pointer)
{
	if (pointer)
		b->owned[b->owneds++] = pointer;
	return pointer;
}

/* B takes NAME and DATA over, also on failure. */
static gb_status add_item(build *b, char *name, gb_dtype dtype, size_t rows, int64_t columns, void *data,
                          const char *dims, const char *doc)
{
	own(b, name);
	own(b, data);
	if (!name || !data)
		return GB_SYSTEM;
	b->item[b->items++] = (gb_checkpoint_item){name, dtype, columns < 0 ? 1 : 2,
	                                           {(int64_t)rows, columns < 0 ? 0 : columns}, dims, doc,
	                                           data};
	return GB_OK;
}

/* Standardise X [have, width] by MEAN and STD of each column over the train rows. */
static void standardise(const gb_row_list *have, const build *b, float *x, size_t width, float *mean,
                        float *std, double *sums)
{
	for (size_t j = 0; j < 2 * width; j++)
		sums[j] = 0;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0, t = 0; i < have->count; i++) {
			while (t < b->trains && b->train[t] < have->row[i])
				t++;
			if (t == b->trains || b->train[t] != have->row[i])
				continue;
			for (size_t j = 0; j < width; j++) {
				double d = (double)x[i * width + j] - sums[j] / (double)b->trains;

				if (pass == 0)
					sums[j] += (double)x[i * width + j];
				else
					sums[width + j] += d * d;
			}
		}
	for (size_t j = 0; j < width; j++) {
		double sd = sqrt(sums[width + j] / (double)b->trains);

		mean[j] = (float)(sums[j] / (double)b->trains);
		std[j] = sd > 1e-6 * fabs(sums[j] / (double)b->trains) ? (float)sd : 0;
	}
	for (size_t i = 0; i < have->count; i++)
		gb_ridge_standardise(x + i * width, mean, std, width);
}

typedef struct inputs {
	gb_delays delays;
	gb_row_list have;
	gb_ridge_band band[BANDS_MAX];
	const char *name[BANDS_MAX];
	float *mean[BANDS_MAX], *std[BANDS_MAX];
	size_t bands;
} inputs;

/* List the rows that the map reads, every train row among them, for the statistics. */
static gb_status rows_at_hand(build *b, inputs *in, const char *map, gb_err *err)
{
	gb_delays wide = in->delays;
	int64_t *row, *trains;
	int32_t *run;
	gb_status status;

	if (wide.first > 0) {
		wide.length += wide.first;
		wide.first = 0;
	} else if (wide.first + wide.length <= 0) {
		wide.length = 1 - wide.first;
	}
	status = gb_ridge_rows_read(&wide, gb_dataset_clock(b->set), b->train, b->trains, &row, &run,
	                            &in->have.count, err);
	if (status)
		return status;
	in->have.row = row;
	in->have.run = run;
	trains = gb_array(b->trains, sizeof *trains, err);
	if (trains)
		memcpy(trains, b->train, b->trains * sizeof *trains);
	if (add_item(b, gb_format(err, "%s.rows", map), GB_I64, in->have.count, -1, row, "row",
	             "rows of the set that the map reads") ||
	             add_item(b, gb_format(err, "%s.runs", map), GB_I32, in->have.count, -1, run, "row",
	                      "the run of each") ||
	                      add_item(b, gb_format(err, "%s.train", map), GB_I64, b->trains, -1, trains,
	                               "row", "train rows of the set"))
		return GB_SYSTEM;
	return GB_OK;
}

/* X [have, width] of one band, standardised, with its statistics among the items; X belongs to B. */
static gb_status add_band(build *b, inputs *in, const char *map, const char *name, size_t width, float *x,
                          gb_err *err)
{
	float *mean = gb_array(width, sizeof *mean, err),
	    *std = mean ? gb_array(width, sizeof *std, err) : NULL;
	double *sums = std ? gb_array(2 * width, sizeof *sums, err) : NULL;
	size_t at = in->bands++;

	in->band[at] = (gb_ridge_band){width, x};
	in->name[at] = name;
	if (sums)
		standardise(&in->have, b, x, width, mean, std, sums);
	free(sums);
	if (add_item(b, gb_format(err, "%s.%s.mean", map, name), GB_F32, width, -1, mean, "feature",
	             "mean on the train rows") ||
	             add_item(b, gb_format(err, "%s.%s.std", map, name), GB_F32, width, -1, std, "feature",
	                      "SD on the train rows; 0: not used") || !sums) {
		free(x);
		return GB_SYSTEM;
	}
	if ((size_t)in->delays.filters * width > b->trains)
		return add_item(b, gb_format(err, "%s.%s.x", map, name), GB_F32, in->have.count,
		                (int64_t)width, x, "row,feature", "standardised rows, for the kernel");
	own(b, x);
	return GB_OK;
}

static gb_status read_stimulus(build *b, inputs *in, const gb_feature *feature, gb_err *err)
{
	gb_linear_feature band;
	gb_status status = gb_linear_feature_of(&band, feature, err);
	size_t cells;
	float *x, *scratch;

	if (status)
		return status;
	if (!gb_size_mul(in->have.count, band.width, &cells))
		return gb_fail(err, GB_SYSTEM, "%s: too wide", feature->name);
	x = gb_array(cells, sizeof *x, err);
	scratch = x ? gb_array(feature->elements, sizeof *scratch, err) : NULL;
	if (!scratch) {
		free(x);
		return GB_SYSTEM;
	}
	for (size_t i = 0; i < in->have.count; i++)
		gb_linear_feature_read(b->set, &band, in->have.row[i], scratch, x + i * band.width);
	free(scratch);
	return add_band(b, in, "encode", feature->name, band.width, x, err);
}

/* BOLD at ROWS, [count, voxels]. */
static float *read_brain(const build *b, const int64_t *row, size_t count, gb_err *err)
{
	size_t cells, voxels = b->brain.voxels;
	float *x, *scratch;

	if (!gb_size_mul(count, voxels, &cells)) {
		gb_fail(err, GB_SYSTEM, "bold: too large");
		return NULL;
	}
	x = gb_array(cells, sizeof *x, err);
	scratch = x ? gb_array(voxels, sizeof *scratch, err) : NULL;
	if (!scratch) {
		free(x);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		gb_bold_source_read(&b->brain, row[i], scratch, x + i * voxels);
	free(scratch);
	return x;
}

/* ---- description of a fit ---- */

/* Penalties of the first choice, where each target has its own. */
static gb_json *describe_own(const gb_ridge_fit *fit)
{
	gb_json *out = gb_json_object(), *counts = gb_json_array();
	size_t below = 0;
	int median = -1;

	for (int l = 0; l < GB_RIDGE_PENALTIES; l++) {
		below += fit->own_count[l];
		median = median < 0 && 2 * below >= fit->targets ? l : median;
		gb_json_append(counts, gb_json_integer((int64_t)fit->own_count[l]));
	}
	gb_json_set(out, "score", gb_json_real(fit->own_score));
	gb_json_set(out, "penalty", gb_json_real(gb_ridge_penalty(median)));
	gb_json_set(out, "at_edge",
	            gb_json_integer((int64_t)(fit->own_count[0] + fit->own_count[GB_RIDGE_PENALTIES - 1])));
	gb_json_set(out, "counts", counts);
	return out;
}

static gb_json *describe_fit(const char *map, const gb_ridge_fit *fit)
{
	gb_json *out = gb_json_object(), *curve = gb_json_array(), *choices = gb_json_array();
	bool edge = false;

	for (int l = 0; l < GB_RIDGE_PENALTIES; l++)
		gb_json_append(curve, gb_json_real(fit->curve[l]));
	for (size_t c = 0; c < fit->choices; c++) {
		gb_json *choice = gb_json_object(), *weights = gb_json_array();

		for (size_t b = 0; b < fit->bands; b++)
			gb_json_append(weights, gb_json_real(fit->choice[c].weight[b]));
		gb_json_set(choice, "penalty", gb_json_real(fit->choice[c].penalty));
		gb_json_set(choice, "score", gb_json_real(fit->choice[c].score));
		gb_json_set(choice, "weights", weights);
		gb_json_append(choices, choice);
		edge = edge || fit->choice[c].edge;
	}
	gb_json_set(out, "map", gb_json_string(map));
	gb_json_set(out, "score", gb_json_real(fit->choice[0].score));
	gb_json_set(out, "penalty", gb_json_real(fit->choice[0].penalty));
	gb_json_set(out, "edge", gb_json_boolean(edge));
	gb_json_set(out, "train_rows", gb_json_integer((int64_t)fit->train));
	gb_json_set(out, "targets", gb_json_integer((int64_t)fit->targets));
	gb_json_set(out, "form", gb_json_string(fit->primal ? "primal" : "dual"));
	gb_json_set(out, "curve", curve);
	gb_json_set(out, "choices", choices);
	if (fit->penalty)
		gb_json_set(out, "own", describe_own(fit));
	return out;
}

static gb_json *describe_bands(const inputs *in, const gb_ridge_fit *fit)
{
	gb_json *bands = gb_json_array();

	for (size_t i = 0; i < in->bands; i++) {
		gb_json *band = gb_json_object();

		gb_json_set(band, "name", gb_json_string(in->name[i]));
		gb_json_set(band, "width", gb_json_integer((int64_t)in->band[i].width));
		gb_json_set(band, "dual", gb_json_boolean(fit->is_dual[i]));
		gb_json_append(bands, band);
	}
	return bands;
}

/* Solve for Y [train, targets]; the coefficients become items.  FEATURE NULL: the encoder. */
static gb_status fit_targets(build *b, const inputs *in, const char *feature, const float *y, size_t targets,
                             gb_json **dims, gb_err *err)
{
	gb_ridge_problem problem = {&in->delays, in->have, {b->trains, b->train, b->train_run},
	                            gb_dataset_gap(b->set), in->bands, in->band, targets, y, GB_RIDGE_DRAWS,
	                            GB_RIDGE_BEST, b->options->seed, b->options->per_voxel && !feature};
	const char *map = feature ? "decode" : "encode";
	gb_ridge_fit fit;
	gb_status status = gb_ridge_solve(&problem, b->pool, &fit, err);
	char *name;

	if (status)
		return feature ? gb_fail_in(err, "brain → %s", feature) : gb_fail_in(err, "stimulus → brain");
	gb_json_append(b->state, describe_fit(feature ? feature : "bold", &fit));
	*dims = gb_json_object();
	gb_json_set(*dims, "targets", gb_json_integer((int64_t)targets));
	gb_json_set(*dims, "bands", describe_bands(in, &fit));
	for (size_t i = 0; !status && i < in->bands; i++) {
		size_t rows = fit.is_dual[i] ? b->trains : (size_t)in->delays.filters * in->band[i].width;

		status = add_item(b,
		                  gb_format(err, "%s.%s.coefficient", map, feature ? feature : in->name[i]),
		                  GB_F32, rows, (int64_t)targets, fit.coefficient[i], "column,target",
		                  fit.is_dual[i] ? "for the kernel with each train row"
		                  : "weights, filter by filter");
		fit.coefficient[i] = NULL;
	}
	name = feature ? gb_format(err, "decode.%s.offset", feature) : gb_format(err, "encode.offset");
	if (!status)
		status = add_item(b, name, GB_F32, targets, -1, fit.mean, "target", "mean on the train rows");
	else
		free(name);
	fit.mean = status ? fit.mean : NULL;
	if (!status && fit.penalty) {
		status = add_item(b, gb_format(err, "encode.penalty"), GB_F32, fit.choices, (int64_t)targets,
		                  fit.penalty, "choice,voxel",
		                  "penalty of each voxel with the weights of each choice");
		fit.penalty = NULL;
	}
	gb_ridge_fit_clear(&fit);
	return status;
}

static gb_status train_encoder(build *b, gb_err *err)
{
	inputs in = {0};
	float *y = NULL;
	gb_json *dims = NULL;
	gb_rational step = gb_dataset_clock(b->set)->step;
	gb_status status;

	GB_TRY(gb_delays_of_kernel(&in.delays, b->options->brain_kernel, step, err));
	GB_TRY(rows_at_hand(b, &in, "encode", err));
	for (size_t i = 0; i < b->stimuli; i++)
		GB_TRY(read_stimulus(b, &in, b->stimulus[i], err));
	y = read_brain(b, b->train, b->trains, err);
	GB_TRY(y ? GB_OK : GB_SYSTEM);
	GB_TRY(fit_targets(b, &in, NULL, y, b->brain.voxels, &dims, err));
	gb_json_set(dims, "delays", gb_delays_to_json(&in.delays));
	gb_json_set(b->dims, "encode", dims);
done:
	gb_delays_clear(&in.delays);
	free(y);
	return status;
}

/* Rows of BOLD from 1.5 to 13.5 s after the row that is decoded. */
static gb_status window_after(const build *b, gb_delays *delays, gb_err *err)
{
	gb_rational step = gb_dataset_clock(b->set)->step, first, last;

	if (!gb_rational_div((gb_rational){3, 2}, step, &first) ||
	    !gb_rational_div((gb_rational){27, 2}, step, &last))
		return gb_fail(err, GB_DATA, "a row of %lld/%lld s: too fine for a brain window",
		               (long long)step.num, (long long)step.den);
	return gb_delays_fir(delays, (int)-gb_rational_floor(last), 1 - (int)gb_rational_ceil(first), err);
}

static gb_status train_decoder(build *b, const inputs *in, const gb_feature *feature, gb_json *decoders,
                               gb_err *err)
{
	int64_t shape[4];
	int rank;
	size_t elements, cells;
	float *y, *scratch;
	gb_json *dims = NULL, *sizes;
	gb_status status;

	if (!gb_linear_feature_decodes(feature, shape, &rank, &elements))
		return GB_OK;
	if (!gb_size_mul(b->trains, elements, &cells))
		return gb_fail(err, GB_SYSTEM, "%s: too wide", feature->name);
	y = gb_array(cells, sizeof *y, err);
	scratch = y ? gb_array(feature->elements, sizeof *scratch, err) : NULL;
	for (size_t i = 0; scratch && i < b->trains; i++)
		gb_linear_feature_read_target(b->set, feature, b->train[i], y + i * elements);
	status = scratch ? fit_targets(b, in, feature->name, y, elements, &dims, err) : GB_SYSTEM;
	free(scratch);
	free(y);
	if (status)
		return status;
	sizes = gb_json_array();
	for (int i = 0; i < rank; i++)
		gb_json_append(sizes, gb_json_integer(shape[i]));
	gb_json_set(dims, "shape", sizes);
	gb_json_set(decoders, feature->name, dims);
	return GB_OK;
}

static gb_status train_decoders(build *b, gb_err *err)
{
	inputs in = {0};
	gb_json *dims = gb_json_object(), *decoders = gb_json_object();
	const uint8_t *voxels = b->options->voxels;
	float *x;
	gb_status status;

	GB_TRY(window_after(b, &in.delays, err));
	GB_TRY(rows_at_hand(b, &in, "decode", err));
	x = read_brain(b, in.have.row, in.have.count, err);
	GB_TRY(x ? GB_OK : GB_SYSTEM);
	for (size_t i = 0; voxels && i < in.have.count * b->brain.voxels; i++)
		x[i] = voxels[i % b->brain.voxels] ? x[i] : 0; /* a constant column has no weight */
	GB_TRY(add_band(b, &in, "decode", "bold", b->brain.voxels, x, err));
	for (size_t i = 0; i < b->stimuli; i++)
		GB_TRY(train_decoder(b, &in, b->stimulus[i], decoders, err));
done:
	gb_json_set(dims, "delays", gb_delays_to_json(&in.delays));
	gb_json_set(dims, "features", decoders);
	gb_json_set(b->dims, "decode", dims);
	gb_delays_clear(&in.delays);
	return status;
}

/* ---- the checkpoint ---- */

static gb_status pick_stimuli(build *b, gb_err *err)
{
	const gb_ridge_options *o = b->options;

	for (size_t i = 0; i < gb_dataset_features(b->set); i++) {
		const gb_feature *f = gb_dataset_feature(b->set, i);
		bool wanted = !o->features;

		for (int k = 0; k < o->features; k++)
			wanted = wanted || strcmp(o->feature[k], f->name) == 0;
		if (f->subject || !wanted)
			continue;
		if (b->stimuli == BANDS_MAX)
			return gb_fail(err, GB_DATA,
			               "more than %d stimulus tensors: pick some with --features", BANDS_MAX);
		b->stimulus[b->stimuli++] = f;
	}
	for (int k = 0; k < o->features; k++)
		if (!gb_dataset_find(b->set, o->feature[k], NULL))
			return gb_fail(err, GB_USAGE,
			               "--features %s: the set has no such stimulus tensor (the first is %s)",
			               o->feature[k], gb_dataset_features(b->set)
			               ? gb_dataset_feature(b->set, 0)->name : "none");
	return b->stimuli ? GB_OK : gb_fail(err, GB_DATA, "data set: no stimulus tensor in it");
}

static gb_json *describe_model(const build *b)
{
	const gb_ridge_options *o = b->options;
	gb_json *out = gb_json_object(), *config = gb_json_object(), *features = gb_json_array();

	for (size_t i = 0; i < b->stimuli; i++)
		gb_json_append(features, gb_json_string(b->stimulus[i]->name));
	gb_json_set(config, "model", gb_json_string("ridge"));
	gb_json_set(config, "brain-kernel", gb_json_string(o->brain_kernel));
	gb_json_set(config, "subject", gb_json_string(o->subject));
	gb_json_set(config, "features", features);
	gb_json_set(config, "seed", gb_json_integer((int64_t)o->seed));
	gb_json_set(config, "decoders", gb_json_boolean(o->decoders));
	if (o->per_voxel)
		gb_json_set(config, "per-voxel", gb_json_boolean(true));
	gb_json_set(out, "kind", gb_json_string("ridge"));
	gb_json_set(out, "set", gb_json_string(gb_dataset_id(b->set)));
	gb_json_set(out, "config", config);
	gb_json_set(out, "dims", gb_json_copy(b->dims));
	gb_json_set(out, "state", gb_json_copy(b->state));
	return out;
}

gb_status gb_ridge_train(const gb_dataset *set, const gb_ridge_options *options, const char *path,
                         gb_pool *pool, gb_json **state, gb_err *err)
{
	build *b = gb_array(1, sizeof *b, err);
	gb_json *description = NULL;
	gb_status status;

	*state = NULL;
	if (!b)
		return GB_SYSTEM;
	*b = (build){.set = set, .options = options, .pool = pool, .dims = gb_json_object(),
	             .state = gb_json_array()};
	GB_TRY(gb_bold_source_open(&b->brain, set, options->subject, err));
	GB_TRY(pick_stimuli(b, err));
	GB_TRY(gb_bold_source_rows(set, &b->brain, GB_ROW_TRAIN, &b->train, &b->train_run, &b->trains, err));
	if (!options->decoders_alone)
		GB_TRY(train_encoder(b, err));
	if (options->decoders)
		GB_TRY(train_decoders(b, err));
	if (gb_tensor_file_find(b->brain.subject[0]->file, "bold.mask"))
		b->item[b->items++] = (gb_checkpoint_item){
			.name = "bold.mask", .from = (gb_tensor_file *)b->brain.subject[0]->file};
	description = describe_model(b);
	GB_TRY(gb_checkpoint_write(path, options->tool, description, b->item, b->items, pool, err));
	*state = gb_json_copy(b->state);
done:
	gb_json_free(description);
	gb_json_free(b->dims);
	gb_json_free(b->state);
	for (size_t i = 0; i < b->owneds; i++)
		free(b->owned[i]);
	gb_bold_source_close(&b->brain);
	free(b->train);
	free(b->train_run);
	free(b);
	return status;
}

enum { FEW_ROWS = 2000 };

/* Of a fit with a penalty for each voxel. */
static gb_status report_per_voxel(const gb_json *own, int64_t rows, int64_t voxels, double shared,
                                  char **note, char **warning, gb_err *err)
{
	const gb_json *counts = gb_json_get(own, "counts");
	int64_t first = 0, last = 0;
	double score = 0, median = 0;
	bool few = rows < FEW_ROWS;

	gb_json_read_number(gb_json_get(own, "score"), &score);
	gb_json_read_number(gb_json_get(own, "penalty"), &median);
	gb_json_read_integer(gb_json_at(counts, 0), &first);
	gb_json_read_integer(gb_json_at(counts, GB_RIDGE_PENALTIES - 1), &last);
	*note = gb_format(err,
	                  "stimulus to bold: mean r %.4f in cross-validation inside the train rows, a "
	                  "penalty for each voxel chosen by the same folds (median %g); %.4f with one for "
	                  "all",
	                  score, median, shared);
	if (!*note)
		return GB_SYSTEM;
	if (!first && !last && !few)
		return GB_OK;
	*warning = gb_format(err,
	                     "bold: %lld of %lld voxels have a penalty at the edge of those tried (%lld at "
	                     "1e-2, %lld at 1e6)%s",
	                     (long long)(first + last), (long long)voxels, (long long)first, (long long)last,
	                     few ? "; under 2000 train rows the choice for one voxel is mostly noise: "
	                           "compare with one penalty for all" : "");
	return *warning ? GB_OK : GB_SYSTEM;
}

gb_status gb_ridge_report(const gb_json *fit, char **note, char **warning, gb_err *err)
{
	const gb_json *own = gb_json_get(fit, "own");
	const char *map = gb_json_text(gb_json_get(fit, "map"));
	double score = 0, penalty = 0;
	int64_t rows = 0, targets = 0;
	bool edge = false;

	*note = *warning = NULL;
	gb_json_read_number(gb_json_get(fit, "score"), &score);
	gb_json_read_number(gb_json_get(fit, "penalty"), &penalty);
	gb_json_read_boolean(gb_json_get(fit, "edge"), &edge);
	gb_json_read_integer(gb_json_get(fit, "train_rows"), &rows);
	gb_json_read_integer(gb_json_get(fit, "targets"), &targets);
	if (own)
		return report_per_voxel(own, rows, targets, score, note, warning, err);
	*note = gb_format(err, "%s%s: mean r %.4f in cross-validation inside the train rows, penalty %g",
	                  strcmp(map, "bold") ? "brain to " : "stimulus to ", map, score, penalty);
	if (*note && edge)
		*warning = gb_format(err, "%s: a penalty at the edge of those tried (1e-2 to 1e6) was chosen",
		                     map);
	return *note && (*warning || !edge) ? GB_OK : GB_SYSTEM;
}
