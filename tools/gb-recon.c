/* SPDX-License-Identifier: MIT */
/* gb-recon: model + data set → what it predicts, and how good that is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "cli/cli.h"
#include "io/file.h"
#include "report/encoding.h"
#include "report/maps.h"
#include "report/truth.h"

static struct {
	const char *rows, *baseline, *null, *truth;
	bool no_score;
} opt = {.rows = "test"};

static const gb_option options[] = {
	{"rows", GB_OPTION_STRING, &opt.rows, "test|all|A:B", "rows to predict; of them the test rows are scored (default test)"},
	{"baseline", GB_OPTION_STRING, &opt.baseline, "RUN", "ridge run to print beside the model (default: ridge.safetensors in its folder)", .not_param = true},
	{"null", GB_OPTION_STRING, &opt.null, "SET", "other brains on the same clock: the null where there are too few rows for shifts", .not_param = true},
	{"truth", GB_OPTION_STRING, &opt.truth, "FILE", "truth.safetensors of gb-sim: what the planted signal reaches, beside the model", .not_param = true},
	{"no-score", GB_OPTION_FLAG, &opt.no_score, NULL, "predict only: for stimuli without BOLD"},
	{0},
};

/* What one call works on. */
typedef struct work {
	const gb_args *args;
	gb_dataset *set, *null;
	gb_model *model, *baseline;
	int64_t first, end; /* rows asked for */
	uint8_t use;        /* GB_ROW_TEST, or 255: any */
	gb_encoding encoding;
	gb_metrics metrics;
	gb_nifti_mask mask;
	bool has_mask;
} work;

static gb_status parse_rows(work *w, gb_err *err)
{
	int64_t rows = gb_dataset_rows(w->set);
	long long first, end;
	int used = 0;

	w->first = 0;
	w->end = rows;
	w->use = strcmp(opt.rows, "test") == 0 ? GB_ROW_TEST : 255;
	if (w->use == GB_ROW_TEST || strcmp(opt.rows, "all") == 0)
		return GB_OK;
	if (sscanf(opt.rows, "%lld:%lld%n", &first, &end, &used) != 2 || opt.rows[used] || first < 0 || end <= first || end > rows)
		return gb_fail(err, GB_USAGE, "--rows %s: test, all, or A:B with 0 ≤ A < B ≤ %lld is wanted", opt.rows, (long long)rows);
	w->first = first;
	w->end = end;
	return GB_OK;
}

/* The ridge to print beside the model: named, or kept by gb-train in the model's folder. */
static gb_status open_baseline(work *w, gb_err *err)
{
	char *path;
	struct stat about;
	gb_status status = GB_OK;

	if (opt.baseline)
		status = gb_model_open(&w->baseline, opt.baseline, err);
	else if (strcmp(gb_model_kind(w->model), "ridge")) {
		path = gb_format(err, "%s/ridge.safetensors", w->args->operand[0]);
		if (path && stat(path, &about) == 0)
			status = gb_model_open(&w->baseline, path, err);
		free(path);
	}
	if (!status && w->baseline && strcmp(gb_model_kind(w->baseline), "ridge"))
		return gb_fail(err, GB_USAGE, "--baseline %s: a model of kind %s; a ridge run is wanted", opt.baseline, gb_model_kind(w->baseline));
	return !status && w->baseline ? gb_model_fits(w->baseline, w->set, err) : status;
}

static gb_status open_all(work *w, gb_err *err)
{
	gb_status status = gb_model_open(&w->model, w->args->operand[0], err);

	if (!status)
		status = gb_dataset_open(&w->set, w->args->operand[1], err);
	if (!status)
		status = parse_rows(w, err);
	if (!status)
		status = gb_model_fits(w->model, w->set, err);
	if (!status)
		status = open_baseline(w, err);
	if (!status && opt.null)
		status = gb_dataset_open(&w->null, opt.null, err);
	if (!status && gb_model_set(w->model) && strcmp(gb_model_set(w->model), gb_dataset_id(w->set)))
		gb_cli_warn("%s: trained on another data set; make sure that its train rows are not tested here", w->args->operand[0]);
	if (!status)
		status = gb_maps_mask(w->set, &w->mask, &w->has_mask, err);
	return status ? status : gb_folder_make(w->args->out, err);
}

