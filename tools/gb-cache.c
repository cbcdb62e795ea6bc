/* SPDX-License-Identifier: MIT */
/* gb-cache: packs tensor files into a data set, and caches results of commands. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "dataset/audit.h"
#include "memo/memo.h"
#include "dataset/pack.h"
#include "memo/memo_gc.h"
#include "memo/memo_store.h"
#include "memo/provenance.h"

static struct {
	const char *split, *drop, *repeats, *runs;
	gb_maybe_rational gap, history, tr, start;
	gb_strings subject;
	double keep;
	bool dry_run;
} opt = {.split = "0.8:0.2",
         .repeats = "mark",
         .gap = {true, {91, 2}},
         .history = {true, {32, 1}},
         .keep = 30};

static const gb_option pack_options[] = {
    {"split", GB_OPTION_STRING, &opt.split, "TRAIN:TEST|A:B,.../A:B,...",
     "split rows into training and test: shares of all rows, or two lists of rows (default 0.8:0.2)"},
    {"gap", GB_OPTION_RATIONAL, &opt.gap, "SECONDS",
     "leave out training rows closer than this to a test row (default 45.5: haemodynamic response 32 s, "
     "decoding window 13.5 s)"},
    {"history", GB_OPTION_RATIONAL, &opt.history, "SECONDS",
     "use the first SECONDS of each run for neither training nor test (default 32: length of the "
     "haemodynamic response)"},
    {"drop", GB_OPTION_STRING, &opt.drop, "A:B,...", "use these rows for neither training nor test"},
    {"repeats", GB_OPTION_CHOICE, &opt.repeats, "mark|keep",
     "test rows whose stimuli equal those of a training row: exclude them from scores (mark), or score them "
     "(keep) (default mark)"},
    {"subject", GB_OPTION_LIST, &opt.subject, "NAME=FILE",
     "add a BOLD file of the subject NAME; may be repeated", .not_param = true},
    {"tr", GB_OPTION_RATIONAL, &opt.tr, "R",
     "set the repetition time, in seconds, of files that have no clock"},
    {"runs", GB_OPTION_STRING, &opt.runs, "NAME:ROWS,...", "name the runs of files that have no clock"},
    {"start", GB_OPTION_RATIONAL, &opt.start, "R",
     "set the time of row 0 of files that have no clock (default 0)"},
    {0},
};

static const gb_option no_options[] = {{0}};

static const gb_option gc_options[] = {
    {"keep", GB_OPTION_REAL, &opt.keep, "DAYS",
     "keep results that were made or used in the last DAYS (default 30)", .max = 36500},
    {"dry-run", GB_OPTION_FLAG, &opt.dry_run, NULL, "list what would be removed, and remove nothing"},
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
	    .tool = args->tool,
	    .params = args->params,
	    .split = opt.split,
	    .drop = opt.drop,
	    .gap = opt.gap.value,
	    .history = opt.history.value,
	    .keep_repeats = !strcmp(opt.repeats, "keep"),
	    .clock = {.tr = opt.tr, .start = opt.start, .runs = opt.runs},
	};
	char *report = NULL;
	gb_status status = GB_OK;

	if (!args->out || !strcmp(args->out, "-"))
		return gb_fail(err, GB_USAGE, "-o SET is wanted: a data set is a folder");
	if (opt.gap.value.num < 0)
		return gb_fail(err, GB_USAGE, "--gap: seconds, 0 or more, are wanted");
	if (opt.history.value.num < 0)
		return gb_fail(err, GB_USAGE, "--history: seconds, 0 or more, are wanted");
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

/* $GB_CACHE, else ~/.cache/giblet; released with free(). */
static char *store_folder(gb_err *err)
{
	const char *cache = getenv("GB_CACHE"), *home = getenv("HOME");

	if (cache && *cache)
		return gb_string(cache, err);
	if (home && *home)
		return gb_format(err, "%s/.cache/giblet", home);
	(void)!gb_fail(err, GB_USAGE, "no place for the store: set GB_CACHE");
	return NULL;
}

