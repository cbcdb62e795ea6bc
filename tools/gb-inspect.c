/* SPDX-License-Identifier: MIT */
/* gb-inspect: shows, checks, compares and plots tensor files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "plot/png.h"
#include "plot/terminal.h"
#include "inspect/inspect_plot.h"
#include "inspect/inspect_npy.h"
#include "inspect/inspect_provenance.h"
#include "inspect/inspect_diff.h"
#include "inspect/inspect_rows.h"
#include "inspect/inspect_health.h"
#include "inspect/inspect_stats.h"
#include "inspect/inspect_json.h"
#include "inspect/inspect_table.h"

static bool verify, stats, json, diff, why, health;
static const char *tensor, *plot, *npy;
static gb_range rows;
static double rtol, absolute;

static const gb_option options[] = {
	{"verify", GB_OPTION_FLAG, &verify, NULL, "check every checksum of every FILE"},
	{"stats", GB_OPTION_FLAG, &stats, NULL,
	 "print minimum, maximum, mean, SD and the numbers of NaN, Inf, zeros and constant columns of each "
	 "tensor"},
	{"rows", GB_OPTION_RANGE, &rows, "A:B", "print rows A to B-1 of --tensor as tab-separated values"},
	{"tensor", GB_OPTION_STRING, &tensor, "NAME", "look at this tensor only, with --rows, --stats, "
	                                              "--diff, --plot or --npy"},
	{"json", GB_OPTION_FLAG, &json, NULL, "print the whole description of each file as one line of JSON; "
	                                      "--stats adds statistics"},
	{"diff", GB_OPTION_FLAG, &diff, NULL, "compare two files; if they differ, print the worst element "
	                                      "and exit with 1"},
	{"rtol", GB_OPTION_REAL, &rtol, "R", "with --diff: relative tolerance (default 0)", .max = 1e308},
	{"atol", GB_OPTION_REAL, &absolute, "R", "with --diff: absolute tolerance (default 0)", .max = 1e308},
	{"why", GB_OPTION_FLAG, &why, NULL, "print the tree of commands and inputs that made the file"},
	{"health", GB_OPTION_FLAG, &health, NULL,
	 "check a checkpoint for NaN, Inf, dead units and huge values; exit with 1 if there are any"},
	{"plot", GB_OPTION_STRING, &plot, "OUT.png", "draw the tensor as a picture that fits its content; - "
	                                             "draws on the terminal"},
	{"npy", GB_OPTION_STRING, &npy, "DIR", "write each tensor as DIR/NAME.npy"},
	{0}};

static ssize_t pass_on(void *context, const char *data, size_t size)
{
	gb_text_print(context, "%.*s", (int)size, data);
	return (ssize_t)size;
}

/* A stream whose text goes to -o or standard output, whole or not at all. */
static FILE *stream_to(gb_text *text, gb_err *err)
{
	FILE *out = fopencookie(text, "w", (cookie_io_functions_t){.write = pass_on});

	if (!out)
		gb_fail(err, GB_SYSTEM, "out of memory");
	return out;
}

/* ---- --verify: all files, each bad one a line ---- */

static gb_status verify_one(FILE *out, const char *path, gb_pool *pool, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, path, err);

	if (!status)
		status = gb_tensor_file_verify(file, NULL, pool, err);
	if (!status && gb_tensor_file_id(file))
		fprintf(out, "%s: good: %zu tensors, id "
		             "%s\n", path, gb_tensor_file_count(file), gb_tensor_file_id(file));
	else if (!status)
		fprintf(out, "%s: sound: %zu tensors; a foreign file has no "
		             "checksums\n", path, gb_tensor_file_count(file));
	gb_tensor_file_close(file);
	return status;
}

static gb_status verify_all(FILE *out, const gb_args *args, gb_err *err)
{
	gb_status worst = GB_OK;

	for (int i = 0; i < args->operands; i++) {
		gb_err here = {0};
		gb_status status = verify_one(out, args->operand[i], args->pool, &here);
		if (status && worst)
			gb_cli_print("%s", err->text);
		if (status) {
			worst = worst > status ? worst : status;
			*err = here;
		}
	}
	return worst;
}

/* ---- --plot ---- */

static gb_status draw_on_terminal(gb_tensor_file *file, gb_err *err)
{
	struct winsize window = {.ws_col = 80, .ws_row = 24};
	const char *colors = getenv("COLORTERM");
	gb_canvas canvas;
	char *title, *text;
	gb_status status;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	if (window.ws_col < 10 || window.ws_row < 8)
		window = (struct winsize){.ws_col = 80, .ws_row = 24};
	status = gb_inspect_plot(&canvas, file, tensor, true, window.ws_col, 2 * (window.ws_row - 4), &title,
	                         err);
	if (status)
		return status;
	text = gb_terminal_text(&canvas, colors && (strstr(colors, "truecolor") || strstr(colors, "24bit")),
	                        err);
	if (text)
		printf("%s\n%s", title, text);
	gb_canvas_close(&canvas);
	free(title);
	free(text);
	return text ? GB_OK : GB_SYSTEM;
}

static gb_status draw(gb_tensor_file *file, gb_err *err)
{
	gb_canvas canvas;
	char *title;
	gb_status status;

	if (!strcmp(plot, "-") && isatty(STDOUT_FILENO))
		return draw_on_terminal(file, err);
	status = gb_inspect_plot(&canvas, file, tensor, false, 0, 0, &title, err);
	if (status)
		return status;
	status = gb_png_write(&canvas, plot, err);
	gb_canvas_close(&canvas);
	free(title);
	return status;
}

/* ---- one file ---- */

