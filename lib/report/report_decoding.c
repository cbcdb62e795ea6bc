/* SPDX-License-Identifier: MIT */
/* The report's part on brain → stimulus: figures, pictures, sentences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "report/report_internal.h"
#include "evaluate/decoded_audio.h"
#include "audio/spectrogram.h"
#include "plot/heat.h"
#include "plot/series.h"
#include "plot/sheet.h"
#include "evaluate/decoding_metrics.h"

enum { SHOWN = 6 };

/* Row numbers spread evenly over COUNT. */
static size_t shown_row(size_t k, size_t count)
{
	return (2 * k + 1) * count / (2 * SHOWN);
}

static void to_pixels(const float *x, size_t count, uint8_t *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (uint8_t)lround(255 * (double)(x[i] < 0 ? 0 : x[i] > 1 ? 1 : x[i]));
}

enum { BETWEEN = 4 }; /* pixels between original and decoded */

/* Picture FROM into the left or right half of a pair. */
static void place(const float *from, int height, int width, bool right, uint8_t *pair)
{
	size_t across = (size_t)(2 * width + BETWEEN) * 3, line = (size_t)width * 3;

	for (int y = 0; y < height; y++)
		to_pixels(from + (size_t)y * line, line,
		          pair + (size_t)y * across + (right ? line + BETWEEN * 3 : 0));
}

/* Originals beside what was decoded, and last the mean train frame beside nothing. */
static gb_status frames(gb_page *page, const gb_decoded *d, gb_err *err)
{
	int height = (int)d->shape[1], width = (int)d->shape[2];
	size_t picture = (size_t)height * (size_t)(2 * width + BETWEEN) * 3;
	uint8_t *pixels = gb_array((SHOWN + 1) * picture, 1, err);
	const uint8_t *pair[SHOWN + 1];
	const char *name[SHOWN + 1];
	char names[SHOWN + 1][48], caption[500];
	gb_plot plot = {.title = "original, and decoded beside it"};
	gb_canvas canvas;
	gb_status status;

	if (!pixels)
		return GB_SYSTEM;
	memset(pixels, 255, (SHOWN + 1) * picture);
	for (size_t k = 0; k <= SHOWN; k++) {
		size_t t = shown_row(k, d->rows);

		pair[k] = pixels + k * picture;
		name[k] = names[k];
		if (k == SHOWN) {
			snprintf(names[k], sizeof names[k], "mean train frame");
			place(d->mean, height, width, false, pixels + k * picture);
			continue;
		}
		snprintf(names[k], sizeof names[k], "test row %zu", t);
		place(d->actual + t * d->elements, height, width, false, pixels + k * picture);
		place(d->predicted + t * d->elements, height, width, true, pixels + k * picture);
	}
	status = gb_plot_frames(&canvas, &plot,
	                        &(gb_frames){.frame = pair, .count = SHOWN + 1, .width = 2 * width + BETWEEN,
	                                     .height = height, .channels = 3, .caption = name},
	                        err);
	free(pixels);
	if (status)
		return status;
	snprintf(caption, sizeof caption, "%s, %s: six test rows, evenly spread, each original with what was "
	                                  "decoded on its right. PSNR %.2f dB, SSIM %.3f; the mean train "
	                                  "frame alone "
	         "has %.2f dB and %.3f, and a decoder that is not above it shows "
	         "nothing.", d->feature, d->direction, d->psnr, d->ssim, d->psnr_mean, d->ssim_mean);
	return gb_page_figure(page, &canvas, caption, err);
}

/* Rows of [bands, frames] one after another as a picture of up to 400 frames. */
static gb_status mel_picture(const gb_decoded *d, const float *from, const char *title, gb_canvas *out,
                             gb_err *err)
{
	size_t bands = (size_t)d->shape[0], frames = (size_t)d->shape[1], rows = 400 / frames + 1,
	       first = d->rows / 2;
	float *x;
	gb_grid grid;
	gb_plot plot = {.title = title, .x = "frames", .y = "band", .width = 960, .height = 200,
	                .palette = GB_PALETTE_SEQUENTIAL};
	gb_status status;

	rows = first + rows > d->rows ? d->rows - first : rows;
	x = gb_array(bands * rows * frames, sizeof *x, err);
	if (!x)
		return GB_SYSTEM;
	for (size_t t = 0; t < rows; t++)
		for (size_t b = 0; b < bands; b++)
			for (size_t k = 0; k < frames; k++)
				x[(bands - 1 - b) * rows * frames + t * frames + k] =
					from[(first + t) * d->elements + b * frames + k];
	grid = gb_grid_of(x, bands, rows * frames, false);
	status = gb_plot_heat(out, &plot, &grid, err);
	free(x);
	return status;
}