static gb_status memo(const gb_args *args, gb_err *err)
{
	const char *encodec = getenv("GB_ENCODEC"), *variables[2] = {NULL, NULL};
	char *store, *variable = NULL, *unnamed = NULL, key[GB_HASH_TEXT];
	gb_memo_outcome outcome;
	gb_status status;

	if (args->rest_count == 0)
		return gb_fail(err, GB_USAGE, "a command is wanted: gb-cache memo -o OUT -- gb-tool ...");
	if (!(store = store_folder(err)))
		return err->status;
	if (encodec)
		variables[0] = variable = gb_format(err, "GB_ENCODEC=%s", encodec);
	status = gb_memo_run(&(gb_memo){.store = store,
	                                .command = args->rest,
	                                .out = args->out,
	                                .path = getenv("PATH"),
	                                .variable = variables},
	                     &outcome, key, &unnamed, err);
	if (!status)
		gb_cli_log("%s %s", key,
		           outcome == GB_MEMO_FOUND  ? "was there"
		           : outcome == GB_MEMO_MADE ? "is new"
		                                     : "not kept");
	if (!status && outcome == GB_MEMO_NOT_KEPT)
		gb_cli_warn("%s: not kept for another time: it read an input that the command does not name "
		            "(%s)",
		            args->rest[0], unnamed);
	free(unnamed);
	free(variable);
	free(store);
	return status;
}

/* The command of an entry on one line: names, not content. */
static void print_command(gb_text *text, const gb_json *about)
{
	const gb_json *words = gb_json_get(about, "command");

	gb_text_print(text, "%s",
	              gb_json_text(gb_json_get(about, "program"))
	                  ? gb_json_text(gb_json_get(about, "program"))
	                  : "?");
	for (size_t i = 0; i < gb_json_size(words); i++) {
		const gb_json *word = gb_json_at(words, i);
		const char *name = gb_json_text(word) ? gb_json_text(word)
		                                      : gb_json_text(gb_json_get(word, "name"));

		gb_text_print(text, " %s", name ? name : "?");
	}
}

static gb_status list(const gb_args *args, gb_err *err)
{
	gb_store_entry *entries = NULL;
	char *store = store_folder(err);
	gb_text *text = NULL;
	size_t count = 0;
	gb_status status = store ? gb_store_list(store, &entries, &count, err) : err->status;

	if (!status)
		status = gb_text_open(&text, args->out, err);
	if (!status) {
		gb_text_print(text, "key\tbytes\tdays\tcommand\n");
		for (size_t i = 0; i < count; i++) {
			gb_text_print(text, "%s\t%llu\t%.1f\t", entries[i].key,
			              (unsigned long long)entries[i].bytes,
			              (double)(time(NULL) - entries[i].used) / 86400);
			print_command(text, entries[i].about);
			gb_text_print(text, "\n");
		}
		status = gb_text_commit(text, err);
	}
	gb_store_list_free(entries, count);
	free(store);
	return status;
}

/* One line a result; the first that is damaged decides what is said at the end. */
static void judge(gb_text *text, const char *path, const gb_err *found, gb_err *first, int *damaged)
{
	gb_text_print(text, "%s\t%s\n", path, found->status ? found->text : "good");
	if (found->status && (*damaged)++ == 0)
		*first = *found;
}

