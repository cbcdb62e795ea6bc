/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cli_internal.h"

enum { WIDTH = 80, TEXT = 28 }; /* columns of a line; where the text of an option begins */

static const char common_group[] = "Common options:", other_group[] = "Options:";

/* Print LENGTH bytes of TEXT as words from COLUMN on, folded at WIDTH; further lines begin at INDENT.  The
 * column after. */
static int print_words(const char *text, int length, int column, int indent)
{
	for (int i = 0, n; i < length; i += n + 1) {
		n = (int)strcspn(text + i, " ");
		n = n < length - i ? n : length - i;
		if (column + (column > indent) + n > WIDTH && column > indent) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", n, text + i);
	}
	return column;
}

/* Bytes of SYNOPSIS that belong on one line: brackets and what they hold, or an option with its argument. */
static int unit_length(const char *synopsis)
{
	bool option = *synopsis == '-';
	int depth = 0, n;

	for (n = 0; synopsis[n]; n++) {
		depth += (synopsis[n] == '[') - (synopsis[n] == ']');
		if (synopsis[n] != ' ' || depth)
			continue;
		if (!option || strchr("-[", synopsis[n + 1]))
			break;
		option = false;
	}
	return n;
}

/* "LEAD gb-x verb SYNOPSIS", folded; each form of the synopsis begins a line. */
static void print_usage(const char *lead, const gb_command *c)
{
	const char *at = c->synopsis;

	do {
		int indent = printf("%s%s%s%s", lead, gb_cli.name, c->verb ? " " : "",
		                    c->verb ? c->verb : "") +
		             1,
		    column = indent;

		putchar(' ');
		for (int n; *at && strncmp(at, "| ", 2); at += n + (at[n] == ' ')) {
			n = unit_length(at);
			if (column > indent && column + 1 + n > WIDTH) {
				printf("\n%*s", indent, "");
				column = indent;
			}
			column = print_words(at, n, column, indent);
		}
		putchar('\n');
		lead = "       ";
		at += *at ? 2 : 0;
	} while (*at);
}

static void print_option(const gb_option *o)
{
	int column = printf("  %c%c%s--%s%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
	                    o->letter ? ", " : "  ", o->name, o->argument ? " " : "",
	                    o->argument ? o->argument : "", o->kind == GB_OPTION_LIST ? " ..." : "");

	if (column > TEXT - 2)
		printf("\n%*s", TEXT, "");
	else
		printf("%*s", TEXT - column, "");
	print_words(o->help, (int)strlen(o->help), TEXT, TEXT);
	putchar('\n');
}

static const char *group_of(int index)
{
	const gb_option *o = &gb_cli.options[index];

	return index >= gb_cli.own ? common_group : o->group ? o->group : other_group;
}

/* All groups, in the order in which the table first names them. */
static void print_groups(void)
{
	for (int i = 0; i < gb_cli.count; i++) {
		bool printed = false;

		for (int k = 0; k < i; k++)
			printed |= !strcmp(group_of(k), group_of(i));
		if (printed)
			continue;
		printf("\n%s\n", group_of(i));
		for (int k = i; k < gb_cli.count; k++)
			if (!strcmp(group_of(k), group_of(i)))
				print_option(&gb_cli.options[k]);
	}
}

void gb_cli_help(void)
{
	const gb_cli_state *s = &gb_cli;

	if (!s->command) {
		printf("%s: %s\n\nusage:\n", s->name, s->summary);
		for (const gb_command *c = s->commands; c->run; c++)
			print_usage("  ", c);
		printf("\n`%s VERB --help` lists the options of a verb.\n", s->name);
		for (const gb_command *c = s->commands; c->run; c++) {
			printf("  %-12s", c->verb);
			print_words(c->summary, (int)strlen(c->summary), 14, 14);
			putchar('\n');
		}
		return;
	}
	print_usage("usage: ", s->command);
	putchar('\n');
	print_words(s->command->summary, (int)strlen(s->command->summary), 0, 0);
	putchar('\n');
	print_groups();
	printf("\nMore, with examples: man %s\n", s->name);
}

static void print_option_names(void)
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
			print_option_names();
			printf("' ;;\n");
		}
		printf("\tesac\n\t[ \"$COMP_CWORD\" = 1 ] && verbs='");
		for (const gb_command *c = s->commands; c->run; c++)
			printf(" %s", c->verb);
		printf("'\n");
	} else {
		printf("\toptions='");
		gb_cli_load(s->commands);
		print_option_names();
		printf("'\n");
	}
	printf("\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\") $(compgen -f -- \"$word\")) "
	       ";;\n\tesac\n}\n"
	       "complete -o filenames -F _%s %s\n",
	       function, s->name);
}
