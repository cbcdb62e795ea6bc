// SPDX-License-Identifier: MIT
/* gb-fmri-hrf: everything between NIfTI and rows. */
#include <string.h>

#include "cli/cli.h"
#include "fmri/bold.h"
#include "fmri/restore.h"
#include "fmri/mask_vote.h"
#include "fmri/average.h"
#include "fmri/bold.h"
#include "fmri/convolve_file.h"
#include "fmri/lag.h"

/* ---- mask ---- */

static struct {
	double votes, percentile;
	const char *within;
} mask = {.votes = 0.5, .percentile = 10};

static const gb_option mask_options[] = {
	{"votes", GB_OPTION_REAL, &mask.votes, "SHARE", "share of the subjects that must agree (default 0.5)", false, 0, 1},
	{"percentile", GB_OPTION_REAL, &mask.percentile, "P", "a voxel must vary more than this (default 10)", false, 0, 100},
	{"within", GB_OPTION_STRING, &mask.within, "BRAIN", "look only at the voxels above 0 in this image", true},
	{0}
};

static gb_status run_mask(const gb_args *args, gb_err *err)
{
	gb_nifti_mask agreed;
	gb_status status = gb_mask_vote(&agreed, args->operand, args->operands, mask.votes, mask.percentile, mask.within,
	                                 args->pool, err);

	if (!status)
		status = gb_nifti_mask_write(args->out, &agreed, err);
	if (!status)
		gb_cli_log("%zu of %zu voxels", agreed.voxels, agreed.grid);
	gb_nifti_mask_clear(&agreed);
	return status;
}

/* ---- bold ---- */

static struct {
	const char *mask, *runs, *run, *confounds, *columns, *detrend, *zscore, *dtype;
	gb_maybe_rational tr, start;
	bool force_tr;
	gb_range rows, fit;
} bold = {.run = "run-1", .zscore = "none", .dtype = "f32"};

static const gb_option bold_options[] = {
	{"mask", GB_OPTION_STRING, &bold.mask, "MASK", "take the voxels above 0 in this image (default: all)", true},
	{"tr", GB_OPTION_RATIONAL, &bold.tr, "R", "repetition time in seconds (default: the BIDS sidecar's, else the header's)"},
	{"force-tr", GB_OPTION_FLAG, &bold.force_tr, NULL, "--tr wins over a header that says otherwise"},
	{"start", GB_OPTION_RATIONAL, &bold.start, "R", "movie time at which the first row of each run begins (default 0)"},
	{"rows", GB_OPTION_RANGE, &bold.rows, "A:B", "take volumes A to B-1 of the file"},
	{"runs", GB_OPTION_STRING, &bold.runs, "NAME:ROWS,...", "runs the file holds, in order (default: one)"},
	{"run", GB_OPTION_STRING, &bold.run, "NAME", "name of the one run (default run-1)"},
	{"confounds", GB_OPTION_STRING, &bold.confounds, "FILE.tsv", "table with a row a volume, taken out by regression", true},
	{"columns", GB_OPTION_STRING, &bold.columns, "a,b", "its columns to take out"},
	{"detrend", GB_OPTION_STRING, &bold.detrend, "linear|dct:SECONDS", "take out a line, or cosines slower than SECONDS, a run"},
	{"zscore", GB_OPTION_CHOICE, &bold.zscore, "run|rows|none", "standardise each run, or all by --fit-rows (default none)"},
	{"fit-rows", GB_OPTION_RANGE, &bold.fit, "A:B", "rows of the output, inside one run, that --zscore rows is fitted on"},
	{"dtype", GB_OPTION_CHOICE, &bold.dtype, "f32|f16", "type of the values written (default f32)"},
	{0}
};

