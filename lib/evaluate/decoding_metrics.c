/* SPDX-License-Identifier: MIT */
/* What was decoded as figures for metrics.tsv, and as files for people. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "evaluate/encoding.h"
#include "evaluate/decoded_audio.h"

static gb_status add(const gb_decoded *d, gb_metrics *metrics, const char *figure, double value, double chance, const char *control, gb_err *err)
{
	gb_metric m = gb_metric_none();

	m.direction = d->direction;
	m.target = d->feature;
	m.figure = figure;
	m.value = value;
	m.chance = chance;
	m.control = control;
	return gb_metrics_add(metrics, &m, err);
}

static gb_status skill_metric(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	if (!isfinite(d->skill))
		return GB_OK;
	return add(d, metrics, "skill", d->skill, 0, d->kind == GB_DECODED_CODES ? "1 - cross-entropy / that of the unigram of train codes" : "1 - squared error / that of the train mean", err);
}

static gb_status code_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	gb_status status = add(d, metrics, "codes right", d->right, d->right_unigram, "the commonest train code of each codebook", err);

	if (!status)
		status = skill_metric(d, metrics, err);
	for (int64_t b = 0; !status && b < d->shape[0]; b++) {
		char figure[48];

		snprintf(figure, sizeof figure, "codes right, codebook %lld", (long long)b + 1);
		status = add(d, metrics, figure, d->book_right[b], d->book_unigram[b], "the commonest train code", err);
	}
	return status;
}

static gb_status sound_metrics(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	const gb_decoded_audio *s = d->sound;
	const double value[] = {s->stoi, s->distance}, best[] = {s->stoi_round_trip, s->distance_round_trip},
	             chance[] = {s->stoi_constant, s->distance_constant};
	static const char *const figure[] = {"STOI of the sound", "log-spectral distance of the sound (dB)"};
	char control[200];
	gb_status status = GB_OK;

	snprintf(control, sizeof control, "chance: %s; ceiling: the true rows as sound; all against %s",
	         d->kind == GB_DECODED_MEL ? "the mean train spectrum" : "the commonest train codes", s->original ? "the sound of the medium" : "the true rows as sound");
	for (int k = 0; !status && k < 2; k++) {
		gb_metric m = gb_metric_none();

		m.direction = d->direction;
		m.target = d->feature;
		m.figure = figure[k];
		m.value = value[k];
		m.ceiling = best[k];
		m.chance = chance[k];
		m.control = control;
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
}

static gb_status metrics_of(const gb_decoded *d, gb_metrics *metrics, gb_err *err)
{
	gb_status status;

	if (d->kind == GB_DECODED_CODES) {
		status = code_metrics(d, metrics, err);
		return status || !d->sound ? status : sound_metrics(d, metrics, err);
	}
	status = gb_metrics_identification(metrics, d->direction, d->feature, &d->identification, err);
	if (!status)
		status = add(d, metrics, "root mean square error", d->error, d->error_mean, "the train mean", err);
	if (!status)
		status = skill_metric(d, metrics, err);
	if (!status && d->kind == GB_DECODED_VIDEO)
		status = add(d, metrics, "PSNR (dB)", d->psnr, d->psnr_mean, "the mean train frame", err);
	if (!status && d->kind == GB_DECODED_VIDEO)
		status = add(d, metrics, "SSIM", d->ssim, d->ssim_mean, "the mean train frame", err);
	if (!status && d->sound)
		status = sound_metrics(d, metrics, err);
	for (int k = 0; !status && d->has_segments && d->rows_with_text && k < 3; k++) {
		static const char *const name[] = {"rank percentile of the nearest true segment", "nearest segment is a true one",
		                                   "a true segment among the five nearest"};
		gb_metric m = gb_metric_none();

		m.direction = d->direction;
		m.target = d->feature;
		m.figure = name[k];
		m.value = d->segment[k];
		m.chance = d->chance[k];
		m.control = "chance, for as many true segments; a constant prediction may exceed it";
		if (d->shifts) {
			m.null_mean = d->null_mean[k];
			m.null_sd = d->null_sd[k];
			m.p = d->null_p[k];
			m.nulls = (double)d->shifts;
			m.control = "circular shifts of 45 s and more";
		}
		status = gb_metrics_add(metrics, &m, err);
	}
	return status;
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

static gb_status mean_skill(const gb_decoded *list, size_t count, bool from_brain, gb_metrics *metrics, gb_err *err)
{
	gb_decoded all = {.direction = gb_decoded_direction(from_brain), .feature = "all"};
	size_t tensors;
	double skill = gb_decoded_mean_skill(list, count, from_brain, &tensors);

	return tensors ? add(&all, metrics, "mean skill", skill, 0, "the mean over tensors, each beside its own baseline", err) : GB_OK;
}

/* TSV cannot hold tabs and line ends. */
static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

static gb_status write_text(const char *folder, const gb_decoded *d, const gb_dataset *set, const gb_scored *scored, gb_err *err)
{
	const gb_clock *clock = gb_dataset_clock(set);
	char *path = gb_format(err, "%s/%s%s.tsv", folder, d->feature, d->from_brain ? "" : ".stimulus"), *text = NULL;
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

			if (!gb_clock_time_of(clock, scored->run[t], scored->row[t] - gb_clock_first(clock, scored->run[t]), &at))
				continue;
			fprintf(out, "%lld\t%s\t%g\t", (long long)scored->row[t], clock->run[scored->run[t]].name, gb_rational_double(at));
			print_cell(out, d->truth[t] < 0 ? "" : d->text[d->truth[t]]);
			fprintf(out, "\t%d\t", k + 1);
			print_cell(out, d->text[d->nearest[t].segment[k]]);
			fprintf(out, "\t%.4f\n", (double)d->nearest[t].cosine[k]);
		}
	status = fclose(out) ? gb_fail(err, GB_SYSTEM, "%s: memory is short", path) : gb_output_whole(path, text, size, err);
	free(text);
	free(path);
	return status;
}

gb_status gb_decoded_report(const gb_decoded *list, size_t count, const char *folder, const gb_dataset *set, const gb_scored *scored,
                          gb_metrics *metrics, gb_err *err)
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
