/* SPDX-License-Identifier: MIT */
/* batch.c: one micro-batch: inputs, targets, and which rows count. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loader/dense13_batch.h"
#include "base/rng.h"
#include "loader/batch.h"
#include "modality/modality_codes.h"
#include "modality/modality_mel.h"
#include "modality/modality_text.h"

enum { KEY_DROP = 0x6d6f6461, KEY_SUBJECT = 0x7375626a };

/* The run that a window lies in, as axis-0 rows. */
typedef struct span { int64_t first, end; } span;

static span run_of(const gb_loader *loader, const gb_window *window)
{
	int run = window->count ? gb_clock_run_of(loader->clock, window->first) : -1;
	int64_t first = run < 0 ? 0 : gb_clock_first(loader->clock, run);

	return (span){first, run < 0 ? 0 : first + loader->clock->run[run].rows};
}

static bool inside(span run, int64_t row) { return row >= run.first && row < run.end; }

void gb_loader_mel(gb_loader *loader, const gb_loader_feature *band, int64_t row, float *out,
                   bool frames_first)
{
	gb_modality_source source = gb_loader_source(loader, band);

	gb_modality_mel_row(&source, row, out, frames_first);
}

void gb_loader_read_codes(gb_loader *loader, const gb_loader_feature *band, int64_t row, int16_t *out)
{
	gb_modality_source source = gb_loader_source(loader, band);

	gb_modality_code_row(&source, row, out);
}

static void fill_row_inputs(gb_loader *loader, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &loader->shape;
	gb_batch *b = &net->batch;
	const float *linear = loader->linear + (size_t)row * s->linear;

	memcpy(b->linear + at * s->linear, linear, s->linear * sizeof *linear);
	if (s->dense)
		memcpy(b->dense + at * s->dense, linear + s->linear - s->dense, s->dense * sizeof *linear);
	for (int i = 0; i < loader->bands; i++) {
		const gb_loader_feature *band = &loader->band[i];
		gb_modality_source source = gb_loader_source(loader, band);

		if (band->band.feature && band->modality->fill_batch)
			band->modality->fill_batch(&source, net, at, row);
	}
}

static void clear_row_inputs(const gb_loader *loader, gb_network *net, size_t at)
{
	const gb_network_shape *s = &loader->shape;
	gb_batch *b = &net->batch;

	memset(b->linear + at * s->linear, 0, s->linear * sizeof *b->linear);
	memset(b->dense + at * s->dense, 0, s->dense * sizeof *b->dense);
	for (int m = 0; m < GB_MODALITIES; m++)
		if (gb_modalities[m]->clear_batch)
			gb_modalities[m]->clear_batch(net, at);
}

/* Which of the modalities this window loses; never all. */
static unsigned dropped(const gb_loader_options *options, size_t window)
{
	gb_rng rng = gb_rng_at(options->seed, options->step, (uint32_t)window, KEY_DROP);
	unsigned lost = 0;

	for (int m = 0; m < 3 && options->drop > 0; m++)
		lost |= gb_rng_uniform(&rng) < options->drop ? 1u << m : 0;
	return lost == 7 ? 0 : lost;
}

static void fill_inputs(gb_loader *loader, gb_network *net, const gb_window *windows,
                        const gb_loader_options *options)
{
	const gb_network_shape *s = &net->shape;
	size_t length = s->history + s->scored + s->future;

	for (size_t g = 0; g < s->groups; g++) {
		span run = run_of(loader, &windows[g]);
		unsigned lost = dropped(options, options->micro * s->groups + g);

		for (size_t i = 0; i < length; i++) {
			int64_t row = windows[g].first - (int64_t)s->history + (int64_t)i;
			size_t at = g * length + i;

			if (inside(run, row))
				fill_row_inputs(loader, net, at, row);
			else
				clear_row_inputs(loader, net, at);
			for (int m = 0; m < 3; m++)
				net->batch.keep[m][at] = inside(run, row) && loader->present[m][row] &&
				                         !(lost >> m & 1);
		}
	}
}

/* May BOLD of ROW be read for a window of rows of this use?  Never test rows
 * while training, and validation rows only to validate. */
