// SPDX-License-Identifier: MIT
/* gb-fmri-hrf: everything between NIfTI and rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "nifti/bold_file.h"
#include "nifti/mask_tensor.h"
#include "signal/average.h"
#include "nifti/bold_file.h"
#include "signal/convolve_file.h"

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
	gb_cli_note("%s: %lld rows of %lld voxels, %d regressors taken out", o.image, (long long)report.rows,
	            (long long)report.voxels, report.regressors);
	return GB_OK;
}

/* ---- average ---- */

static gb_status run_average(const gb_args *args, gb_err *err)
{
	return gb_average(args->operand, args->operands, args->tool, args->params, args->out, args->pool, err);
}

static const gb_option no_options[] = {{0}};

/* ---- convolve ---- */

static struct {
	const char *kernel, *history, *runs, *run;
	gb_strings tensor;
	gb_maybe_rational sample_time, tr, start;
} convolve = {.kernel = "glover", .history = "hold", .sample_time = {true, {1, 2}}};

static const gb_option convolve_options[] = {
	{"kernel", GB_OPTION_STRING, &convolve.kernel, "glover|glover3|spm|FILE.tsv", "haemodynamic response (default glover)"},
	{"tensor", GB_OPTION_LIST, &convolve.tensor, "NAME", "convolve this one (default: every float tensor with a clock)"},
	{"history", GB_OPTION_CHOICE, &convolve.history, "hold|zero", "before a run: its first value held, or zero (default hold)"},
	{"sample-time", GB_OPTION_RATIONAL, &convolve.sample_time, "R", "when in its row BOLD was sampled, 0 to 1 (default 1/2)"},
	{"tr", GB_OPTION_RATIONAL, &convolve.tr, "R", "repetition time of a file without clocks"},
	{"start", GB_OPTION_RATIONAL, &convolve.start, "R", "movie time of its first row (default 0)"},
	{"runs", GB_OPTION_STRING, &convolve.runs, "NAME:ROWS,...", "its runs (default: one)"},
	{"run", GB_OPTION_STRING, &convolve.run, "NAME", "name of its one run (default run-1)"},
	{0}
};

static gb_status run_convolve(const gb_args *args, gb_err *err)
{
	gb_convolve_options o = {
	    .kernel = convolve.kernel, .tau = convolve.sample_time.value, .tensor = convolve.tensor.item,
	    .tensors = convolve.tensor.count,
	    .history = strcmp(convolve.history, "zero") ? GB_HISTORY_HOLD : GB_HISTORY_ZERO,
	    .clock = {.tr = convolve.tr.set ? &convolve.tr.value : NULL,
	              .start = convolve.start.set ? &convolve.start.value : NULL, .runs = convolve.runs, .run = convolve.run}};
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, args->operand[0], err);

	if (!status)
		status = gb_convolve_file(file, &o, args->tool, args->params, args->out, args->pool, err);
	gb_tensor_file_close(file);
	return status;
}

static const gb_command commands[] = {
	{"bold",
	 "[--mask MASK] [--tr R] [--force-tr] [--start R] [--rows A:B] [--runs NAME:ROWS,...] [--run NAME] "
	 "[--confounds FILE.tsv --columns a,b] [--detrend linear|dct:SECONDS] [--zscore run|rows|none] [--fit-rows A:B] "
	 "[--dtype f32|f16] [-o OUT] IMG",
	 "4-D image to rows of voxels", bold_options, 1, 1, false, run_bold},
	{"average", "[-o OUT] FILE...", "mean BOLD of several subjects", no_options, 1, -1, false, run_average},
	{"convolve",
	 "[--kernel glover|glover3|spm|FILE.tsv] [--tensor NAME]... [--history hold|zero] [--sample-time R] [--tr R] "
	 "[--start R] [--runs NAME:ROWS,...] [--run NAME] [-o OUT] [FILE]",
	 "features as the brain's blood flow shows them", convolve_options, 0, 1, true, run_convolve},
	{0}
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-fmri-hrf", "everything between NIfTI and rows", commands, argc, argv);
}
