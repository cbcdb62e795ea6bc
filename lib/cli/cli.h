/* SPDX-License-Identifier: MIT */
/* cli.h: the command line of every tool: options as data, then run().
 *
 * One table gives parsing, --help, -c FILE (the long options as
 * `name = value`, # comments), shell completion, the check of the man page,
 * and the `params` that go into outputs.  Unknown options and keys are errors
 * that suggest the nearest name.  Only tools include this header. */
#ifndef GB_CLI_CLI_H
#define GB_CLI_CLI_H

#include "base/pool.h"
#include "io/json.h"
#include "tensor/tensor_writer.h"
#include "time/clock.h"

#define GB_VERSION "0.1.0"

typedef struct gb_strings { const char **item; int count; } gb_strings;      /* option given several times */
/* A:B, rows A … B−1; B may be left out: INT64_MAX */
typedef struct gb_range { bool set; int64_t first, end; } gb_range;

typedef enum gb_option_kind {
	GB_OPTION_FLAG,     /* bool: no argument */
	GB_OPTION_STRING,   /* const char * */
	GB_OPTION_CHOICE,   /* const char *: argument text "a|b|c" lists what is allowed */
	GB_OPTION_INTEGER,  /* int64_t, MIN ≤ value ≤ MAX */
	GB_OPTION_REAL,     /* double, MIN ≤ value ≤ MAX, finite */
	GB_OPTION_RATIONAL, /* gb_maybe_rational */
	GB_OPTION_RANGE,    /* gb_range */
	GB_OPTION_LIST      /* gb_strings */
} gb_option_kind;

typedef struct gb_option {
	const char *name;      /* long name without dashes */
	gb_option_kind kind;
	void *value;           /* holds the default; written by the parser */
	const char *argument;  /* "FILE", "A:B", "stretch|pad|crop"; NULL for flags */
	const char *help;      /* a full phrase, default included; --help folds it */
	bool not_param;        /* cannot change the result, or is an input: left out of params */
	double min, max;       /* both 0: no limits */
	char letter;           /* 0: long only (the rule for all but the common ones) */
	const char *group;     /* heading in --help, with its colon; NULL: "Options:" */
	/* former long name: accepted but not shown, and still the key of params, so that outputs keep
	 * their bytes */
	const char *former;
	/* choice: "NEW=OLD", where the NEW value is read as OLD, which is accepted too */
	const char *renamed;
} gb_option;

/* The key of OPTION in params. */
static inline const char *gb_option_key(const gb_option *option)
{
	return option->former ? option->former : option->name;
}

typedef struct gb_args {
	const char *tool;      /* "gb-x 0.1.0": first argument of gb_tensor_writer_new */
	const char *verb;      /* NULL for tools without verbs */
	char **operand;
	/* within the command's limits; "-" filled in where min is 0, stdin is meant and none given */
	int operands;
	const char *out;       /* -o, NULL: standard output */
	int threads;           /* -j, default all cores */
	gb_pool *pool;         /* of that many */
	bool quiet, verbose;
	gb_json *params;       /* all result-changing options by name, normalised */
	const bool *given;     /* per option of the table: was it on the command line or in -c FILE */
	char **rest;           /* what follows "--", NULL-terminated (gb-cache memo) */
	int rest_count;
} gb_args;

typedef struct gb_command {
	const char *verb;              /* NULL for the only command */
	/* without the program name and verb: "[--tr R] [-o OUT] MOVIE"; " | " separates forms */
	const char *synopsis;
	const char *summary;           /* one line */
	const gb_option *options;      /* ends with a zero entry; without the common ones */
	int operands_min, operands_max; /* max −1: any number */
	bool stdin_default;            /* no operand: "-" */
	gb_status (*run)(const gb_args *args, gb_err *err);
	bool takes_rest;               /* "--" begins another command line (args->rest) */
} gb_command;

/* Parse, run, report: the whole of main().  COMMANDS ends with a zero entry;
 * one without a verb means the tool has none.  Prints "gb-x: TEXT" for errors,
 * checks the close of stdout, returns the exit code. */
int gb_cli_main(const char *name, const char *summary, const gb_command *commands, int argc, char **argv);

bool gb_cli_given(const gb_args *args, const gb_option *options, const char *name);

/* "a,b" → its parts, in *COPY; both to be freed.  TEXT NULL: none.  GB_USAGE for no name at all. */
GB_CHECK gb_status gb_cli_split(const char *option, const char *text, char **copy, const char ***name,
                                int *names, gb_err *err);

/* For people, on stderr, prefixed with the program's name: a note only with
 * -v, a warning unless -q, an answer always. */
void gb_cli_log(const char *format, ...) GB_PRINTF(1, 2);
void gb_cli_warn(const char *format, ...) GB_PRINTF(1, 2);
void gb_cli_print(const char *format, ...) GB_PRINTF(1, 2);

/* Progress on a terminal (never with -q): call as often as you like. */
void gb_cli_progress(const char *what, uint64_t done, uint64_t total);

#endif
