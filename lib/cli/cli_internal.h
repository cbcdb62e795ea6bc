/* SPDX-License-Identifier: MIT */
/* cli_internal.h: what the files of cli/ share. */
#ifndef GB_CLI_CLI_INTERNAL_H
#define GB_CLI_CLI_INTERNAL_H

#include "cli/cli.h"

#define GB_OPTIONS_MAX 96

typedef struct gb_cli_state {
	const char *name;          /* program */
	const char *summary;
	const gb_command *commands, *command;
	gb_option options[GB_OPTIONS_MAX + 16]; /* the command's, then the common ones */
	bool given[GB_OPTIONS_MAX + 16];
	int count, own;            /* own: how many are the command's */
	/* values of the common options */
	const char *out, *config;
	int64_t threads;
	bool quiet, verbose, help, version, completion;
	bool terminal;             /* stderr is one: progress is shown */
	bool progress_shown;
} gb_cli_state;

extern gb_cli_state gb_cli;

/* options.c */
/* Fill state.options for COMMAND. */
void gb_cli_load(const gb_command *command);
/* One value; WHERE names the option for messages ("--tr", "c.conf: tr"). */
GB_CHECK gb_status gb_cli_set(int index, const char *value, const char *where, gb_err *err);
/* The index of the option called NAME; GB_USAGE with a suggestion. */
GB_CHECK gb_status gb_cli_lookup(const char *name, const char *where, int *index, gb_err *err);
/* -c FILE: `name = value` lines; what the command line gave wins. */
GB_CHECK gb_status gb_cli_read_config(const char *path, gb_err *err);
gb_json *gb_cli_params(void);
/* The nearest of the candidates to WORD, or NULL if none is near. */
const char *gb_cli_nearest(const char *word, const char *(*candidate)(int index), int count);

/* help.c */
void gb_cli_help(void);        /* to stdout */
void gb_cli_print_completion(void);

#endif