static gb_status spectrum(gb_page *page, const gb_decoded *d, gb_err *err)
{
	gb_canvas part[2], all;
	gb_status status = mel_picture(d, d->actual, "original", &part[0], err);
	char caption[300];

	if (status)
		return status;
	status = mel_picture(d, d->predicted, "decoded", &part[1], err);
	if (!status) {
		status = gb_canvas_stack(&all, part, 2, (gb_color){255, 255, 255}, err);
		gb_canvas_close(&part[1]);
	}
	gb_canvas_close(&part[0]);
	if (status)
		return status;
	snprintf(caption, sizeof caption, "%s, %s: log-mel spectrum from the middle of the test rows, low "
	                                  "bands below. Root mean square error %.3f; of the train mean %.3f.",
	         d->feature, d->direction, d->error, d->error_mean);
	return gb_page_figure(page, &all, caption, err);
}

enum { SECONDS = 8, LOUD = -20 /* dB: the brightest */ };

/* The power of SAMPLES over time, low frequencies below. */
static gb_status sound_picture(const float *samples, size_t count, int64_t rate, const char *title,
                               gb_canvas *out, gb_err *err)
{
	size_t frames = gb_spectrogram_frames(count, GB_SOUND_WINDOW), bins = GB_SOUND_WINDOW / 2 + 1;
	float *x = gb_array(frames * bins, sizeof *x, err),
	      *turned = x ? gb_array(frames * bins, sizeof *turned, err) : NULL;
	double kilohertz = (double)rate / GB_SOUND_WINDOW / 1000;
	gb_plot plot = {.title = title, .x = "seconds", .y = "kHz", .value = "dB", .width = 960,
	                .height = 190, .low = GB_SOUND_FLOOR, .high = LOUD,
	                .x_step = GB_SOUND_WINDOW / 4 / (double)rate,
	                .y_first = kilohertz * (double)(bins - 1), .y_step = -kilohertz,
	                .palette = GB_PALETTE_SEQUENTIAL};
	gb_grid grid;
	gb_status status =
		turned ? gb_spectrogram(samples, count, GB_SOUND_WINDOW, GB_SOUND_FLOOR, x, err) : GB_SYSTEM;

	for (size_t k = 0; !status && k < frames; k++)
		for (size_t i = 0; i < bins; i++)
			turned[(bins - 1 - i) * frames + k] = x[k * bins + i];
	if (!status) {
		grid = gb_grid_of(turned, bins, frames, false);
		status = gb_plot_heat(out, &plot, &grid, err);
	}
	free(x);
	free(turned);
	return status;
}

/* What was heard, what the codec leaves of it, what was decoded: a stretch from the middle. */
static gb_status sound_pictures(gb_page *page, const gb_decoded *d, gb_err *err)
{
	const gb_decoded_audio *s = d->sound;
	const float *from[] = {s->original, s->round_trip, s->decoded};
	static const char *const title[] = {"sound of the medium", "the true rows as sound: the best there "
	                                                           "can be", "decoded"};
	size_t count = s->samples < (size_t)(SECONDS * s->rate) ? s->samples : (size_t)(SECONDS * s->rate),
	       at = (s->samples - count) / 2;
	gb_canvas part[3], all;
	int parts = 0;
	char caption[600], figure[2][32];
	gb_status status = GB_OK;

	if (count < GB_SOUND_WINDOW)
		return GB_OK;
	for (int k = 0; !status && k < 3; k++)
		if (from[k]) {
			status = sound_picture(from[k] + at, count, s->rate, title[k], &part[parts], err);
			parts += !status;
		}
	if (!status)
		status = gb_canvas_stack(&all, part, parts, (gb_color){255, 255, 255}, err);
	for (int k = 0; k < parts; k++)
		gb_canvas_close(&part[k]);
	if (status)
		return status;
	snprintf(caption, sizeof caption,
	         "%s, %s, as sound: %d s from the middle. Intelligibility (STOI, "
	         "made for speech) %s, log-spectral distance %.2f dB; "
	         "the true rows as sound have %s and %.2f, %s %.3f and %.2f; all against %s.",
	         d->feature, d->direction, (int)(count / (size_t)s->rate),
	         gb_page_format(s->stoi, 3, figure[0]), s->distance,
	         gb_page_format(s->stoi_round_trip, 3, figure[1]), s->distance_round_trip,
	         d->kind == GB_DECODED_MEL ? "the mean train spectrum"
	                                   : "the commonest train codes",
	         s->stoi_constant, s->distance_constant,
	         s->original ? "the sound of the medium"
	                     : "the true rows as sound, as the medium was not given (--sound)");
	return gb_page_figure(page, &all, caption, err);
}