static gb_status run_bold(const gb_args *args, gb_err *err)
{
	gb_bold_options o = {
	    .image = args->operand[0], .mask = bold.mask, .confounds = bold.confounds, .columns = bold.columns,
	    .clock = {.tr = bold.tr.set ? &bold.tr.value : NULL, .force_tr = bold.force_tr, .runs = bold.runs, .run = bold.run,
	              .start = bold.start.set ? &bold.start.value : NULL, .first = bold.rows.set ? bold.rows.first : 0,
	              .end = bold.rows.set ? bold.rows.end : INT64_MAX},
	    .detrend = bold.detrend, .half = !strcmp(bold.dtype, "f16"),
	    .zscore = !strcmp(bold.zscore, "run") ? GB_ZSCORE_RUN : !strcmp(bold.zscore, "rows") ? GB_ZSCORE_ROWS : GB_ZSCORE_NONE,
	    .fit_first = bold.fit.first, .fit_end = bold.fit.end};
	gb_bold_report report;
	gb_status status;

	if (bold.fit.set != (o.zscore == GB_ZSCORE_ROWS))
		return gb_fail(err, GB_USAGE, "--zscore rows and --fit-rows A:B belong together");
	if (!bold.confounds != !bold.columns)
		return gb_fail(err, GB_USAGE, "--confounds FILE.tsv and --columns a,b belong together");
	status = gb_bold_file(&o, args->tool, args->params, args->out, &report, args->pool, err);
	if (status)
		return status;
	if (report.repeated || report.missing)
		gb_cli_warn("%s: %lld repeated and %lld missing volumes, marked in bold.valid", o.image,
		            (long long)report.repeated, (long long)report.missing);
	if (report.constant)
		gb_cli_warn("%s: %zu constant voxels, left at 0: make a mask without them", o.image, report.constant);
	if (report.filled)
		gb_cli_warn("%s: %lld cells n/a, taken as their column's mean", o.confounds, (long long)report.filled);
	gb_cli_log("%s: %lld rows of %lld voxels, %d regressors taken out", o.image, (long long)report.rows,
	            (long long)report.voxels, report.regressors);
	return GB_OK;
}

/* ---- average ---- */

static gb_status run_average(const gb_args *args, gb_err *err)
{
	return gb_average(args->operand, args->operands, args->tool, args->params, args->out, args->pool, err);
}

static const gb_option no_options[] = {{0}};

/* ---- what convolve, kernel and lag share ---- */

static struct {
	const char *kernel, *history, *runs, *run;
	gb_strings tensor;
	gb_maybe_rational sample_time, tr, start, max;
	int64_t seed;
} hrf = {.kernel = "glover", .history = "hold", .sample_time = {true, {1, 2}}, .max = {true, {15, 1}}, .seed = 1};

#define KERNEL_OPTIONS \
	{"kernel", GB_OPTION_STRING, &hrf.kernel, "glover|glover3|spm|FILE.tsv", "haemodynamic response (default glover)"}, \
	{"sample-time", GB_OPTION_RATIONAL, &hrf.sample_time, "R", "when in its row BOLD was sampled, 0 to 1 (default 1/2)"}
#define FEATURE_OPTIONS \
	{"tensor", GB_OPTION_LIST, &hrf.tensor, "NAME", "a feature (default: every float tensor with a clock)"}, \
	{"tr", GB_OPTION_RATIONAL, &hrf.tr, "R", "repetition time of a feature file without clocks"}, \
	{"start", GB_OPTION_RATIONAL, &hrf.start, "R", "movie time of its first row (default 0)"}, \
	{"runs", GB_OPTION_STRING, &hrf.runs, "NAME:ROWS,...", "its runs (default: one)"}, \
	{"run", GB_OPTION_STRING, &hrf.run, "NAME", "name of its one run (default run-1)"}

#define FEATURE_SYNOPSIS "[--tensor NAME]... [--tr R] [--start R] [--runs NAME:ROWS,...] [--run NAME] "

