/* SPDX-License-Identifier: MIT */
/* gb-sim: simulated BOLD with known ground truth. */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "cli/cli.h"
#include "simulate/simulate_output.h"

static const char *mask_path, *kernel = "glover", *run_name;
static int64_t voxels, channels = 8, subjects = 1, seed = 1, rows = -1;
static double snr = 1, rho = 0.5, shared;
static gb_strings tensors;
static gb_maybe_rational delay = {false, {0, 1}}, tr, start;

static const gb_option options[] =
    {{"mask", GB_OPTION_STRING, &mask_path, "MASK.nii.gz", "simulate the voxels above 0 in this image",
      .not_param = true},
     {"voxels", GB_OPTION_INTEGER, &voxels, "N",
      "simulate N voxels of 3 mm in a cube instead, and write mask.nii.gz", .min = 1, .max = 1e8},
     {"channels", GB_OPTION_INTEGER, &channels, "N", "let at most N regressors drive the brain (default 8)",
      .min = 1, .max = 64},
     {"snr", GB_OPTION_REAL, &snr, "X", "set the ratio of signal variance to noise variance (default 1)",
      .max = 1e6},
     {"rho", GB_OPTION_REAL, &rho, "X", "set the autocorrelation of the noise over one second (default 0.5)",
      .max = 0.999999},
     {"shared-noise", GB_OPTION_REAL, &shared, "X",
      "let subjects share this part of the noise variance (default 0)", .max = 1},
     {"subjects", GB_OPTION_INTEGER, &subjects, "K",
      "simulate K subjects with the same signal and noise of their own (default 1)", .min = 1, .max = 999},
     {"seed", GB_OPTION_INTEGER, &seed, "S", "draw weights and noise with the random seed S (default 1)",
      .max = 9e15},
     {"kernel", GB_OPTION_CHOICE, &kernel, "glover|spm",
      "convolve with this haemodynamic response function (default glover)"},
     {"delay", GB_OPTION_RATIONAL, &delay, "R",
      "delay the response by R more seconds; negative: earlier (default 0)"},
     {"tr", GB_OPTION_RATIONAL, &tr, "R",
      "set the repetition time in seconds (default: that of FEATURES, else 3/2)"},
     {"start", GB_OPTION_RATIONAL, &start, "T",
      "let row 0 begin at movie time T (default: where all inputs have begun)"},
     {"rows", GB_OPTION_INTEGER, &rows, "N", "simulate N rows (default: all that the inputs have in common)",
      .min = 2, .max = 1e9},
     {"tensor", GB_OPTION_LIST, &tensors, "NAME",
      "use this tensor of FEATURES; may be repeated (default: every float tensor with a clock)"},
     {"run", GB_OPTION_STRING, &run_name, "NAME",
      "name the run, or choose one run of FEATURES (default run-1)"},
     {0}};

/* N voxels, x fastest, in the smallest cube that holds them. */
static gb_status make_cube(gb_nifti_mask *mask, int64_t n, gb_err *err)
{
	int64_t side = (int64_t)ceil(cbrt((double)n) - 1e-9);
	gb_nifti_geometry g = {.size = {side, side, side}, .space = 1};
	uint8_t *inside = gb_array((size_t)(side * side * side), 1, err);
	gb_status status;

	if (!inside)
		return GB_SYSTEM;
	for (int i = 0; i < 3; i++) {
		g.affine[i][i] = 3;
		g.affine[i][3] = -1.5 * (double)(side - 1);
	}
	for (int64_t v = 0; v < n; v++)
		inside[v] = 1;
	status = gb_nifti_mask_make(mask, &g, inside, err);
	free(inside);
	return status;
}

static gb_status check(const gb_args *args, gb_err *err)
{
	if (!mask_path == !voxels)
		return gb_fail(err, GB_USAGE, "give either --mask MASK.nii.gz or --voxels N");
	if (!args->out)
		return gb_fail(err, GB_USAGE, "-o DIR is missing: the folder for the images and the truth");
	if (tr.set && tr.value.num <= 0)
		return gb_fail(err, GB_USAGE, "--tr: above 0 is wanted");
	if (start.set && start.value.num < 0)
		return gb_fail(err, GB_USAGE, "--start: 0 or later is wanted");
	return GB_OK;
}

static void log_channels(const gb_sim_inputs *inputs, const gb_simulation *s)
{
	gb_cli_log("%lld rows of %lld/%lld s, %zu voxels", (long long)s->rows,
	           (long long)inputs->clock.step.num, (long long)inputs->clock.step.den, s->voxels);
	for (int c = 0; c < s->channels; c++) {
		const gb_regressor *d = inputs->candidate + s->source[c];

		gb_cli_log("channel %d: %s (%s)", c, d->name, inputs->modality[d->modality]);
	}
}

static gb_status run(const gb_args *args, gb_err *err)
{
	gb_sim_input_options wanted = {.tr = tr, .start = start, .run = run_name, .rows = rows,
	                               .components = (int)channels, .tensor = tensors.item,
	                               .tensors = tensors.count, .seed = (uint64_t)seed};
	gb_simulation_options how = {(int)channels, 0,      snr,         rho,           shared,
	                             kernel,        {0, 1}, delay.value, (uint64_t)seed};
	gb_sim_files files = {args->out,
	                      args->tool,
	                      args->params,
	                      args->operand,
	                      args->operands,
	                      mask_path,
	                      .subjects = (int)subjects};
	gb_simulation *simulation = NULL;
	gb_sim_inputs inputs = {0};
	gb_nifti_mask mask = {0};
	gb_status status = check(args, err);

	if (!status)
		status = mask_path ? gb_nifti_mask_load(&mask, mask_path, err)
		                   : make_cube(&mask, voxels, err);
	if (!status)
		status = gb_sim_inputs_read(&inputs, args->operand, args->operands, &wanted, args->pool, err);
	if (!status) {
		how.voxels = mask.voxels;
		how.step = inputs.clock.step;
		status = gb_simulation_new(&simulation, inputs.candidate, inputs.candidates,
		                           inputs.clock.run[0].rows, &how, err);
	}
	if (!status) {
		log_channels(&inputs, simulation);
		files.mask = &mask;
		files.inputs = &inputs;
		files.simulation = simulation;
		status = gb_sim_write(&files, args->pool, err);
	}
	gb_simulation_free(simulation);
	gb_sim_inputs_clear(&inputs);
	gb_nifti_mask_clear(&mask);
	return status;
}

int main(int argc, char **argv)
{
	static const gb_command commands[] =
	    {{NULL,
	      "[--mask MASK.nii.gz | --voxels N] [--channels N] [--snr X] [--rho X] [--shared-noise X] "
	      "[--subjects K] [--seed S] "
	      "[--kernel glover|spm] [--delay R] [--tr R] [--start T] [--rows N] [--tensor NAME]... [--run "
	      "NAME] -o DIR [MEDIA|FEATURES...]",
	      "Simulate fMRI of subjects whose brains respond to a film, a sound or any features, with known "
	      "weights and noise.",
	      options, 0, -1, false, run},
	     {0}};

	return gb_cli_main("gb-sim", "simulate BOLD with known ground truth", commands, argc, argv);
}