static gb_status codes(gb_page *page, const gb_decoded *d, gb_err *err)
{
	char skill[32];

	gb_page_text(page,
	             "%s, %s: %.2f %% of the codes are right; the commonest train code of each "
	             "codebook would be right in %.2f %%. "
	             "A decoder that is not above it says nothing about the sound. Skill (1 − cross-entropy "
	             "/ that of the unigram of train codes): %s.",
	             d->feature, d->direction, 100 * d->right, 100 * d->right_unigram,
	             gb_page_format(d->skill, 4, skill));
	gb_page_table_begin(page, "codebook\tright\tthe commonest train code");
	for (int64_t b = 0; b < d->shape[0]; b++)
		gb_page_row(page, "%lld\t%.2f %%\t%.2f "
		                  "%%", (long long)b + 1, 100 * d->book_right[b], 100 * d->book_unigram[b]);
	gb_page_table_end(page);
	if (!d->sound)
		gb_page_text(page, "The weights that made these codes were not at hand (--weights), so they "
		                   "were not made sound.");
	return d->sound ? sound_pictures(page, d, err) : GB_OK;
}

/* TEXT, cut at a word's end where it is long; OUT is returned. */
static const char *shorten(const char *text, char out[240])
{
	size_t n = strlen(text);

	if (n < 200) {
		memcpy(out, text, n + 1);
		return out;
	}
	for (n = 199; n > 100 && text[n] != ' ';)
		n--;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) /* not inside a character */
		n--;
	memcpy(out, text, n);
	strcpy(out + n, " …");
	return out;
}

static void text_examples(gb_page *page, const gb_decoded *d)
{
	if (!d->rows_with_text)
		return;
	gb_page_text(page, "%s, %s: the vector decoded is read as the annotated segments nearest to it. The "
	                   "nearest true segment ranks at %.1f %% of all %zu, "
	             "is the very nearest in %.1f %% of rows, and among the five nearest in %.1f "
	             "%%.", d->feature, d->direction, 100 * d->segment[0],
	             d->segments, 100 * d->segment[1], 100 * d->segment[2]);
	if (d->shifts)
		gb_page_text(page,
		             "Against %zu circular shifts, which know what is decoded but not when: "
		             "rank %.1f %% ± %.1f, p = %.4f; nearest %.1f %%, p = %.4f; among five "
		             "%.1f %%, p = %.4f.",
		             d->shifts, 100 * d->null_mean[0], 100 * d->null_sd[0], d->null_p[0],
		             100 * d->null_mean[1], d->null_p[1], 100 * d->null_mean[2], d->null_p[2]);
	else
		gb_page_text(page, "By chance, for as many true segments: %.1f %%, %.1f %% and %.1f %%; a "
		                   "constant prediction may exceed that, and there are too few rows for "
		                   "shifts, so this shows nothing yet.",
		             100 * d->chance[0], 100 * d->chance[1], 100 * d->chance[2]);
	gb_page_table_begin(page, "test row\twhat stood there\tnearest to what was decoded");
	for (size_t k = 0; k < SHOWN; k++) {
		size_t t = shown_row(k, d->rows);
		char was[240], near[240];

		gb_page_row(page, "%zu\t%s\t%s", t,
		            d->truth[t] < 0 ? "(nothing)" : shorten(d->text[d->truth[t]], was),
		            d->nearest[t].segment[0] < 0 ? ""
		                                         : shorten(d->text[d->nearest[t].segment[0]], near));
	}
	gb_page_table_end(page);
	gb_page_text(page, "These six rows are evenly spread over the test rows, not chosen. All are in "
	                   "%s%s.tsv.", d->feature, d->from_brain ? "" : ".stimulus");
}

static void identification(gb_page *page, const gb_decoded *d)
{
	const gb_identification *id = &d->identification;
	char null[64] = "too few rows for shifts", p[32] = "–", segments[96] = "–", skill[32];

	if (d->kind == GB_DECODED_CODES)
		return;
	if (id->shifts) {
		snprintf(null, sizeof null, "%.1f %% ± %.1f (%zu "
		                            "shifts)", 100 * id->null_mean, 100 * id->null_sd, id->shifts);
		snprintf(p, sizeof p, "%.4f", id->p);
	}
	if (id->segments > 1)
		snprintf(segments, sizeof segments,
		         "%.0f %% (%.0f %%), %.0f %% (%.0f %%)",
		         100 * id->top1, 100.0 / (double)id->segments, 100 * id->top5,
		         fmin(100, 500.0 / (double)id->segments));
	gb_page_row(page,
	            "%s\t%s\t%.1f %%\t%s\t%s\t%s\t%.4g\t%.4g\t%s",
	            d->feature, d->direction, 100 * id->percentile, null, p, segments, d->error,
	            d->error_mean, gb_page_format(d->skill, 4, skill));
}