static gb_clock_options feature_clock(void)
{
	return (gb_clock_options){.tr = hrf.tr.set ? &hrf.tr.value : NULL, .start = hrf.start.set ? &hrf.start.value : NULL,
	                          .runs = hrf.runs, .run = hrf.run};
}

/* ---- convolve ---- */

static const gb_option convolve_options[] = {
	KERNEL_OPTIONS,
	{"history", GB_OPTION_CHOICE, &hrf.history, "hold|zero", "before a run: its first value held, or zero (default hold)"},
	FEATURE_OPTIONS,
	{0}
};

static gb_status run_convolve(const gb_args *args, gb_err *err)
{
	gb_convolve_options o = {
	    .kernel = hrf.kernel, .tau = hrf.sample_time.value, .tensor = hrf.tensor.item, .tensors = hrf.tensor.count,
	    .history = strcmp(hrf.history, "zero") ? GB_HISTORY_HOLD : GB_HISTORY_ZERO, .clock = feature_clock()};
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, args->operand[0], err);

	if (!status)
		status = gb_convolve_file(file, &o, args->tool, args->params, args->out, args->pool, err);
	gb_tensor_file_close(file);
	return status;
}

/* ---- kernel ---- */

static const gb_option kernel_options[] = {
	KERNEL_OPTIONS,
	GB_OPT_TR(&hrf.tr),
	{0}
};

static gb_status run_kernel(const gb_args *args, gb_err *err)
{
	gb_rational tr = hrf.tr.set ? hrf.tr.value : (gb_rational){3, 2};
	double step = gb_rational_double(tr), tau = gb_rational_double(hrf.sample_time.value);
	gb_hrf k;
	gb_text *text;
	gb_status status = gb_hrf_make(&k, hrf.kernel, tr, hrf.sample_time.value, err);

	if (status)
		return status;
	if (!(status = gb_text_open(&text, args->out, err))) {
		gb_text_print(text, "row\tfrom\tto\tweight%s\n", k.functions > 1 ? "\tderivative\tdispersion" : "");
		for (int i = 0; i < k.taps; i++) {
			gb_text_print(text, "%d\t%g\t%g", i, (i - 1 + tau) * step, (i + tau) * step);
			for (int f = 0; f < k.functions; f++)
				gb_text_print(text, "\t%.17g", k.tap[f][i]);
			gb_text_print(text, "\n");
		}
		status = gb_text_commit(text, err);
	}
	gb_hrf_clear(&k);
	return status;
}

/* ---- lag ---- */

static const gb_option lag_options[] = {
	KERNEL_OPTIONS,
	{"max", GB_OPTION_RATIONAL, &hrf.max, "SECONDS", "longest lag, both ways (default 15)"},
	FEATURE_OPTIONS,
	{"seed", GB_OPTION_INTEGER, &hrf.seed, "S", "of the surrogates and resamples (default 1)", false, 0, 4e18},
	{0}
};

static gb_status print_lag(const gb_args *args, const gb_lag *l, gb_err *err)
{
	double step = gb_rational_double(l->step);
	gb_text *text;
	gb_status status = gb_text_open(&text, args->out, err);

	if (status)
		return status;
	gb_text_print(text, "row\tseconds\tr2\tshare_best\n");
	for (int64_t i = 0; i <= 2 * l->most; i++) {
		gb_text_print(text, "%lld\t%g\t%.6f\t", (long long)(i - l->most), (double)(i - l->most) * step, l->r2[i]);
		gb_text_print(text, l->share ? "%.3f\n" : "n/a\n", l->share ? l->share[i] : 0);
	}
	if ((status = gb_text_commit(text, err)))
		return status;
	gb_cli_log("%lld rows, %d components", (long long)l->rows, l->components);
	if (!l->found)
		gb_cli_print("no lag found: the highest R2 is at %lld rows, %s (p = %.3g)", (long long)l->best,
		           l->p <= 0.01 ? "the edge of the range: widen --max" : "no higher than chance allows", l->p);
	else if (l->share)
		gb_cli_print("best lag: %lld rows (%g s), p = %.3g, 95 %% of resamples %lld to %lld rows", (long long)l->best,
		           (double)l->best * step, l->p, (long long)l->low, (long long)l->high);
	else
		gb_cli_print("best lag: %lld rows (%g s), p = %.3g; too short for resamples", (long long)l->best,
		           (double)l->best * step, l->p);
	return GB_OK;
}