/* Folders in which the files that FILE was made from may lie: those of all operands. */
static gb_status explain(FILE *out, const gb_tensor_file *file, const gb_args *args, gb_err *err)
{
	char **folder = gb_array((size_t)args->operands, sizeof *folder, err);
	int count = 0;
	gb_status status = folder ? GB_OK : GB_SYSTEM;

	for (int i = 0; !status && i < args->operands; i++) {
		const char *slash = strrchr(args->operand[i], '/');
		size_t length = slash ? (size_t)(slash - args->operand[i]) : 0;
		char *name = slash && !length ? gb_string("/", err)
		             : slash          ? strndup(args->operand[i], length)
		                              : gb_string(".", err);
		bool known = false;
		status = name ? GB_OK : GB_SYSTEM;
		for (int k = 0; name && k < count; k++)
			known |= !strcmp(folder[k], name);
		if (name && !known)
			folder[count++] = name;
		else
			free(name);
	}
	if (!status)
		status = gb_inspect_provenance(out, file, (const char *const *)folder, count, err);
	for (int i = 0; i < count; i++)
		free(folder[i]);
	free(folder);
	return status;
}

static gb_status show(FILE *out, gb_tensor_file *file, const gb_args *args, gb_err *err)
{
	if (rows.set)
		return gb_inspect_rows(out, file, tensor, rows.first, rows.end, err);
	if (json)
		return gb_inspect_json(out, file, stats, args->pool, err);
	if (why)
		return explain(out, file, args, err);
	if (health)
		return gb_inspect_health(out, file, args->pool, err);
	if (npy)
		return gb_inspect_npy(file, tensor, npy, err);
	if (plot)
		return draw(file, err);
	if (stats)
		return gb_inspect_stats(out, file, tensor, args->pool, err);
	return gb_inspect_table(out, file, err);
}

static gb_status show_all(FILE *out, const gb_args *args, gb_err *err)
{
	gb_status status = GB_OK, worst = GB_OK;

	for (int i = 0; i < args->operands && worst <= GB_NO; i++) {
		gb_tensor_file *file = NULL;
		if (worst == GB_NO)
			gb_cli_print("%s", err->text); /* several checkpoints: each has its verdict */
		status = gb_tensor_file_open(&file, args->operand[i], err);
		if (!status && i && !json)
			fputc('\n', out);
		if (!status && args->operands > 1 && (stats || health) && !json)
			fprintf(out, "%s\n", gb_tensor_file_name(file));
		if (!status)
			status = show(out, file, args, err);
		worst = status > worst ? status : worst;
		gb_tensor_file_close(file);
	}
	return worst;
}

static gb_status compare(FILE *out, const gb_args *args, gb_err *err)
{
	gb_tensor_file *a = NULL, *b = NULL;
	gb_status status = gb_tensor_file_open(&a, args->operand[0], err);

	if (!status)
		status = gb_tensor_file_open(&b, args->operand[1], err);
	if (!status)
		status = gb_inspect_diff(out, a, b, tensor, (gb_tolerance){rtol, absolute}, args->pool, err);
	gb_tensor_file_close(a);
	gb_tensor_file_close(b);
	return status;
}

/* One question at a time; what would be ignored is refused. */
static gb_status check(const gb_args *args, gb_err *err)
{
	int questions = verify + (stats && !json) + rows.set + json + diff + why + health + (plot != NULL) +
	                (npy != NULL);

	if (questions > 1)
		return gb_fail(err, GB_USAGE, "one of --verify --stats --rows --json --diff --why --health "
		                              "--plot --npy at a time (--json goes with --stats)");
	if (diff && args->operands != 2)
		return gb_fail(err, GB_USAGE, "--diff: two files are wanted, %d given", args->operands);
	if (!diff && (gb_cli_given(args, options, "rtol") || gb_cli_given(args, options, "atol")))
		return gb_fail(err, GB_USAGE, "--rtol and --atol are for --diff");
	if (tensor && (verify || json || why || health || !questions))
		return gb_fail(err, GB_USAGE, "--tensor goes with --rows, --stats, --diff, --plot or --npy");
	if ((plot || npy) && args->operands != 1)
		return gb_fail(err, GB_USAGE, "%s: one file at a time, %d "
		                              "given", plot ? "--plot" : "--npy", args->operands);
	if (args->out && (plot || npy))
		return gb_fail(err, GB_USAGE, "-o is for text; %s says itself where "
		                              "to", plot ? "--plot" : "--npy");
	return GB_OK;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	gb_text *text = NULL;
	FILE *out;
	gb_status status = check(args, err), answer;
	gb_err unwritten;

	if (!status && (plot || npy))
		return show_all(stdout, args, err);
	if (!status)
		status = gb_text_open(&text, args->out, err);
	if (status)
		return status;
	out = stream_to(text, err);
	if (!out) {
		gb_text_free(text);
		return GB_SYSTEM;
	}
	answer = verify ? verify_all(out, args, err)
	         : diff ? compare(out, args, err)
	                : show_all(out, args, err);
	fclose(out);
	/* A "no", and what was found good beside the bad, are results too. */
	if (answer > GB_NO && !verify) {
		gb_text_free(text);
		return answer;
	}
	status = gb_text_commit(text, answer ? &unwritten : err);
	return answer ? answer : status;
}

static const gb_command commands[] = {
    {.synopsis = "[--verify | --stats | --rows A:B | --json | --diff [--rtol R] [--atol R] | --why | "
                 "--health | --plot OUT.png | --npy DIR] "
                 "[--tensor NAME] [-o OUT] [FILE...]",
     .summary = "Show what is in a tensor file, where it comes from, and whether it is intact.",
     .options = options, .operands_min = 1, .operands_max = -1, .stdin_default = true, .run = run},
    {0}};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-inspect", "show, check, compare and plot tensor files", commands, argc, argv);
}
