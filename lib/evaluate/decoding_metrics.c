/* SPDX-License-Identifier: MIT */
/* What was decoded as figures for metrics.tsv, and as files for people. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/decoding_metrics.h"
#include "base/size.h"
#include "io/file.h"
#include "evaluate/metrics.h"
#include "evaluate/decoded_audio.h"
#include "evaluate/decoded_video.h"

static gb_status add(gb_metrics *metrics, gb_metric m, double chance, const char *control, gb_err *err)
{
	m.chance = chance;
	m.control = control;
	return gb_metrics_add(metrics, &m, err);
}

static gb_metric figure_of(const gb_decoded *d, const char *key, const char *figure, double value)
{
	return gb_metric_make(d->direction, d->feature, key, figure, value);
}

static gb_status skill_metric(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	const char *control = d->kind == GB_DECODED_CODES
	                          ? "1 - cross-entropy / that of the unigram of train codes"
	                          : "1 - squared error / that of the train mean";

	return isfinite(d->skill)
	           ? add(metrics, figure_of(d, "decoding.skill", "skill", d->skill), 0, control, err)
	           : GB_OK;
}

static gb_status code_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	gb_status status = add(metrics, figure_of(d, "decoding.codes.right", "codes right", d->right),
	                       d->right_unigram, "the commonest train code of each codebook", err);

	if (!status)
		status = skill_metric(d, metrics, err);
	for (int64_t b = 0; !status && b < d->shape[0]; b++) {
		char figure[48], key[64];

		snprintf(figure, sizeof figure, "codes right, codebook %lld", (long long)b + 1);
		snprintf(key, sizeof key, "decoding.codes.right.codebook-%lld", (long long)b + 1);
		status = add(metrics, figure_of(d, key, figure, d->book_right[b]), d->book_unigram[b],
		             "the commonest train code", err);
	}
	return status;
}

static gb_status sound_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	const gb_decoded_audio *s = d->sound;
	gb_metric m = figure_of(d, "decoding.sound.stoi", "STOI of the sound", s->stoi);
	char control[200];
	gb_status status;

	snprintf(control, sizeof control, "chance: %s; ceiling: the true rows as sound; all against %s",
	         d->kind == GB_DECODED_MEL ? "the mean train spectrum" : "the commonest train codes",
	         s->original ? "the sound of the medium" : "the true rows as sound");
	m.ceiling = s->stoi_round_trip;
	status = add(metrics, m, s->stoi_constant, control, err);
	m = figure_of(d, "decoding.sound.log-spectral-distance", "log-spectral distance of the sound (dB)",
	              s->distance);
	m.ceiling = s->distance_round_trip;
	return status ? status : add(metrics, m, s->distance_constant, control, err);
}

static gb_status segment_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	static const char *const key[] = {"decoding.nearest.percentile", "decoding.nearest.first",
	                                  "decoding.nearest.five"},
				 *const figure[] = {"rank percentile of the nearest true segment",
	                                            "nearest segment is a true one",
	                                            "a true segment among the five nearest"};
	gb_status status = GB_OK;

	for (int k = 0; !status && k < 3; k++) {
		gb_metric m = figure_of(d, key[k], figure[k], d->segment[k]);

		m.control = "chance, for as many true segments; a constant prediction may exceed it";
		if (d->shifts)
			gb_metric_shifts(&m, d->null_mean[k], d->null_sd[k], d->null_p[k], d->shifts);
		status = add(metrics, m, d->chance[k], m.control, err);
	}
	return status;
}

/* The figures that only tensors of its modality have. */
static gb_status modality_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	const gb_modality_decoded decoded = {d->rows, d->elements, d->predicted, d->actual, d->mean};
	gb_modality_figure figure[GB_MODALITY_FIGURES];
	size_t n = d->modality && d->modality->score ? d->modality->score(&decoded, figure) : 0;
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < n; i++)
		status = add(metrics, figure_of(d, figure[i].key, figure[i].figure, figure[i].value),
		             figure[i].baseline, figure[i].control, err);
	return status;
}