static void mean_skill(gb_page *page, const gb_report *r, bool from_brain)
{
	size_t tensors;
	double skill = gb_decoded_mean_skill(r->decoded, r->decodeds, from_brain, &tensors);

	if (tensors > 1)
		gb_page_text(page, "%s: mean skill of %zu tensors %.4f (that of codes by cross-entropy); "
		                   "their baselines: 0.", gb_decoded_direction(from_brain), tensors, skill);
}

/* What a reader must not take for a success, said in words. */
static void baselines(gb_page *page, const gb_decoded *d)
{
	bool codes = d->kind == GB_DECODED_CODES, video = d->kind == GB_DECODED_VIDEO;
	const struct { const char *name; bool measured, beaten;
	} figure[] = {{"rank", !codes, d->identification.percentile > 0.5},
	              {"error", !codes, d->error < d->error_mean},
	              {"skill of the codes", codes && isfinite(d->skill), d->skill > 0},
	              {"SSIM", video, d->ssim > d->ssim_mean},
	              {"codes right", codes, d->right > d->right_unigram}};
	char list[80] = "";

	for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
		if (figure[i].measured && !figure[i].beaten)
			snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
			         figure[i].name);
	if (*list)
		gb_page_text(page, "%s, %s: no better than the baseline in "
		                   "%s.", d->feature, d->direction, list);
}

/* One number a row, decoded and true. */
static gb_status time_course(gb_page *page, const gb_decoded *d, gb_err *err)
{
	size_t n = d->rows;
	float *line = gb_array(2 * n, sizeof *line, err);
	gb_series series[] = {{line, n, "true"}, {line + n, n, "decoded"}};
	gb_plot plot = {.title = d->feature,
	                .x = "scored rows",
	                .y = d->modality->course_label,
	                .width = 960,
	                .height = 280};
	gb_canvas canvas;
	char caption[200];
	gb_status status;

	if (!line)
		return GB_SYSTEM;
	for (size_t t = 0; t < n; t++) {
		line[t] = d->modality->course(d->actual, d->elements, t);
		line[n + t] = d->modality->course(d->predicted, d->elements, t);
	}
	status = gb_plot_series(&canvas, &plot, series, 2, err);
	free(line);
	if (status)
		return status;
	snprintf(caption, sizeof caption, "%s, %s: decoded and true over the scored rows.", d->feature,
	         d->direction);
	return gb_page_figure(page, &canvas, caption, err);
}

static gb_status pictures(gb_page *page, const gb_decoded *d, gb_err *err)
{
	gb_status status;

	switch (d->kind) {
	case GB_DECODED_VIDEO:
		return frames(page, d, err);
	case GB_DECODED_MEL:
		status = spectrum(page, d, err);
		return status || !d->sound ? status : sound_pictures(page, d, err);
	case GB_DECODED_CODES:
		return codes(page, d, err);
	case GB_DECODED_FLOATS:
		if (d->modality && d->modality->course)
			return time_course(page, d, err);
		text_examples(page, d);
		break;
	}
	return GB_OK;
}

gb_status gb_report_decoding(gb_page *page, const gb_report *r, gb_err *err)
{
	gb_status status = GB_OK;

	if (r->decodeds) {
		gb_page_heading(page, "Back to the stimulus");
		gb_page_text(page, "Each stimulus tensor, decoded on the scored rows. Rank: where the true "
		                   "row stands among all rows more than 20 s away (chance 50 %%), "
		             "and the same for a stimulus shifted in time. Segments: how many of the 30 s "
		             "stretches are identified, and are among the first five, each with chance in "
		             "brackets. "
		             "Error: root mean square, beside that of the train mean; a decoder that is not "
		             "below it comes no closer to the values than that mean does, whatever its rank. "
		             "Skill: 1 − squared error / that of the train mean.");
		gb_page_table_begin(page, "tensor\tdirection\trank\tnull\tp\t30 s segments first, in "
		                          "five\terror\tof the train mean\tskill");
		for (size_t i = 0; i < r->decodeds; i++)
			identification(page, &r->decoded[i]);
		gb_page_table_end(page);
		mean_skill(page, r, true);
		mean_skill(page, r, false);
		for (size_t i = 0; i < r->decodeds; i++)
			baselines(page, &r->decoded[i]);
		if (r->decodeds > 1)
			gb_page_text(page, "With %zu tests, one in twenty passes p < 0.05 by "
			                   "chance.", r->decodeds);
	}
	for (size_t i = 0; !status && i < r->decodeds; i++)
		status = pictures(page, &r->decoded[i], err);
	return status;
}
