// SPDX-License-Identifier: GPL-2.0
/* cli.c: see cli.h. Makes argp's tables from the program's: of all options for those before the
 * command, and of the command's own options for the actual parse. */
#include "cli.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define WRONG_USAGE 2

/* What argp passes to its parser. */
struct parse {
	const struct cli *cli;
	const struct cli_command *command; /* NULL: not found yet */
	void *values;
	char **args; /* argp has moved them to the end of argv */
	int nargs;
};

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static bool names_hold(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = names; (s = strstr(s, name)); s += n)
		if ((s == names || s[-1] == ' ') && (!s[n] || s[n] == ' '))
			return true;
	return false;
}

static char *option_doc(const struct cli_option *o)
{
	char *doc = NULL;

	if (asprintf(&doc, o->value ? "%s (default: %s)" : "%s", o->help, o->value) < 0)
		doc = NULL;
	return must(doc);
}

/* argp adds the brackets itself: --name[=ARG]. */
static void option_arg(struct argp_option *option, const char *arg)
{
	bool optional = arg && *arg == '[';

	option->flags = optional ? OPTION_ARG_OPTIONAL : 0;
	option->arg = optional ? must(strndup(arg + 1, strlen(arg) - 2)) : arg;
}

/* The options of one command; NULL: all options. */
static struct argp_option *options_new(const struct cli *cli, const struct cli_command *command)
{
	struct argp_option *options;
	size_t n = 0, used = 0;

	while (cli->options[n].name)
		n++;
	options = must(calloc(n + 2, sizeof(*options)));
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o = &cli->options[i];

		if (command && !names_hold(o->commands, command->name))
			continue;
		options[used].name = o->name;
		options[used].key = o->key;
		option_arg(&options[used], o->arg);
		options[used++].doc = option_doc(o);
	}
	options[used].key = 'h'; /* -h as an alias of argp's --help */
	options[used].flags = OPTION_HIDDEN;
	return options;
}

static void options_free(struct argp_option *options)
{
	for (struct argp_option *o = options; o->name; o++) {
		if (o->flags & OPTION_ARG_OPTIONAL)
			free((char *)o->arg);
		free((char *)o->doc);
	}
	free(options);
}

/* Long arguments get their own line. */
static void command_doc(FILE *f, const struct cli_command *c)
{
	const int indent = 11, room = 22;

	if (strlen(c->args) < (size_t)room)
		fprintf(f, "  %-8s %-*s%s\n", c->name, room, c->args, c->summary);
	else
		fprintf(f, "  %-8s %s\n%*s%s\n", c->name, c->args, indent + room, "", c->summary);
}

/* The text of --help, except the options. */
static char *help_doc(const struct cli *cli, const struct cli_command *command)
{
	const char *text = command ? command->text : cli->text;
	char *doc = NULL;
	size_t n;
	FILE *f = must(open_memstream(&doc, &n));

	fprintf(f, "%s", command ? command->summary : cli->summary);
	if (!command) {
		fputs("\n\nCommands:\n", f);
		for (const struct cli_command *c = cli->commands; c->name; c++)
			command_doc(f, c);
		fprintf(f, "\n`%s COMMAND --help' shows what one command takes.", cli->name);
	}
	if (text)
		fprintf(f, "\v%s", text);
	if (fclose(f))
		must(NULL);
	return doc;
}

static void take_args(struct parse *p, const struct argp_state *state)
{
	if (!p->nargs++)
		p->args = state->argv + state->next - 1;
}

/* Leaves everything after the first argument to the other program. */
static void take_rest(struct parse *p, struct argp_state *state)
{
	take_args(p, state);
	p->nargs += state->argc - state->next;
	state->next = state->argc;
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	const struct cli_command *c = p->command;
	int err;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (!c || c->rest)
			take_rest(p, state);
		else
			take_args(p, state);
		return 0;
	case ARGP_KEY_END:
		if (c && (p->nargs < c->min || (c->max >= 0 && p->nargs > c->max)))
			argp_error(state, *c->args ? "takes %s" : "takes no argument", c->args);
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_ARGS:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_ERROR:
	case ARGP_KEY_FINI:
		return ARGP_ERR_UNKNOWN;
	}
	if (!c) /* parsed later, as an option of the command */
		return 0;
	err = p->cli->set(p->values, key, arg);
	return err == -ENOSYS ? ARGP_ERR_UNKNOWN : -err;
}

