/* SPDX-License-Identifier: MIT */
/* gb-fmri-hrf: NIfTI images to BOLD tensors and back, and the haemodynamic response. */
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "fmri/bold.h"
#include "fmri/restore.h"
#include "fmri/mask_vote.h"
#include "fmri/average.h"
#include "fmri/convolve_file.h"
#include "fmri/lag.h"

/* ---- mask ---- */

static struct {
	double votes, percentile;
	const char *within;
} mask = {.votes = 0.5, .percentile = 10};

static const gb_option mask_options[] =
    {{"votes", GB_OPTION_REAL, &mask.votes, "SHARE",
      "keep a voxel that varies in at least this share of the subjects (default 0.5)", .min = 0, .max = 1},
     {"percentile", GB_OPTION_REAL, &mask.percentile, "P",
      "a voxel varies if its SD in time is above this percentile of the subject's non-zero SDs (default 10)",
      .min = 0, .max = 100},
     {"within", GB_OPTION_STRING, &mask.within, "BRAIN",
      "consider only voxels that are above 0 in the image BRAIN", .not_param = true},
     {0}};

static gb_status run_mask(const gb_args *args, gb_err *err)
{
	gb_nifti_mask agreed;
	gb_status status = gb_mask_vote(&agreed, args->operand, args->operands, mask.votes, mask.percentile,
	                                mask.within, args->pool, err);

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

static const char clock_group[] = "Time and runs:", denoise_group[] = "Confounds and standardisation:",
		  output_group[] = "Voxels and type:";

static const gb_option bold_options[] =
    {{"mask", GB_OPTION_STRING, &bold.mask, "MASK",
      "take the voxels above 0 in this image, of the same grid (default: all)", .group = output_group,
      .not_param = true},
     {"tr", GB_OPTION_RATIONAL, &bold.tr, "R",
      "set the repetition time in seconds (default: from the BIDS sidecar, else from the header)",
      .group = clock_group},
     {"force-tr", GB_OPTION_FLAG, &bold.force_tr, NULL, "let --tr override a plausible header that disagrees",
      .group = clock_group},
     {"start", GB_OPTION_RATIONAL, &bold.start, "R",
      "set the movie time, in seconds, at which the first row of each run begins (default 0)",
      .group = clock_group},
     {"rows", GB_OPTION_RANGE, &bold.rows, "A:B", "take volumes A to B-1 of the file only",
      .group = clock_group},
     {"runs", GB_OPTION_STRING, &bold.runs, "NAME:ROWS,...",
      "name the fMRI runs that the file holds in order, with their volumes (default: one)",
      .group = clock_group},
     {"run", GB_OPTION_STRING, &bold.run, "NAME", "name the only run (default run-1)", .group = clock_group},
     {"confounds", GB_OPTION_STRING, &bold.confounds, "FILE.tsv",
      "regress out --columns of this table, which has one row for each volume", .group = denoise_group,
      .not_param = true},
     {"columns", GB_OPTION_STRING, &bold.columns, "a,b", "name the columns of --confounds to regress out",
      .group = denoise_group},
     {"detrend", GB_OPTION_STRING, &bold.detrend, "linear|dct:SECONDS",
      "regress a line, or cosines with periods of SECONDS and longer, out of each run",
      .group = denoise_group},
     {"zscore", GB_OPTION_CHOICE, &bold.zscore, "run|rows|none",
      "z-score each run by itself, or all rows by the mean and SD of --fit-rows (default none)",
      .group = denoise_group},
     {"fit-rows", GB_OPTION_RANGE, &bold.fit, "A:B",
      "with --zscore rows: take mean and SD from these rows of the output, inside one run",
      .group = denoise_group},
     {"dtype", GB_OPTION_CHOICE, &bold.dtype, "f32|f16", "write values of this type (default f32)",
      .group = output_group},
     {0}};

static gb_status run_bold(const gb_args *args, gb_err *err)
{
	gb_bold_options o = {.image = args->operand[0],
	                     .mask = bold.mask,
	                     .confounds = bold.confounds,
	                     .columns = bold.columns,
	                     .clock = {.tr = bold.tr,
	                               .force_tr = bold.force_tr,
	                               .runs = bold.runs,
	                               .run = bold.run,
	                               .start = bold.start,
	                               .first = bold.rows.set ? bold.rows.first : 0,
	                               .end = bold.rows.set ? bold.rows.end : INT64_MAX},
	                     .detrend = bold.detrend,
	                     .half = !strcmp(bold.dtype, "f16"),
	                     .zscore = !strcmp(bold.zscore, "run")    ? GB_ZSCORE_RUN
	                               : !strcmp(bold.zscore, "rows") ? GB_ZSCORE_ROWS
	                                                              : GB_ZSCORE_NONE,
	                     .fit_first = bold.fit.first,
	                     .fit_end = bold.fit.end};
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
		gb_cli_warn("%s: %zu constant voxels, left at 0: make a mask without them", o.image,
		            report.constant);
	if (report.filled)
		gb_cli_warn("%s: %lld cells n/a, taken as their column's mean", o.confounds,
		            (long long)report.filled);
	gb_cli_log("%s: %lld rows of %lld voxels, %d regressors taken out", o.image, (long long)report.rows,
	            (long long)report.voxels, report.regressors);
	return GB_OK;
}

/* ---- average ---- */

static gb_status run_average(const gb_args *args, gb_err *err)
{
	return gb_average(args->operand, args->operands, args->tool, args->params, args->out, args->pool,
	                  err);
}

static const gb_option no_options[] = {{0}};

/* ---- what convolve, kernel and lag share ---- */

static struct {
	const char *kernel, *history, *runs, *run;
	gb_strings tensor;
	gb_maybe_rational sample_time, tr, start, max;
	int64_t seed;
} hrf = {.kernel = "glover",
         .history = "hold",
         .sample_time = {true, {1, 2}},
         .max = {true, {15, 1}},
         .seed = 1};

#define KERNEL_OPTIONS \
	{"kernel", GB_OPTION_STRING, &hrf.kernel, "glover|glover3|spm|FILE.tsv", \
	 "use this haemodynamic response function; glover3 adds its two derivatives (default glover)"}, \
	{"sample-time", GB_OPTION_RATIONAL, &hrf.sample_time, "R", \
	 "a BOLD volume is sampled at this fraction of its row: 0 start, 1 end (default 1/2)"}
#define FEATURE_OPTIONS                                                                                      \
	{"tensor", GB_OPTION_LIST, &hrf.tensor, "NAME",                                                      \
	 "take this feature tensor; may be repeated (default: every float tensor with a clock)"},            \
	    {"tr", GB_OPTION_RATIONAL, &hrf.tr, "R",                                                         \
	     "set the repetition time of a feature file that has no clock"},                                 \
	    {"start", GB_OPTION_RATIONAL, &hrf.start, "R",                                                   \
	     "set the movie time of the first row of a file that has no clock (default 0)"},                 \
	    {"runs", GB_OPTION_STRING, &hrf.runs, "NAME:ROWS,...",                                           \
	     "name the runs of a file that has no clock (default: one)"},                                    \
	{                                                                                                    \
		"run", GB_OPTION_STRING, &hrf.run, "NAME",                                                   \
		    "name the only run of a file that has no clock (default run-1)"                          \
	}

#define FEATURE_SYNOPSIS "[--tensor NAME]... [--tr R] [--start R] [--runs NAME:ROWS,...] [--run NAME] "

static gb_clock_options feature_clock(void)
{
	return (gb_clock_options){.tr = hrf.tr, .start = hrf.start, .runs = hrf.runs, .run = hrf.run};
}

/* ---- convolve ---- */

static const gb_option convolve_options[] =
    {KERNEL_OPTIONS,
     {"history", GB_OPTION_CHOICE, &hrf.history, "hold|zero",
      "before a run, take its first value (hold) or zero (default hold)"},
     FEATURE_OPTIONS,
     {0}};

static gb_status run_convolve(const gb_args *args, gb_err *err)
{
	gb_convolve_options o = {.kernel = hrf.kernel,
	                         .tau = hrf.sample_time.value,
	                         .tensor = hrf.tensor.item,
	                         .tensors = hrf.tensor.count,
	                         .history = strcmp(hrf.history, "zero") ? GB_HISTORY_HOLD : GB_HISTORY_ZERO,
	                         .clock = feature_clock()};
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
	{"tr", GB_OPTION_RATIONAL, &hrf.tr, "R", "set the repetition time in seconds (default 3/2)"},
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
		gb_text_print(text, "row\tfrom\tto\tweight%s\n",
		              k.functions > 1 ? "\tderivative\tdispersion" : "");
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

static const gb_option lag_options[] = {KERNEL_OPTIONS,
                                        {"max", GB_OPTION_RATIONAL, &hrf.max, "SECONDS",
                                         "try lags up to this, in both directions (default 15)"},
                                        FEATURE_OPTIONS,
                                        {"seed", GB_OPTION_INTEGER, &hrf.seed, "S",
                                         "seed the random surrogates and resamples with S (default 1)",
                                         .max = 4e18},
                                        {0}};

static gb_status print_lag(const gb_args *args, const gb_lag *l, gb_err *err)
{
	double step = gb_rational_double(l->step);
	gb_text *text;
	gb_status status = gb_text_open(&text, args->out, err);

	if (status)
		return status;
	gb_text_print(text, "row\tseconds\tr2\tshare_best\n");
	for (int64_t i = 0; i <= 2 * l->most; i++) {
		gb_text_print(text, "%lld\t%g\t%.6f\t", (long long)(i - l->most),
		              (double)(i - l->most) * step, l->r2[i]);
		gb_text_print(text, l->share ? "%.3f\n" : "n/a\n", l->share ? l->share[i] : 0);
	}
	if ((status = gb_text_commit(text, err)))
		return status;
	gb_cli_log("%lld rows, %d components", (long long)l->rows, l->components);
	if (!l->found)
		gb_cli_print("no lag found: the highest R2 is at %lld rows, %s (p = %.3g)",
		             (long long)l->best,
		             l->p <= 0.01 ? "the edge of the range: widen --max"
		                          : "no higher than chance allows",
		             l->p);
	else if (l->share)
		gb_cli_print("best lag: %lld rows (%g s), p = %.3g, 95 %% of resamples %lld to %lld rows",
		             (long long)l->best, (double)l->best * step, l->p, (long long)l->low,
		             (long long)l->high);
	else
		gb_cli_print("best lag: %lld rows (%g s), p = %.3g; too short for resamples",
		             (long long)l->best, (double)l->best * step, l->p);
	return GB_OK;
}

static gb_status run_lag(const gb_args *args, gb_err *err)
{
	gb_lag_options o = {.kernel = hrf.kernel,
	                    .tau = hrf.sample_time.value,
	                    .max = hrf.max.value,
	                    .tensor = hrf.tensor.item,
	                    .tensors = hrf.tensor.count,
	                    .clock = feature_clock(),
	                    .bold = "bold",
	                    .seed = (uint64_t)hrf.seed};
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

static const gb_option nifti_options[] = {{"tensor", GB_OPTION_STRING, &nifti.tensor, "NAME",
                                           "write this tensor, [rows, voxels] or [voxels] (default bold)"},
                                          {"denormalise", GB_OPTION_FLAG, &nifti.denormalise, NULL,
                                           "undo z-scoring and regression: restore SD, mean and trend"},
                                          {0}};

static gb_status run_nifti(const gb_args *args, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, args->operand[0], err);

	if (!status)
		status = gb_nifti_restore(file, nifti.tensor, nifti.denormalise, args->out, err);
	gb_tensor_file_close(file);
	return status;
}

static const gb_command commands[] =
    {{"mask", "[--votes SHARE] [--percentile P] [--within BRAIN] [-o OUT] IMG...",
      "make a mask of the voxels that vary in most subjects", mask_options, 1, -1, false, run_mask},
     {"bold",
      "[--mask MASK] [--tr R] [--force-tr] [--start R] [--rows A:B] [--runs NAME:ROWS,...] [--run NAME] "
      "[--confounds FILE.tsv --columns a,b] [--detrend linear|dct:SECONDS] [--zscore run|rows|none] "
      "[--fit-rows A:B] "
      "[--dtype f32|f16] [-o OUT] IMG",
      "read a 4-D image into [rows, voxels]; denoise and z-score", bold_options, 1, 1, false, run_bold},
     {"average", "[-o OUT] FILE...", "average the BOLD of several subjects", no_options, 1, -1, false,
      run_average},
     {"convolve",
      "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--history hold|zero] " FEATURE_SYNOPSIS
      "[-o OUT] [FILE]",
      "convolve features with a haemodynamic response function", convolve_options, 0, 1, true, run_convolve},
     {"kernel", "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--tr R] [-o OUT]",
      "print the sampled haemodynamic response function as TSV", kernel_options, 0, 0, false, run_kernel},
     {"lag",
      "[--kernel glover|glover3|spm|FILE.tsv] [--sample-time R] [--max SECONDS] " FEATURE_SYNOPSIS
      "[--seed S] [-o OUT] STIMULUS BOLD",
      "estimate the delay between stimulus and BOLD", lag_options, 2, 2, false, run_lag},
     {"nifti", "[--tensor NAME] [--denormalise] [-o OUT] [FILE]",
      "write [rows, voxels] back to a NIfTI image", nifti_options, 0, 1, true, run_nifti},
     {0}};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-fmri-hrf", "masks, BOLD, haemodynamic response, delay", commands, argc, argv);
}
