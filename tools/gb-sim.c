/* SPDX-License-Identifier: MIT */
/* gb-sim: a simulated brain of which everything is known. */
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

static const gb_option options[] = {
    {"mask", GB_OPTION_STRING, &mask_path, "MASK.nii.gz", "the voxels: those above 0 in this image", true, 0, 0, 0},
    {"voxels", GB_OPTION_INTEGER, &voxels, "N", "N voxels in a cube of 3 mm instead; mask.nii.gz tells which", false, 1, 1e8, 0},
    {"channels", GB_OPTION_INTEGER, &channels, "N", "planted drivers, at most (default 8)", false, 1, 64, 0},
    {"snr", GB_OPTION_REAL, &snr, "X", "variance of the signal over that of the noise (default 1)", false, 0, 1e6, 0},
    {"rho", GB_OPTION_REAL, &rho, "X", "autocorrelation of the noise over one second (default 0.5)", false, 0, 0.999999, 0},
    {"shared-noise", GB_OPTION_REAL, &shared, "X", "part of the noise variance that subjects share (default 0)", false, 0, 1, 0},
    {"subjects", GB_OPTION_INTEGER, &subjects, "K", "brains with the same signal, each with its noise (default 1)", false, 1, 999, 0},
    {"seed", GB_OPTION_INTEGER, &seed, "S", "other weights, other noise (default 1)", false, 0, 9e15, 0},
    {"kernel", GB_OPTION_CHOICE, &kernel, "glover|spm", "haemodynamic response (default glover)", false, 0, 0, 0},
    {"delay", GB_OPTION_RATIONAL, &delay, "R", "seconds by which the signal is late after that, or early: -R (default 0)", false, 0, 0, 0},
    {"tr", GB_OPTION_RATIONAL, &tr, "R", "seconds a row (default: what FEATURES have, else 3/2)", false, 0, 0, 0},
    {"start", GB_OPTION_RATIONAL, &start, "T", "movie time of row 0 (default: where all inputs have begun)", false, 0, 0, 0},
    {"rows", GB_OPTION_INTEGER, &rows, "N", "N rows (default: all that the inputs have in common)", false, 2, 1e9, 0},
    {"tensor", GB_OPTION_LIST, &tensors, "NAME", "a tensor of FEATURES to take (default: every float tensor with a clock)", false, 0, 0, 0},
    {"run", GB_OPTION_STRING, &run_name, "NAME", "name of the run, or which one of FEATURES (default run-1)", false, 0, 0, 0},
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

static void tell(const gb_sim_inputs *inputs, const gb_simulation *s)
{
	gb_cli_log("%lld rows of %lld/%lld s, %zu voxels", (long long)s->rows, (long long)inputs->clock.step.num,
	            (long long)inputs->clock.step.den, s->voxels);
	for (int c = 0; c < s->channels; c++) {
		const gb_driver *d = inputs->candidate + s->source[c];

		gb_cli_log("channel %d: %s (%s)", c, d->name, inputs->modality[d->modality]);
	}
}

static gb_status run(const gb_args *args, gb_err *err)
{
	gb_sim_input_options wanted = {tr.set ? &tr.value : NULL, start.set ? &start.value : NULL, run_name, rows, (int)channels,
	                               tensors.item, tensors.count, (uint64_t)seed};
	gb_simulation_options how = {(int)channels, 0, snr, rho, shared, kernel, {0, 1}, delay.value, (uint64_t)seed};
	gb_sim_files files = {args->out, args->tool, args->params, args->operand, args->operands, mask_path, .subjects = (int)subjects};
	gb_simulation *simulation = NULL;
	gb_sim_inputs inputs = {0};
	gb_nifti_mask mask = {0};
	gb_status status = check(args, err);

	if (!status)
		status = mask_path ? gb_nifti_mask_load(&mask, mask_path, err) : make_cube(&mask, voxels, err);
	if (!status)
		status = gb_sim_inputs_read(&inputs, args->operand, args->operands, &wanted, args->pool, err);
	if (!status) {
		how.voxels = mask.voxels;
		how.step = inputs.clock.step;
		status = gb_simulation_new(&simulation, inputs.candidate, inputs.candidates, inputs.clock.run[0].rows, &how, err);
	}
	if (!status) {
		tell(&inputs, simulation);
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
	static const gb_command commands[] = {
	    {NULL,
	     "--mask MASK.nii.gz|--voxels N [--channels N] [--snr X] [--rho X] [--shared-noise X] [--subjects K] [--seed S] "
	     "[--kernel glover|spm] [--delay R] [--tr R] [--start T] [--rows N] [--tensor NAME]... [--run NAME] -o DIR [MEDIA|FEATURES...]",
	     "a simulated brain, driven by what is in films, sounds and tensor files", options, 0, -1, false, run},
	    {0}};

	return gb_cli_main("gb-sim", "a simulated brain of which everything is known", commands, argc, argv);
}