static error_t parse(struct parse *p, int argc, char **argv, bool in_order)
{
	struct argp_option *options = options_new(p->cli, p->command);
	char *doc = help_doc(p->cli, p->command);
	const struct argp argp = {
		.options = options,
		.parser = parse_key,
		.args_doc = p->command ? p->command->args : "COMMAND [ARGUMENT...]",
		.doc = doc,
	};
	error_t err = argp_parse(&argp, argc, argv, in_order ? ARGP_IN_ORDER : 0, NULL, p);

	free(doc);
	options_free(options);
	return err;
}

static const struct cli_command *command_named(const struct cli *cli, const char *name)
{
	for (const struct cli_command *c = cli->commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static int command_missing(const struct cli *cli, const char *name)
{
	fprintf(stderr, name ? "%s: no such command: %s\n" : "%s: no command\n", cli->name, name);
	fprintf(stderr, "Try `%s --help' for more information.\n", cli->name);
	return WRONG_USAGE;
}

/* ---- --dump-help ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *option_json(const struct cli *cli, const struct cli_option *o)
{
	const char letter[] = {o->key < 0x100 ? o->key : 0, 0};
	json_t *commands = json_array();

	for (const struct cli_command *c = cli->commands; c->name; c++)
		if (names_hold(o->commands, c->name))
			json_array_append_new(commands, json_string(c->name));
	return json_pack("{ss so so so so ss}", "name", o->name, "letter",
			 text_or_null(*letter ? letter : NULL), "arg", text_or_null(o->arg),
			 "value", text_or_null(o->value), "commands", commands, "help", o->help);
}

static json_t *command_json(const struct cli_command *c)
{
	return json_pack("{ss ss ss so sb}", "name", c->name, "args", c->args, "summary",
			 c->summary, "text", text_or_null(c->text), "rest", c->rest);
}

static int dump_help(const struct cli *cli)
{
	json_t *options = json_array(), *commands = json_array(), *all;
	int r;

	for (const struct cli_option *o = cli->options; o->name; o++)
		json_array_append_new(options, option_json(cli, o));
	for (const struct cli_command *c = cli->commands; c->name; c++)
		json_array_append_new(commands, command_json(c));
	all = must(json_pack("{ss ss ss so so so}", "name", cli->name, "version", KSLICE_VERSION,
			     "summary", cli->summary, "text", text_or_null(cli->text), "options",
			     options, "commands", commands));
	r = json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
	return r ? 1 : 0;
}

/* argv without the command's word at `at`, which becomes part of the name. */
static char **command_argv(const struct parse *p, int argc, char **argv, int at)
{
	char **out = must(calloc(argc, sizeof(*out)));

	if (asprintf(&out[0], "%s %s", p->cli->name, p->command->name) < 0)
		must(NULL);
	memcpy(out + 1, argv + 1, (at - 1) * sizeof(*out));
	memcpy(out + at, argv + at + 1, (argc - at - 1) * sizeof(*out));
	return out;
}

int cli_main(const struct cli *cli, void *values, int argc, char **argv)
{
	static char version[64];
	static char **own; /* not freed: wrong usage may end the process during the parse */
	struct parse p = {.cli = cli, .values = values};
	int r;

	snprintf(version, sizeof(version), "%s %s", cli->name, KSLICE_VERSION);
	argp_program_version = version;
	argp_err_exit_status = WRONG_USAGE;
	if (argc == 2 && !strcmp(argv[1], "--dump-help"))
		return dump_help(cli);
	if (argc == 2 && !strcmp(argv[1], "help"))
		argv[1] = "--help";
	if (parse(&p, argc, argv, true))
		return WRONG_USAGE;
	p.command = p.nargs ? command_named(cli, p.args[0]) : NULL;
	if (!p.command)
		return command_missing(cli, p.nargs ? p.args[0] : NULL);
	own = command_argv(&p, argc, argv, argc - p.nargs);
	p.nargs = 0;
	if (parse(&p, argc - 1, own, p.command->rest))
		return WRONG_USAGE;
	r = p.command->run(values, p.nargs, p.args);
	free(own[0]);
	free(own);
	return r;
}