static bool readable(const gb_loader *loader, size_t subject, const gb_loader_options *options, int use,
                     int64_t row)
{
	if (!loader->brain_valid[subject][row])
		return false;
	if (!options->scored)
		return true;
	return gb_dataset_use(loader->set)[row] != GB_ROW_TEST &&
	       (loader->use[row] != GB_LOADER_VALIDATE || use == GB_LOADER_VALIDATE);
}

static void read_bold(gb_loader *loader, size_t subject, int64_t row, const uint8_t *keep, float *out)
{
	const float *mean = loader->statistics.bold_mean[subject],
		    *std = loader->statistics.bold_std[subject];

	gb_bold_source_read(&loader->brain[subject], row, loader->scratch, out);
	for (size_t v = 0; v < loader->shape.voxels[subject]; v++)
		out[v] = keep && !keep[v] ? 0.0f : (out[v] - mean[v]) / std[v];
}

/* BOLD of the windows after the rows; says by row whether its window is whole. */
static void fill_bold(gb_loader *loader, gb_network *net, const gb_window *windows,
                      const gb_loader_options *options)
{
	const gb_network_shape *s = &net->shape;

	for (size_t g = 0; g < s->groups; g++) {
		gb_rng rng = gb_rng_at(options->seed, options->step,
		                       (uint32_t)(options->micro * s->groups + g), KEY_SUBJECT);
		size_t chosen = options->bold_one >= 0
		                    ? (size_t)options->bold_one
		                    : (size_t)gb_rng_below(&rng, s->subjects ? s->subjects : 1);
		span run = run_of(loader, &windows[g]);
		int use = windows[g].count ? loader->use[windows[g].first] : 0;

		for (size_t i = 0; i < s->scored; i++)
			net->batch.weight_latent[g * s->scored + i] = (int64_t)i < windows[g].count &&
			                                              s->subjects;
		for (size_t k = 0; k < s->subjects; k++)
			for (size_t i = 0; i < net->bold_rows; i++) {
				int64_t row = windows[g].first + (int64_t)i;
				float *to = net->batch.bold[k] + (g * net->bold_rows + i) * s->voxels[k];
				bool good = inside(run, row) && readable(loader, k, options, use, row) &&
				            loader->brain[k].set;

				if (good && k == chosen)
					read_bold(loader, k, row, options->keep, to);
				else
					memset(to, 0, s->voxels[k] * sizeof *to);
				for (size_t lag = 0; !good && k == chosen && lag < s->window_lags; lag++)
					if (i >= s->window_first + lag &&
					    i - s->window_first - lag < s->scored)
						net->batch.weight_latent[g * s->scored + i - s->window_first -
						                         lag] = 0;
			}
	}
}

void gb_loader_text(const gb_loader *loader, int64_t row, float *out)
{
	gb_modality_source source = gb_loader_source(loader, &loader->band[0]);

	gb_modality_text_row(&source, row, out);
}

/* Targets and weights of scored row AT of the batch, which is ROW; −1: none. */
static void fill_target(gb_loader *loader, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &net->shape;
	gb_batch *b = &net->batch;

	for (int m = 0; m < 3; m++) {
		b->weight[m][at] = row >= 0 && loader->present[m][row];
		b->weight_brain[m][at] = b->weight[m][at] * b->weight_latent[at];
	}
	for (size_t k = 0; k < s->subjects; k++) {
		b->weight_bold[k][at] = row >= 0 && loader->brain_valid[k][row];
		if (b->weight_bold[k][at] > 0)
			read_bold(loader, k, row, NULL, b->target_bold[k] + at * s->voxels[k]);
	}
	for (int m = 0; row < 0 && m < GB_MODALITIES; m++)
		if (gb_modalities[m]->clear_target)
			gb_modalities[m]->clear_target(net, at);
	for (int i = 0; row >= 0 && i < loader->bands; i++) {
		const gb_loader_feature *band = &loader->band[i];
		gb_modality_source source = gb_loader_source(loader, band);

		if (band->modality->fill_target)
			band->modality->fill_target(&source, net, at, row);
	}
}