static gb_status verify(const gb_args *args, gb_err *err)
{
	gb_store_entry *entries = NULL;
	char *store = args->operands ? NULL : store_folder(err);
	gb_text *text = NULL;
	size_t count = 0;
	int damaged = 0;
	gb_err first = {0};
	gb_status status = args->operands ? GB_OK
	                   : store        ? gb_store_list(store, &entries, &count, err)
	                                  : err->status;

	if (!status)
		status = gb_text_open(&text, args->out, err);
	if (!status)
		gb_text_print(text, "path\tstate\n");
	for (int i = 0; !status && i < args->operands; i++) {
		gb_err found = {0};

		found.status = gb_audit(args->operand[i], args->pool, &found);
		judge(text, args->operand[i], &found, &first, &damaged);
	}
	for (size_t i = 0; !status && i < count; i++) {
		gb_err found = {0};
		bool good;

		status = gb_store_check(&entries[i], &good, err);
		if (!status && !good)
			found.status = gb_fail(&found, GB_DATA, "%s: damaged: not the bytes that were stored",
			                       entries[i].file);
		if (!status)
			judge(text, entries[i].file, &found, &first, &damaged);
	}
	if (!status)
		status = gb_text_commit(text, err);
	else
		gb_text_free(text);
	if (!status && damaged)
		status = gb_fail(err, first.status, "%s%s", first.text, damaged > 1 ? " (and others)" : "");
	gb_store_list_free(entries, count);
	free(store);
	return status;
}

static gb_status collect(const gb_args *args, gb_err *err)
{
	gb_litter *litter = NULL;
	char *store = store_folder(err);
	gb_text *text = NULL;
	size_t count = 0;
	gb_status status;

	if (!store)
		return err->status;
	status = gb_store_collect(store, opt.keep, opt.dry_run, (const char *const *)args->operand,
	                          (size_t)args->operands, &litter, &count, err);
	if (!status)
		status = gb_text_open(&text, args->out, err);
	if (!status) {
		gb_text_print(text, "what\taction\tbytes\tdays\tpath\n");
		for (size_t i = 0; i < count; i++)
			gb_text_print(text, "%s\t%s\t%llu\t%.1f\t%s\n", litter[i].what, litter[i].action,
			              (unsigned long long)litter[i].bytes, litter[i].days, litter[i].path);
		status = gb_text_commit(text, err);
	}
	gb_litter_free(litter, count);
	free(store);
	return status;
}

static void print_line(void *context, int depth, const char *line)
{
	gb_text_print(context, "%*s%s\n", 2 * depth, "", line);
}

static gb_status why(const gb_args *args, gb_err *err)
{
	gb_err none;
	char *store = store_folder(&none);
	gb_text *text = NULL;
	gb_status status = gb_text_open(&text, args->out, err);

	if (!status)
		status = gb_provenance(args->operand[0], (const char *const *)args->operand + 1,
		                       (size_t)args->operands - 1, store, print_line, text, err);
	if (!status)
		status = gb_text_commit(text, err);
	else
		gb_text_free(text);
	free(store);
	return status;
}

static const gb_command commands[] = {
    {"pack",
     "-o SET [--split 0.8:0.2|A:B,.../A:B,...] [--gap SECONDS] [--history SECONDS] [--drop ROWS] [--repeats "
     "mark|keep] "
     "[--subject NAME=FILE]... [--tr R] [--runs NAME:ROWS,...] [--start R] [FILE...]",
     "align tensor files on one clock and split training and test rows", pack_options, 0, -1, .run = pack},
    {"memo", "[-o OUT] -- gb-tool ARGUMENT...",
     "run a command, or deliver its stored result if its inputs are the same", no_options, 0, 0,
     .takes_rest = true, .run = memo},
    {"ls", "[-o OUT]", "list the results that memo stored", no_options, 0, 0, .run = list},
    {"verify", "[SET|FILE...]", "check all checksums of data sets and files, or of the stored results",
     no_options, 0, -1, .run = verify},
    {"gc", "[--keep DAYS] [--dry-run] [FOLDER...]",
     "remove stored results that were not used lately; list leftovers of killed tools", gc_options, 0, -1,
     .run = collect},
    {"why", "FILE|SET [FOLDER...]", "print the tree of commands and inputs that made a file or data set",
     no_options, 1, -1, .run = why},
    {0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-cache", "pack data sets; cache results of commands", commands, argc, argv);
}
