/* SPDX-License-Identifier: MIT */
/* batch.c: one micro-batch: inputs, targets, and which rows count. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loader/dense13_batch.h"
#include "base/rng.h"
#include "loader/loader.h"

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

static const gb_loader_feature *band_of(const gb_loader *loader, gb_linear_feature_type kind)
{
	for (int b = 0; b < loader->bands; b++)
		if (loader->band[b].kind == kind && kind != GB_LINEAR_FEATURE_FLOAT)
			return loader->band[b].band.feature ? &loader->band[b] : NULL;
	return NULL;
}

static int32_t count_of(const gb_loader *loader, const gb_loader_feature *band, int64_t row)
{
	return (int32_t)gb_dataset_count(loader->set, band->band.feature, row);
}

void gb_loader_mel(gb_loader *loader, const gb_loader_feature *band, int64_t row, float *out,
                   bool frames_first)
{
	size_t bands = loader->shape.mel_bands, frames = loader->shape.mel_frames;
	size_t count = (size_t)count_of(loader, band, row);

	gb_dataset_read(loader->set, band->band.feature, row, false, loader->scratch);
	for (size_t b = 0; b < bands; b++)
		for (size_t f = 0; f < frames; f++) {
			size_t at = b * frames + f;
			float x = f < count ? (loader->scratch[at] - loader->statistics.mel_mean[at]) /
			                          loader->statistics.mel_std[at]
			                    : 0;

			out[frames_first ? f * bands + b : at] = x;
		}
}

/* Codes of ROW as [codebooks, frames]; what stands behind the row's count is padding, whatever it is. */
void gb_loader_read_codes(gb_loader *loader, const gb_loader_feature *band, int64_t row, int16_t *out)
{
	size_t frames = loader->shape.code_frames, count = (size_t)count_of(loader, band, row);

	gb_dataset_read(loader->set, band->band.feature, row, false, loader->scratch);
	for (size_t i = 0; i < band->elements; i++) {
		float code = loader->scratch[i];

		out[i] = i % frames < count && code >= 0 && code < GB_CODE_CLASSES ? (int16_t)code : -1;
	}
}

static void fill_row_inputs(gb_loader *loader, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &loader->shape;
	const gb_loader_feature *video = band_of(loader, GB_LINEAR_FEATURE_VIDEO),
				*mel = band_of(loader, GB_LINEAR_FEATURE_MEL),
				*codes = band_of(loader, GB_LINEAR_FEATURE_CODES);
	gb_batch *b = &net->batch;
	const float *linear = loader->linear + (size_t)row * s->linear;

	memcpy(b->linear + at * s->linear, linear, s->linear * sizeof *linear);
	if (s->dense)
		memcpy(b->dense + at * s->dense, linear + s->linear - s->dense, s->dense * sizeof *linear);
	if (video)
		memcpy(b->video + at * video->elements, gb_dataset_row(loader->set, video->band.feature, row),
		       video->elements);
	if (mel) {
		gb_loader_mel(loader, mel, row, b->mel + at * s->mel_bands * s->mel_frames, true);
		b->mel_count[at] = (count_of(loader, mel, row) + 1) / 2;
	}
	if (codes) {
		gb_loader_read_codes(loader, codes, row, b->codes + at * codes->elements);
		b->code_count[at] = (count_of(loader, codes, row) + 1) / 2;
	}
}

