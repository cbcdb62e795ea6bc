/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/size.h"
#include "cli/cli_internal.h"
#include "cli/ranks.h"
#include "io/file.h"
#include "io/temporary.h"

gb_cli_state gb_cli;

/* ---- messages ---- */

static void clear_progress(void)
{
	if (gb_cli.progress_shown)
		fputs("\r\033[K", stderr);
	gb_cli.progress_shown = false;
}

static void print_message(const char *format, va_list args)
{
	clear_progress();
	fflush(stdout);
	fprintf(stderr, "%s: ", gb_cli.name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

#define MESSAGE(NAME, CONDITION)                                                                             \
	void NAME(const char *format, ...)                                                                   \
	{                                                                                                    \
		va_list args;                                                                                \
		if (!(CONDITION))                                                                            \
			return;                                                                              \
		va_start(args, format);                                                                      \
		print_message(format, args);                                                                 \
		va_end(args);                                                                                \
	}

MESSAGE(gb_cli_log, gb_cli.verbose)
MESSAGE(gb_cli_warn, !gb_cli.quiet)
MESSAGE(gb_cli_print, true)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void gb_cli_progress(const char *what, uint64_t done, uint64_t total)
{
	static double began, shown;
	static uint64_t before;
	double t = now(), rate;

	if (!gb_cli.terminal || gb_cli.quiet)
		return;
	if (!began || done < before)
		began = t;
	before = done;
	if (t - shown < 0.2 && done != total)
		return;
	shown = t;
	rate = t > began ? (double)done / (t - began) : 0;
	fprintf(stderr, "\r\033[K%s: %s %llu", gb_cli.name, what, (unsigned long long)done);
	if (total)
		fprintf(stderr, " of %llu (%.0f %%)", (unsigned long long)total,
		        100.0 * (double)done / (double)total);
	fprintf(stderr, ", %.3g/s", rate);
	if (total && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(total - done) / rate);
	gb_cli.progress_shown = true;
	if (done == total)
		clear_progress();
	fflush(stderr);
}

static void report_cost(double began)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	gb_cli_print("%.2f s wall, %.2f s processor, %.0f MB at most", now() - began,
	             (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
	                 (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec,
	             (double)usage.ru_maxrss / 1024);
}

/* ---- signals ---- */

static void on_signal(int number)
{
	gb_file_cleanup();
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct sigaction old;
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
}

/* ---- parsing ---- */

static gb_status parse_options(int argc, char **argv, int *rest, gb_err *err)
{
	gb_cli_state *s = &gb_cli;
	struct option table[2 * (GB_OPTIONS_MAX + 16) + 1] = {0};
	char letters[2 * (GB_OPTIONS_MAX + 16) + 2] = ":", where[96];
	size_t n = 1, former = (size_t)s->count;
	int index, found;
	gb_status status;

	for (int i = 0; i < s->count; i++) {
		bool argument = s->options[i].kind != GB_OPTION_FLAG;
		table[i] = (struct option){s->options[i].name, argument ? required_argument : no_argument,
		                           NULL, 256 + i};
		if (s->options[i].former) {
			table[former] = table[i];
			table[former++].name = s->options[i].former;
		}
		if (s->options[i].letter) {
			letters[n++] = s->options[i].letter;
			if (argument)
				letters[n++] = ':';
		}
	}
	letters[n] = 0;
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (found == '?' || found == ':') {
			const char *word = argv[optind - 1];
			char name[64];
			if (found == ':')
				return gb_fail(err, GB_USAGE, "%s: an argument is wanted", word);
			if (strncmp(word, "--", 2))
				return gb_fail(err, GB_USAGE, "-%c: no such option (--help lists them)",
				               optopt);
			snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
			if ((status = gb_cli_lookup(name, "--", &index, err)) != GB_OK)
				return status;
			return gb_fail(err, GB_USAGE, "--%s: takes no argument", name);
		}
		for (index = found - 256; found < 256 && (index < 0 || s->options[index].letter != found);)
			index = index < 0 ? 0 : index + 1;
		snprintf(where, sizeof where, "--%s", s->options[index].name);
		if ((status = gb_cli_set(index, optarg, where, err)) != GB_OK)
			return status;
	}
	*rest = optind;
	return s->config ? gb_cli_read_config(s->config, err) : GB_OK;
}

static const char *verb_name(int index) { return gb_cli.commands[index].verb; }

/* The command that argv asks for; moves the verb out of the way. */
static gb_status choose_command(int *argc, char ***argv, gb_err *err)
{
	gb_cli_state *s = &gb_cli;
	int count = 0;
	const char *near;

	if (!s->commands->verb) {
		gb_cli_load(s->commands);
		return GB_OK;
	}
	while (s->commands[count].run)
		count++;
	if (*argc < 2)
		return gb_fail(err, GB_USAGE, "a verb is wanted (--help lists them)");
	for (int i = 0; i < count; i++)
		if (!strcmp((*argv)[1], s->commands[i].verb)) {
			gb_cli_load(&s->commands[i]);
			(*argv)[1] = (*argv)[0];
			++*argv;
			--*argc;
			return GB_OK;
		}
	near = gb_cli_nearest((*argv)[1], verb_name, count);
	return gb_fail(err, GB_USAGE, "%s: no such verb%s%s%s (--help lists them)", (*argv)[1],
	               near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

static gb_status check_operands(gb_args *args, gb_err *err)
{
	static char dash[] = "-", *only_stdin[] = {dash, NULL};
	const gb_command *c = gb_cli.command;

	if (!args->operands && c->stdin_default) {
		args->operand = only_stdin;
		args->operands = 1;
	}
	if (args->operands < c->operands_min)
		return gb_fail(err, GB_USAGE, "%s is missing: usage: %s%s%s %s",
		               args->operands ? "an operand" : "the operand", gb_cli.name, c->verb ? " " : "",
		               c->verb ? c->verb : "", c->synopsis);
	if (c->operands_max >= 0 && args->operands > c->operands_max)
		return gb_fail(err, GB_USAGE, "%s: one operand too many: usage: %s%s%s %s",
		               args->operand[c->operands_max], gb_cli.name, c->verb ? " " : "",
		               c->verb ? c->verb : "", c->synopsis);
	return GB_OK;
}

/* Split ARGV at "--" into what is parsed here and what is passed on. */
static void split_rest(gb_args *args, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "--")) {
			args->rest = argv + i + 1;
			args->rest_count = *argc - i - 1;
			argv[i] = NULL;
			*argc = i;
			return;
		}
}

static gb_status read_environment(gb_err *err)
{
	const char *cpu = getenv("GB_CPU");

	gb_spool_folder(getenv("TMPDIR"));
	return cpu && *cpu ? gb_cpu_force(cpu, err) : GB_OK;
}

/* --help, --version and --completion end here with true. */
static bool informed(int argc, char **argv)
{
	gb_cli_state *s = &gb_cli;

	if (argc == 2 && !strcmp(argv[1], "--completion")) {
		gb_cli_print_completion();
		return true;
	}
	if (s->commands->verb && argc >= 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
		s->version = true;
	else if (s->commands->verb && argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		gb_cli_help();
		return true;
	}
	if (s->version)
		printf("%s %s (%s)\n", s->name, GB_VERSION, gb_cpu_name());
	else if (s->help)
		gb_cli_help();
	return s->version || s->help;
}

static gb_status parse_and_run(int argc, char **argv, gb_err *err)
{
	static char tool[96];
	gb_cli_state *s = &gb_cli;
	gb_args args = {.given = s->given};
	int first = 1;
	double began = now();
	gb_status status;

	if ((status = read_environment(err)) != GB_OK)
		return status;
	if (informed(argc, argv))
		return GB_OK;
	if ((status = choose_command(&argc, &argv, err)) != GB_OK)
		return status;
	if (s->command->takes_rest)
		split_rest(&args, &argc, argv);
	if ((status = parse_options(argc, argv, &first, err)) != GB_OK)
		return status;
	if (informed(1, argv))
		return GB_OK;
	snprintf(tool, sizeof tool, "%s %s", s->name, GB_VERSION);
	args.tool = tool;
	args.verb = s->command->verb;
	args.operand = argv + first;
	args.operands = argc - first;
	args.out = s->out;
	args.quiet = s->quiet;
	args.verbose = s->verbose;
	args.threads = s->threads ? (int)s->threads : gb_cli_share_of_cores();
	if ((status = check_operands(&args, err)) != GB_OK ||
	    (status = gb_pool_open(&args.pool, args.threads, err)) != GB_OK)
		return status;
	args.params = gb_cli_params();
	status = s->command->run(&args, err);
	clear_progress();
	gb_json_free(args.params);
	gb_pool_close(args.pool);
	if (s->verbose)
		report_cost(began);
	return status;
}

int gb_cli_main(const char *name, const char *summary, const gb_command *commands, int argc, char **argv)
{
	gb_err err = {GB_OK, ""};
	gb_status status;

	gb_cli.name = name;
	gb_cli.summary = summary;
	gb_cli.commands = commands;
	gb_cli.terminal = isatty(STDERR_FILENO);
	setlocale(LC_ALL, "C");
	catch_signals();
	status = parse_and_run(argc, argv, &err);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (status == GB_OK)
			status = gb_fail_errno(&err, GB_SYSTEM, errno, "standard output: cannot be written");
	}
	if (status != GB_OK && err.text[0])
		gb_cli_print("%s", err.text);
	if (fclose(stdout) != 0 && status == GB_OK && errno != EBADF) {
		gb_cli_print("standard output: cannot be written: %s", strerror(errno));
		status = GB_SYSTEM;
	}
	return status;
}

gb_status gb_cli_split(const char *option, const char *text, char **copy, const char ***name, int *names,
                       gb_err *err)
{
	*copy = NULL;
	*name = NULL;
	*names = 0;
	if (!text)
		return GB_OK;
	*copy = gb_string(text, err);
	*name = *copy ? gb_array(strlen(text) + 1, sizeof **name, err) : NULL;
	if (!*name)
		return GB_SYSTEM;
	for (char *part = strtok(*copy, ","); part; part = strtok(NULL, ","))
		(*name)[(*names)++] = part;
	return *names ? GB_OK : gb_fail(err, GB_USAGE, "--%s %s: names are wanted", option, text);
}

bool gb_cli_given(const gb_args *args, const gb_option *options, const char *name)
{
	for (int i = 0; options[i].name; i++)
		if (!strcmp(options[i].name, name))
			return args->given[i];
	return false;
}