static gb_status metrics_of(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	gb_status status;

	if (d->kind == GB_DECODED_CODES) {
		status = code_metrics(d, metrics, err);
		return status || !d->sound ? status : sound_metrics(d, metrics, err);
	}
	status = gb_metrics_identification(metrics, "decoding", d->direction, d->feature, &d->identification,
	                                   err);
	if (!status)
		status = add(metrics, figure_of(d, "decoding.rmse", "root mean square error", d->error),
		             d->error_mean, "the train mean", err);
	if (!status)
		status = skill_metric(d, metrics, err);
	if (!status)
		status = modality_metrics(d, metrics, err);
	if (!status && d->kind == GB_DECODED_VIDEO)
		status = add(metrics, figure_of(d, "decoding.video.psnr", "PSNR (dB)", d->psnr), d->psnr_mean,
		             "the mean train frame", err);
	if (!status && d->kind == GB_DECODED_VIDEO)
		status = add(metrics, figure_of(d, "decoding.video.ssim", "SSIM", d->ssim), d->ssim_mean,
		             "the mean train frame", err);
	if (!status && d->sound)
		status = sound_metrics(d, metrics, err);
	return !status && d->has_segments && d->rows_with_text ? segment_metrics(d, metrics, err) : status;
}

double gb_decoded_mean_skill(const gb_decoded *list, size_t count, bool from_brain, size_t *tensors)
{
	double sum = 0;

	*tensors = 0;
	for (const gb_decoded *d = list; d < list + count; d++)
		if (d->from_brain == from_brain && isfinite(d->skill)) {
			sum += d->skill;
			++*tensors;
		}
	return *tensors ? sum / (double)*tensors : NAN;
}

static gb_status mean_skill(const gb_decoded *list, size_t count, bool from_brain, gb_metrics *metrics,
                            gb_err *err)
{
	size_t tensors;
	double skill = gb_decoded_mean_skill(list, count, from_brain, &tensors);
	gb_metric m = gb_metric_make(gb_decoded_direction(from_brain), "all", "decoding.skill.mean",
	                             "mean skill", skill);

	return tensors ? add(metrics, m, 0, "the mean over tensors, each beside its own baseline", err)
	               : GB_OK;
}

/* TSV cannot hold tabs and line ends. */
static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

static gb_status write_text(const char *folder, const gb_decoded *d, const gb_dataset *set,
                            const gb_scored *scored, gb_err *err)
{
	const gb_clock *clock = gb_dataset_clock(set);
	char *path = gb_format(err, "%s/%s%s.tsv", folder, d->feature, d->from_brain ? "" : ".stimulus"),
	     *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	gb_status status;

	if (!path || !out) {
		free(path);
		return gb_fail(err, GB_SYSTEM, "%s: memory is short", d->feature);
	}
	fputs("row\trun\tseconds\tsegment\trank\tnearest\tcosine\n", out);
	for (size_t t = 0; t < d->rows; t++)
		for (int k = 0; k < 5 && d->nearest[t].segment[k] >= 0; k++) {
			gb_rational at = {0, 1};

			if (!gb_clock_time_of(clock, scored->run[t],
			                      scored->row[t] - gb_clock_first(clock, scored->run[t]), &at))
				continue;
			fprintf(out, "%lld\t%s\t%g\t", (long long)scored->row[t],
			        clock->run[scored->run[t]].name, gb_rational_double(at));
			print_cell(out, d->truth[t] < 0 ? "" : d->text[d->truth[t]]);
			fprintf(out, "\t%d\t", k + 1);
			print_cell(out, d->text[d->nearest[t].segment[k]]);
			fprintf(out, "\t%.4f\n", (double)d->nearest[t].cosine[k]);
		}
	status = fclose(out) ? gb_fail(err, GB_SYSTEM, "%s: memory is short", path)
	                     : gb_output_whole(path, text, size, err);
	free(text);
	free(path);
	return status;
}

gb_status gb_decoded_report(const gb_decoded *list, size_t count, const char *folder, const gb_dataset *set,
                            const gb_scored *scored, gb_metrics *metrics, gb_err *err)
{
	const struct gb_decoded_audio *sound = NULL;
	gb_status status = GB_OK;

	for (const gb_decoded *d = list; d < list + count; d++)
		sound = sound ? sound : d->sound;
	for (const gb_decoded *d = list; !status && d < list + count; d++) {
		status = metrics_of(d, metrics, err);
		if (!status && d->has_segments)
			status = write_text(folder, d, set, scored, err);
		if (!status && d->sound)
			status = gb_decoded_audio_write(folder, d, err);
		if (!status && d->kind == GB_DECODED_VIDEO)
			status = gb_decoded_video_write(d, sound, gb_dataset_clock(set)->step, folder, err);
	}
	for (int from_brain = 1; !status && from_brain >= 0; from_brain--)
		status = mean_skill(list, count, from_brain, metrics, err);
	return status;
}