static void clear_row_inputs(const gb_loader *loader, gb_network *net, size_t at)
{
	const gb_network_shape *s = &loader->shape;
	gb_batch *b = &net->batch;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3;

	memset(b->linear + at * s->linear, 0, s->linear * sizeof *b->linear);
	memset(b->dense + at * s->dense, 0, s->dense * sizeof *b->dense);
	memset(b->video + at * pixels, 0, pixels);
	memset(b->mel + at * s->mel_bands * s->mel_frames, 0, s->mel_bands * s->mel_frames * sizeof *b->mel);
	memset(b->codes + at * s->codebooks * s->code_frames, 0xff,
	       s->codebooks * s->code_frames * sizeof *b->codes);
	b->mel_count[at] = b->code_count[at] = 0;
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

static void fill_target_video(gb_loader *loader, gb_network *net, const gb_loader_feature *band, size_t at,
                              int64_t row)
{
	const gb_network_shape *s = &net->shape;
	const uint8_t *x = gb_dataset_row(loader->set, band->band.feature, row);
	float *y = net->batch.target_video + at * net->decoded_frames * net->patches * net->patch;
	size_t across = s->video_width / net->patch_width, run = net->patch_width * 3,
	       line = s->video_width * 3;

	for (size_t f = 0; f < net->decoded_frames; f++)
		for (size_t p = 0; p < net->patches; p++)
			for (size_t r = 0; r < net->patch_height; r++) {
				const uint8_t *from = x +
				                      (f * s->video_height + p / across * net->patch_height +
				                       r) *
				                          line +
				                      p % across * run;

				for (size_t i = 0; i < run; i++)
					*y++ = (float)from[i] / 255.0f;
			}
}

static void fill_target_codes(gb_loader *loader, gb_network *net, const gb_loader_feature *band, size_t at,
                              int64_t row, float count, float brain)
{
	const gb_network_shape *s = &net->shape;
	int16_t *codes = loader->code_row;
	size_t first = at * s->code_frames * s->codebooks;

	gb_loader_read_codes(loader, band, row, codes);
	for (size_t f = 0; f < s->code_frames; f++)
		for (size_t q = 0; q < s->codebooks; q++) {
			int16_t code = codes[q * s->code_frames + f];
			size_t i = first + f * s->codebooks + q;
			bool good = code >= 0;

			net->batch.target_codes[i] = code;
			net->batch.weight_codes[i] = good ? count : 0;
			net->batch.weight_brain_codes[i] = good ? brain : 0;
		}
}

/* Targets and weights of scored row AT of the batch, which is ROW; −1: none. */
/* Text stands first in the dense part: standardised × SD / unit. */
void gb_loader_text(const gb_loader *loader, int64_t row, float *out)
{
	size_t first = loader->shape.linear - loader->shape.dense;
	const float *in = loader->linear + (size_t)row * loader->shape.linear + first;

	for (size_t i = 0; i < loader->shape.text; i++)
		out[i] = in[i] * loader->statistics.linear_std[first + i] / loader->statistics.text_unit[0];
}

static void fill_target(gb_loader *loader, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &net->shape;
	const gb_loader_feature *video = band_of(loader, GB_LINEAR_FEATURE_VIDEO),
				*mel = band_of(loader, GB_LINEAR_FEATURE_MEL),
				*codes = band_of(loader, GB_LINEAR_FEATURE_CODES);
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
	if (row < 0) {
		size_t n = s->code_frames * s->codebooks;

		for (size_t i = at * n; i < (at + 1) * n; i++) {
			b->target_codes[i] = -1;
			b->weight_codes[i] = b->weight_brain_codes[i] = 0;
		}
		return;
	}
	if (video)
		fill_target_video(loader, net, video, at, row);
	if (mel)
		gb_loader_mel(loader, mel, row, b->target_mel + at * s->mel_bands * s->mel_frames, false);
	if (codes)
		fill_target_codes(loader, net, codes, at, row, b->weight[1][at], b->weight_brain[1][at]);
	if (s->text)
		gb_loader_text(loader, row, b->target_text + at * s->text);
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

static double total(const float *weight, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)weight[i];
	return sum;
}

void gb_loader_counts(const gb_network *net, double count[GB_TERMS])
{
	const gb_network_shape *s = &net->shape;
	const gb_batch *b = &net->batch;
	size_t n = net->scored, codes = n * s->code_frames * s->codebooks;

	memset(count, 0, GB_TERMS * sizeof *count);
	for (int way = 0; way < 2; way++) {
		float *const *weight = way ? b->weight_brain : b->weight;
		double *to = count + (way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO);

		to[0] = s->video_frames ? total(weight[0], n) : 0;
		to[1] = s->mel_bands ? total(weight[1], n) : 0;
		to[2] = total(way ? b->weight_brain_codes : b->weight_codes, codes);
		to[3] = s->text ? total(weight[2], n) : 0;
	}
	count[GB_TERM_LATENT] = total(b->weight_latent, n);
	for (size_t i = 0; i < n; i++)
		count[GB_TERM_CONTRAST] += b->weight_contrast[i] > 0;
	for (size_t k = 0; k < s->subjects; k++)
		count[GB_TERM_BOLD] += total(b->weight_bold[k], n);
}

/* Σ over the rows that count of (target − constant)². */
static double spread(const float *target, const float *weight, const float *base, size_t rows, size_t columns)
{
	double sum = 0;

	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; weight[r] > 0 && i < columns; i++) {
			double d = (double)target[r * columns + i] -
			           (base ? 1 / (1 + exp(-(double)base[i])) : 0);

			sum += (double)weight[r] * d * d;
		}
	return sum;
}

static double code_entropy(const gb_network *net, const float *weight)
{
	double sum = 0;

	for (size_t i = 0; i < net->scored * net->shape.code_frames * net->shape.codebooks; i++)
		if (weight[i] > 0)
			sum -= (double)weight[i] *
			       (double)net->fixed.code_base[i % net->shape.codebooks * GB_CODE_CLASSES +
			                                    (size_t)net->batch.target_codes[i]];
	return sum;
}

void gb_loader_constants(const gb_network *net, double sum[GB_TERMS])
{
	const gb_network_shape *s = &net->shape;
	const gb_batch *b = &net->batch;
	size_t n = net->scored, pixels = net->decoded_frames * net->patches * net->patch;

	gb_loader_counts(net, sum); /* latent: one a row and dimension; contrast: weights hold its constant */
	sum[GB_TERM_LATENT] *= (double)net->bottleneck;
	for (int way = 0; way < 2; way++) {
		float *const *weight = way ? b->weight_brain : b->weight;
		double *to = sum + (way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO);

		to[0] = spread(b->target_video, weight[0], net->fixed.video_base, n, pixels);
		to[1] = spread(b->target_mel, weight[1], NULL, n, s->mel_frames * s->mel_bands);
		to[2] = s->kind ? s->kind->code_constant(net)
		                : code_entropy(net, way ? b->weight_brain_codes : b->weight_codes);
		to[3] = spread(b->target_text, weight[2], NULL, n, s->text);
	}
	sum[GB_TERM_BOLD] = 0;
	for (size_t k = 0; k < s->subjects; k++)
		for (size_t r = 0; r < n; r++)
			for (size_t v = 0; b->weight_bold[k][r] > 0 && v < s->voxels[k]; v++) {
				double x = (double)b->target_bold[k][r * s->voxels[k] + v];

				sum[GB_TERM_BOLD] += (double)net->fixed.voxel_weight[k][v] * x * x;
			}
}