/* Predicted BOLD of all rows asked for, scored or not. */
static gb_status predict(work *w, gb_err *err)
{
	const uint8_t *use = gb_dataset_use(w->set);
	size_t count = 0, voxels = gb_model_voxels(w->model);
	int64_t *row = gb_array((size_t)(w->end - w->first), sizeof *row, err);
	float *predicted = NULL;
	gb_status status = row ? GB_OK : GB_SYSTEM;

	for (int64_t r = w->first; row && r < w->end; r++)
		if (w->use == 255 || use[r] == w->use)
			row[count++] = r;
	if (!status && w->has_mask && count) {
		predicted = gb_array(count * voxels, sizeof *predicted, err);
		status = predicted ? gb_model_encode(w->model, w->set, gb_model_subject(w->model), row, count, predicted, w->args->pool, err)
		                   : GB_SYSTEM;
		if (!status)
			status = gb_maps_predicted(w->args->out, &w->mask, w->set, predicted, count, err);
	}
	free(predicted);
	free(row);
	return status;
}

static gb_status score(work *w, gb_err *err)
{
	gb_encoding_options options_of = {w->model, w->baseline, w->set, w->null, w->first, w->end, w->args->pool};
	gb_status status = gb_encoding_make(&w->encoding, &options_of, err);
	char *text, *path;

	if (!status && w->has_mask)
		status = gb_maps_scores(w->args->out, &w->mask, &w->encoding, err);
	if (!status)
		status = gb_maps_voxels(w->args->out, &w->encoding, err);
	if (!status)
		status = gb_maps_tensors(w->args->out, w->args->tool, w->model, w->set, &w->encoding, w->args->pool, err);
	if (!status)
		status = gb_encoding_metrics(&w->encoding, w->set, gb_model_subject(w->model), &w->metrics, err);
	if (!status && opt.truth)
		status = gb_truth_metrics(opt.truth, &w->encoding, w->set, gb_model_subject(w->model), &w->metrics, w->args->pool, err);
	if (status)
		return status;
	text = gb_metrics_tsv(&w->metrics, err);
	path = gb_format(err, "%s/metrics.tsv", w->args->out);
	status = text && path ? gb_output_whole(path, text, strlen(text), err) : GB_SYSTEM;
	free(text);
	free(path);
	return status;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	work w = {.args = args};
	gb_status status;

	if (!args->out || !strcmp(args->out, "-"))
		return gb_fail(err, GB_USAGE, "-o DIR is wanted: a report is a folder");
	status = open_all(&w, err);
	if (!status)
		status = predict(&w, err);
	if (!status && !opt.no_score)
		status = score(&w, err);
	if (!status && !opt.no_score)
		gb_cli_note("mean r %.4f over %zu voxels on %zu test rows; see %s/metrics.tsv", w.encoding.score.mean, w.encoding.voxels,
		            w.encoding.scored.rows, args->out);
	gb_encoding_clear(&w.encoding);
	gb_metrics_clear(&w.metrics);
	gb_nifti_mask_clear(&w.mask);
	gb_model_close(w.model);
	gb_model_close(w.baseline);
	gb_dataset_close(w.set);
	gb_dataset_close(w.null);
	return status;
}

static const gb_command commands[] = {
	{NULL, "-o DIR [--rows test|all|A:B] [--baseline RUN] [--null SET] [--truth FILE] [--no-score] RUN|CKPT SET",
	 "What a model predicts, and how good that is", options, 2, 2, false, run},
	{0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-recon", "model and data to predictions and a report", commands, argc, argv);
}