static void fill_contrast(gb_network *net, const int64_t *rows, const int *runs, int64_t apart)
{
	gb_batch *b = &net->batch;
	size_t n = net->scored;

	for (size_t i = 0; i < n; i++) {
		size_t candidates = 0;

		for (size_t j = 0; j < n; j++) {
			bool far = b->weight_latent[j] > 0 && rows[i] >= 0 &&
			           (runs[i] != runs[j] || llabs(rows[i] - rows[j]) >= apart);

			b->pair_mask[i * n + j] = i == j || far ? 0.0f : -1e30f;
			candidates += i != j && far;
		}
		b->target_row[i] = candidates && b->weight_latent[i] > 0 ? (int32_t)i : -1;
		b->weight_contrast[i] = b->target_row[i] < 0 ? 0.0f
		                                             : (float)(1 / log((double)candidates + 1));
	}
}

static void fill_targets(gb_loader *loader, gb_network *net, const gb_window *windows,
                         const gb_loader_options *options)
{
	const gb_network_shape *s = &net->shape;

	for (size_t i = 0; i < net->scored; i++) {
		const gb_window *window = &windows[i / s->scored];
		bool there = (int64_t)(i % s->scored) < window->count;

		loader->scored_row[i] = there ? window->first + (int64_t)(i % s->scored) : -1;
		loader->scored_run[i] = there ? gb_clock_run_of(loader->clock, window->first) : -1;
		fill_target(loader, net, i, loader->scored_row[i]);
	}
	fill_contrast(net, loader->scored_row, loader->scored_run, options->apart);
}

void gb_loader_write(gb_loader *loader, gb_network *net, const gb_window *windows,
                     const gb_loader_options *options)
{
	fill_inputs(loader, net, windows, options);
	fill_bold(loader, net, windows, options);
	if (options->scored)
		fill_targets(loader, net, windows, options);
	if (net->shape.kind && net->shape.kind->numeric_codes)
		gb_batch_fill_dense13(loader, net, options->scored);
}

void gb_loader_fill_batch(gb_loader *loader, gb_network *net, const gb_window *windows,
                          const gb_loader_options *options)
{
	gb_network_turn(net);
	gb_loader_write(loader, net, windows, options);
	gb_network_send(net);
}

/* ---- sums over a filled batch ---- */

void gb_loader_counts(const gb_network *net, double count[GB_TERMS])
{
	const gb_network_shape *s = &net->shape;
	const gb_batch *b = &net->batch;
	size_t n = net->scored;

	memset(count, 0, GB_TERMS * sizeof *count);
	for (int m = 0; m < GB_MODALITIES; m++)
		if (gb_modalities[m]->count) {
			count[GB_TERM_VIDEO + gb_modalities[m]->term] = gb_modalities[m]->count(net, false);
			count[GB_TERM_BRAIN_VIDEO + gb_modalities[m]->term] = gb_modalities[m]->count(net,
			                                                                              true);
		}
	count[GB_TERM_LATENT] = gb_modality_total(b->weight_latent, n);
	for (size_t i = 0; i < n; i++)
		count[GB_TERM_CONTRAST] += b->weight_contrast[i] > 0;
	for (size_t k = 0; k < s->subjects; k++)
		count[GB_TERM_BOLD] += gb_modality_total(b->weight_bold[k], n);
}

void gb_loader_constants(const gb_network *net, double sum[GB_TERMS])
{
	const gb_network_shape *s = &net->shape;
	const gb_batch *b = &net->batch;
	size_t n = net->scored;

	gb_loader_counts(net, sum); /* latent: one a row and dimension; contrast: weights hold its constant */
	sum[GB_TERM_LATENT] *= (double)net->bottleneck;
	for (int m = 0; m < GB_MODALITIES; m++)
		if (gb_modalities[m]->constant) {
			sum[GB_TERM_VIDEO + gb_modalities[m]->term] = gb_modalities[m]->constant(net, false);
			sum[GB_TERM_BRAIN_VIDEO + gb_modalities[m]->term] = gb_modalities[m]->constant(net,
			                                                                               true);
		}
	sum[GB_TERM_BOLD] = 0;
	for (size_t k = 0; k < s->subjects; k++)
		for (size_t r = 0; r < n; r++)
			for (size_t v = 0; b->weight_bold[k][r] > 0 && v < s->voxels[k]; v++) {
				double x = (double)b->target_bold[k][r * s->voxels[k] + v];

				sum[GB_TERM_BOLD] += (double)net->fixed.voxel_weight[k][v] * x * x;
			}
}
