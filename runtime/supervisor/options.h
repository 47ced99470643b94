/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h: the options of all of kdom's commands for cli.h: a row for each, and what it sets in
 * struct kdom_values.
 */
#ifndef KDOM_OPTIONS_H
#define KDOM_OPTIONS_H

#include "cli.h"
#include "config.h"

struct kdom_values {
	struct config cfg;
	bool belts; /* ps -v */
	bool log_level_given;
	bool follow;		/* log -f */
	int lines;		/* log -n; -1: all */
	bool trace;		/* run --trace */
	const char *trace_file; /* NULL: standard error */
	const char *output;	/* trace -o; NULL: standard output */
	int pid;		/* trace -p; 0: all */
};

extern const struct cli_option kdom_options[];
int kdom_option_set(void *values, int key, const char *arg);
int parse_size(const char *text, uint64_t *bytes);

#endif
