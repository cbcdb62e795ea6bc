/* SPDX-License-Identifier: MIT */
/* gb-cache: many tensor files → one data set. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "dataset/pack.h"

static struct {
	const char *split, *drop, *repeats, *runs;
	gb_maybe_rational gap, tr, start;
	gb_strings subject;
} opt = {.split = "0.8:0.2", .repeats = "mark", .gap = {true, {91, 2}}};

static const gb_option pack_options[] = {
	{"split", GB_OPTION_STRING, &opt.split, "TRAIN:TEST|A:B,.../A:B,...", "shares of the rows, or lists of rows (default 0.8:0.2)"},
	{"gap", GB_OPTION_RATIONAL, &opt.gap, "SECONDS", "least time between a train and a test row (default 45.5: kernel 32, brain window 13.5)"},
	{"drop", GB_OPTION_STRING, &opt.drop, "A:B,...", "rows that neither train nor test"},
	{"repeats", GB_OPTION_CHOICE, &opt.repeats, "mark|keep", "test rows with the stimuli of a train row: not scored, or kept (default mark)"},
	{"subject", GB_OPTION_LIST, &opt.subject, "NAME=FILE", "brain data of a subject; once a file", .not_param = true},
	{"tr", GB_OPTION_RATIONAL, &opt.tr, "R", "repetition time of foreign files, in seconds"},
	{"runs", GB_OPTION_STRING, &opt.runs, "NAME:ROWS,...", "runs of foreign files"},
	{"start", GB_OPTION_RATIONAL, &opt.start, "R", "time at which row 0 of foreign files begins (default 0)"},
	{0},
};

/* "NAME=FILE" → its two parts; NAME is released with free(). */
static gb_status parse_subject(const char *text, gb_pack_input *input, gb_err *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1] || memchr(text, '/', (size_t)(equals - text)))
		return gb_fail(err, GB_USAGE, "--subject %s: NAME=FILE is wanted, NAME without /", text);
	input->path = equals + 1;
	input->subject = gb_format(err, "%.*s", (int)(equals - text), text);
	return input->subject ? GB_OK : GB_SYSTEM;
}

static void say_lines(char *report)
{
	for (char *line = strtok(report, "\n"); line; line = strtok(NULL, "\n"))
		gb_cli_warn("%s", line);
}

static gb_status pack(const gb_args *args, gb_err *err)
{
	size_t stimuli = (size_t)args->operands, inputs = stimuli + (size_t)opt.subject.count, i;
	gb_pack_input *input;
	gb_pack_options options = {
		.tool = args->tool, .params = args->params, .split = opt.split, .drop = opt.drop, .gap = opt.gap.value,
		.keep_repeats = !strcmp(opt.repeats, "keep"),
		.clock = {opt.tr.set ? &opt.tr.value : NULL, opt.start.set ? &opt.start.value : NULL, opt.runs, NULL},
	};
	char *report = NULL;
	gb_status status = GB_OK;

	if (!args->out || !strcmp(args->out, "-"))
		return gb_fail(err, GB_USAGE, "-o SET is wanted: a data set is a folder");
	if (opt.gap.value.num < 0)
		return gb_fail(err, GB_USAGE, "--gap: seconds, 0 or more, are wanted");
	if (inputs == 0)
		return gb_fail(err, GB_USAGE, "nothing to pack: name tensor files, or --subject NAME=FILE");
	input = gb_array(inputs, sizeof *input, err);
	if (!input)
		return GB_SYSTEM;
	for (i = 0; i < stimuli; i++)
		input[i].path = args->operand[i];
	for (; !status && i < inputs; i++)
		status = parse_subject(opt.subject.item[i - stimuli], &input[i], err);
	if (!status)
		status = gb_pack(args->out, input, inputs, &options, args->pool, &report, err);
	if (!status)
		say_lines(report);
	for (i = stimuli; i < inputs; i++)
		free((char *)input[i].subject);
	free(input);
	free(report);
	return status;
}

static const gb_command commands[] = {
	{"pack", "-o SET [--split 0.8:0.2|A:B,.../A:B,...] [--gap SECONDS] [--drop ROWS] [--repeats mark|keep] "
	         "[--subject NAME=FILE]... [--tr R] [--runs NAME:ROWS,...] [--start R] [FILE...]",
	 "one data set of many tensor files", pack_options, 0, -1, false, pack},
	{0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-cache", "data sets, and a store of results", commands, argc, argv);
}
