// SPDX-License-Identifier: GPL-2.0
/* cmd_run.c: kdom run NAME[,NAME] -- PROG runs a program under the launcher, with its calls sent to
 * the domains. */
#include "commands.h"
#include "log.h"
#include "options.h"
#include "paths.h"
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOMAINS_MAX 8

struct run {
	struct config cfg; /* options, the same for all domains */
	char names[DOMAINS_MAX][SD_NAME_MAX];
	const char
		*sockets[DOMAINS_MAX]; /* socket of another user's domain; NULL: this user's own */
	bool ours[DOMAINS_MAX];	       /* started by us, so stopped by us */
	int n;
	struct tracer tracer; /* .out is NULL: no tracing */
};

static pid_t program;

static int parse_names(struct run *run, char *list)
{
	char *save, *name;

	for (name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		char *at = strchr(name, '=');

		if (at) {
			*at++ = 0;
			if (*at != '/' || access(at, R_OK | W_OK)) {
				say("run: %s: %s; must be NAME=/path/of/NAME.sock, to which its owner gave you access",
				    at, *at == '/' ? strerror(errno) : "not an absolute path");
				return -EINVAL;
			}
		}
		if (run->n == DOMAINS_MAX || !name_valid(name)) {
			say("run: %s: not a domain name, or more than %d of them", name,
			    DOMAINS_MAX);
			return -EINVAL;
		}
		run->sockets[run->n] = at;
		strcpy(run->names[run->n++], name);
	}
	return run->n ? 0 : -EINVAL;
}

static int take_down_ours(struct run *run)
{
	int err = 0;

	for (int i = 0; i < run->n; i++)
		if (run->ours[i] && take_down(run->names[i]))
			err = -EIO;
	return err;
}

static int bring_all_up(struct run *run)
{
	for (int i = 0; i < run->n; i++) {
		struct config cfg = run->cfg;
		int err;

		if (run->sockets[i])
			continue;
		strcpy(cfg.name, run->names[i]);
		err = bring_up(&cfg);
		if (err < 0) {
			take_down_ours(run);
			return err;
		}
		run->ours[i] = err == 0;
	}
	return 0;
}

/* KDOM_DOMAINS="net=/run/.../net.sock,block=..." tells the client where to attach. */
static int set_env(struct run *run)
{
	char value[DOMAINS_MAX * (PATH_MAX + SD_NAME_MAX)], path[PATH_MAX];
	size_t used = 0;

	for (int i = 0; i < run->n; i++) {
		if (!run->sockets[i] && paths_in_dir(path, sizeof(path), run->names[i], ".sock"))
			return -EINVAL;
		used += snprintf(value + used, sizeof(value) - used, "%s%s=%s", i ? "," : "",
				 run->names[i], run->sockets[i] ?: path);
	}
	return setenv("KDOM_DOMAINS", value, 1) ? -errno : 0;
}

static int exec_program(char **argv)
{
	char launcher[PATH_MAX];
	const char *other = getenv("KDOM_LAUNCH");

	if (other)
		snprintf(launcher, sizeof(launcher), "%s", other);
	else if (paths_launcher(launcher, sizeof(launcher)))
		return 127;
	argv[-1] = launcher;
	execv(launcher, argv - 1);
	say("%s: cannot start the launcher: %s; `make` builds it, KDOM_LAUNCH names another",
	    launcher, strerror(errno));
	return 127;
}

static void pass_on(int sig)
{
	if (program > 0)
		kill(program, sig);
}

/* --trace: sets KDOM_TRACE, by which the launcher finds the tracer. 0, or -errno after saying why.
 */
static int trace_begin(struct run *run, const struct kdom_values *v)
{
	struct tracer *tr = &run->tracer;
	char name[32];
	int err;

	if (!v->trace)
		return 0;
	tr->out = v->trace_file ? fopen(v->trace_file, "we") : stderr;
	if (!tr->out) {
		say("--trace=%s: %s", v->trace_file, strerror(errno));
		return -errno;
	}
	snprintf(name, sizeof(name), "trace.%d", (int)getpid());
	err = paths_in_dir(tr->path, sizeof(tr->path), name, "");
	if (!err)
		err = tracer_open(tr);
	if (!err && setenv("KDOM_TRACE", run->tracer.path, 1))
		err = -errno;
	return err;
}

/* Prints calls until the program has ended. */
static void trace_program(struct run *run)
{
	int end = run->tracer.out ? pidfd_open(program, 0) : -1;
	int err;

	if (end < 0)
		return;
	err = tracer_run(&run->tracer, end);
	if (err)
		say("trace: %s; the program continues untraced", strerror(-err));
	tracer_close(&run->tracer);
	close(end);
}

/* Waits for the program, then stops the domains that it started. The terminal sends its signals to
 * the program itself. */
static int run_and_wait(struct run *run, char **argv)
{
	int status, err;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	program = fork();
	if (program == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		_exit(exec_program(argv));
	}
	if (program < 0) {
		say("run: fork: %s", strerror(errno));
		take_down_ours(run);
		return 126;
	}
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	trace_program(run);
	while (waitpid(program, &status, 0) < 0 && errno == EINTR)
		;
	program = 0;
	err = take_down_ours(run);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status) || !err ? WEXITSTATUS(status) : 125;
}

int cmd_run(void *values, int nargs, char **args)
{
	static struct run run;
	const struct kdom_values *v = values;
	bool any = v->trace;

	if (nargs < 3 || strcmp(args[1], "--")) {
		say("run: NAME -- PROG [ARG]... is missing; see kdom run --help");
		return 2;
	}
	run.cfg = v->cfg;
	if (parse_names(&run, args[0]) || bring_all_up(&run) || set_env(&run) ||
	    trace_begin(&run, v))
		return 125;
	for (int i = 0; i < run.n; i++)
		any |= run.ours[i];
	return any ? run_and_wait(&run, args + 2) : exec_program(args + 2);
}