static gb_status run_lag(const gb_args *args, gb_err *err)
{
	gb_lag_options o = {.kernel = hrf.kernel, .tau = hrf.sample_time.value, .max = hrf.max.value, .tensor = hrf.tensor.item,
	                    .tensors = hrf.tensor.count, .clock = feature_clock(), .bold = "bold", .seed = (uint64_t)hrf.seed};
	gb_tensor_file *stimulus, *brain = NULL;
	gb_lag found = {0};
	gb_status status = gb_tensor_file_open(&stimulus, args->operand[0], err);

	if (!status)
		status = gb_tensor_file_open(&brain, args->operand[1], err);
	if (!status)
		status = gb_lag_find(&found, stimulus, brain, &o, args->pool, err);
	if (!status)
		status = print_lag(args, &found, err);
	gb_lag_clear(&found);
	gb_tensor_file_close(stimulus);
	gb_tensor_file_close(brain);
	return status;
}

/* ---- nifti ---- */

static struct {
	const char *tensor;
	bool denormalise;
} nifti = {.tensor = "bold"};

static const gb_option nifti_options[] = {
	{"tensor", GB_OPTION_STRING, &nifti.tensor, "NAME", "the tensor to write, [rows, voxels] or [voxels] (default bold)"},
	{"denormalise", GB_OPTION_FLAG, &nifti.denormalise, NULL, "put back the mean, deviation and trend that were taken out"},
	{0}
};

static gb_status run_nifti(const gb_args *args, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, args->operand[0], err);

	if (!status)
		status = gb_nifti_restore(file, nifti.tensor, nifti.denormalise, args->out, err);
	gb_tensor_file_close(file);
	return status;
}

static const gb_command commands[] = {
	{"mask", "[--votes SHARE] [--percentile P] [--within BRAIN] [-o OUT] IMG...", "voxels that vary, by vote of the subjects",
	 mask_options, 1, -1, false, run_mask},
	{"bold",
	 "[--mask MASK] [--tr R] [--force-tr] [--start R] [--rows A:B] [--runs NAME:ROWS,...] [--run NAME] "
	 "[--confounds FILE.tsv --columns a,b] [--detrend linear|dct:SECONDS] [--zscore run|rows|none] [--fit-rows A:B] "
	 "[--dtype f32|f16] [-o OUT] IMG",
	 "4-D image to rows of voxels", bold_options, 1, 1, false, run_bold},
	{"average", "[-o OUT] FILE...", "mean BOLD of several subjects", no_options, 1, -1, false, run_average},
	{"convolve",
	 "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--history hold|zero] " FEATURE_SYNOPSIS "[-o OUT] [FILE]",
	 "features as the brain's blood flow shows them", convolve_options, 0, 1, true, run_convolve},
	{"kernel", "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--tr R] [-o OUT]", "the taps as TSV", kernel_options,
	 0, 0, false, run_kernel},
	{"lag", "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--max SECONDS] " FEATURE_SYNOPSIS
	 "[--seed S] [-o OUT] STIMULUS BOLD",
	 "how many rows the brain lies behind", lag_options, 2, 2, false, run_lag},
	{"nifti", "[--tensor NAME] [--denormalise] [-o OUT] [FILE]", "rows of voxels back to an image", nifti_options, 0, 1, true,
	 run_nifti},
	{0}
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-fmri-hrf", "everything between NIfTI and rows", commands, argc, argv);
}
