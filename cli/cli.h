/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cli.h (CONTRACT): the command line of a program with commands (kslice, kdom). A program
 * describes itself in one struct cli; --help, --version, the parser, the man page and the shell
 * completion are all generated from it, so that they always agree.
 *
 * Parsing is argp's of libc: `PROGRAM [OPTION]... COMMAND [OPTION]... [ARGUMENT]...`, long options
 * may be abbreviated. An option that the command doesn't have is an error. Wrong usage is reported
 * on stderr and ends the process with status 2; --help and --version end it with status 0.
 *
 * `PROGRAM --dump-help` prints the description as JSON, for man/man.py; it isn't in any help text.
 *
 * Everything here is constant data of the caller. Call it from one thread, before starting others.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

/* Keys of options that have no short form. */
#define CLI_KEY(n) (0x100 + (n))

struct cli_option {
	const char *name;     /* without the dashes */
	int key;	      /* its letter if it has a short form, else CLI_KEY(n) */
	const char *arg;      /* name of its argument, in [] if it may be left out; NULL: none */
	const char *value;    /* its default; NULL: not shown */
	const char *commands; /* commands that have it, separated by blanks */
	const char *help;     /* a phrase, no full stop */
};

struct cli_command {
	const char *name;
	const char *args;    /* as in a synopsis: "NAME SYMBOL" */
	const char *summary; /* one line */
	const char *text;    /* paragraphs of --help after the options; NULL: none */
	int min, max;	     /* number of arguments, max -1: any */
	bool rest; /* options end at the first argument; the rest is another command line */
	/* Returns the exit status of the process. values is cli_main()'s. */
	int (*run)(void *values, int nargs, char **args);
};

struct cli {
	const char *name;
	const char *summary;
	const struct cli_option *options;   /* ends with an empty one */
	const struct cli_command *commands; /* ends with an empty one */
	const char *text;		    /* paragraphs after the options: environment, files */
	/*
	 * One option, in the order of the command line. Returns 0, -EINVAL after printing what is
	 * wrong with arg, or -ENOSYS for an unknown key, which is a bug of the program.
	 */
	int (*set)(void *values, int key, const char *arg);
};

/* Parses, runs the command and returns its exit status. */
int cli_main(const struct cli *cli, void *values, int argc, char **argv);

#endif
