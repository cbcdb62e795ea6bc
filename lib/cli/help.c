/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli_internal.h"

static void print_options(int from, int to)
{
	for (int i = from; i < to; i++) {
		const gb_option *o = &gb_cli.options[i];
		char left[160];
		bool list = o->kind == GB_OPTION_LIST;
		snprintf(left, sizeof left, "  %c%c%s--%s%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		         o->letter ? ", " : "  ", o->name, o->argument ? " " : "", o->argument ? o->argument : "", list ? " ..." : "");
		if (strlen(left) > 31)
			printf("%s\n%-32s%s\n", left, "", o->help);
		else
			printf("%-32s%s\n", left, o->help);
	}
}

void gb_cli_help(void)
{
	const gb_cli_state *s = &gb_cli;

	if (!s->command) {
		printf("%s: %s\n\nusage:\n", s->name, s->summary);
		for (const gb_command *c = s->commands; c->run; c++)
			printf("  %s %s %s\n", s->name, c->verb, c->synopsis);
		printf("\n`%s VERB --help` lists the options of a verb.\n", s->name);
		for (const gb_command *c = s->commands; c->run; c++)
			printf("  %-12s%s\n", c->verb, c->summary);
		return;
	}
	printf("usage: %s%s%s %s\n\n%s\n\n", s->name, s->command->verb ? " " : "", s->command->verb ? s->command->verb : "",
	       s->command->synopsis, s->command->summary);
	if (s->own) {
		print_options(0, s->own);
		putchar('\n');
	}
	print_options(s->own, s->count);
	printf("\nMore, with examples: man %s\n", s->name);
}

static void complete_command(void)
{
	for (int i = 0; i < gb_cli.count; i++)
		printf(" --%s", gb_cli.options[i].name);
}

/* bash: option names after a dash, verbs in first place, files otherwise. */
void gb_cli_print_completion(void)
{
	const gb_cli_state *s = &gb_cli;
	char function[64];
	size_t n = 0;

	for (const char *c = s->name; *c && n < sizeof function - 1; c++)
		function[n++] = *c == '-' ? '_' : *c;
	function[n] = 0;
	printf("_%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} options verbs=''\n", function);
	if (s->commands->verb) {
		printf("\tcase ${COMP_WORDS[1]} in\n");
		for (const gb_command *c = s->commands; c->run; c++) {
			gb_cli_load(c);
			printf("\t%s) options='", c->verb);
			complete_command();
			printf("' ;;\n");
		}
		printf("\tesac\n\t[ \"$COMP_CWORD\" = 1 ] && verbs='");
		for (const gb_command *c = s->commands; c->run; c++)
			printf(" %s", c->verb);
		printf("'\n");
	} else {
		printf("\toptions='");
		gb_cli_load(s->commands);
		complete_command();
		printf("'\n");
	}
	printf("\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\") $(compgen -f -- \"$word\")) ;;\n\tesac\n}\n"
	       "complete -o filenames -F _%s %s\n", function, s->name);
}
