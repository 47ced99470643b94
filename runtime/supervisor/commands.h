/* SPDX-License-Identifier: GPL-2.0 */
/* commands.h: the commands of kdom, one function each. They return kdom's exit status. */
#ifndef KDOM_COMMANDS_H
#define KDOM_COMMANDS_H

#include "config.h"

/* Like run of struct cli_command (cli.h); values is a struct kdom_values (options.h). */
int cmd_up(void *values, int nargs, char **args);
int cmd_down(void *values, int nargs, char **args);
int cmd_kill(void *values, int nargs, char **args);
int cmd_log(void *values, int nargs, char **args);
int cmd_ps(void *values, int nargs, char **args);
int cmd_trace(void *values, int nargs, char **args);
int cmd_run(void *values, int nargs, char **args);

/* ---- cmd_up.c, for cmd_run.c ---- */

/* Starts cfg->name. 0: started; 1: was already up; -errno after printing. */
int bring_up(struct config *cfg);
int take_down(const char *name);
int check_name(const char *name); /* 0, or -1 after printing: not a domain name */

#endif
