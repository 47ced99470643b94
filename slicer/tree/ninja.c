// SPDX-License-Identifier: GPL-2.0
/*
 * ninja.c: runs the build.ninja that build.c wrote. Converts ninja's status lines to this program's
 * progress; all other output of it and of compilers is passed on.
 */
#include "tree/tree.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Never returns. ninja's errors follow its output: both go to the pipe. */
static void ninja_exec(const int pipe_ends[2], const char *dir, const char *file, int jobs)
{
	char *j = xasprintf("-j%d", jobs);
	char *argv[] = {"ninja", "-C", (char *)dir, "-f", (char *)file, j, NULL};

	putenv("NINJA_STATUS=[%f/%t] ");
	if (dup2(pipe_ends[1], STDOUT_FILENO) >= 0 && dup2(pipe_ends[1], STDERR_FILENO) >= 0) {
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		execvp(argv[0], argv);
	}
	_exit(127);
}

static void ninja_line(const char *line, const char *what)
{
	size_t done, all;

	if (sscanf(line, "[%zu/%zu] ", &done, &all) == 2) {
		progress(what, done, all);
	} else if (!starts_with(line, "ninja: Entering directory") &&
		   !starts_with(line, "ninja: no work to do")) {
		progress_end();
		fputs(line, stdout);
		fflush(stdout);
	}
}

static void ninja_watch(int fd, const char *name)
{
	char *what = xasprintf("%s: compile", name), *line = NULL;
	FILE *f = fdopen(fd, "r");
	size_t room = 0;

	if (!f)
		die("no stream for a pipe: %s", strerror(errno));
	while (getline(&line, &room, f) > 0)
		ninja_line(line, what);
	progress_end();
	fclose(f);
	free(line);
	free(what);
}

static int ninja_start(const char *dir, const char *file, const char *name, int jobs)
{
	int pipe_ends[2], status;
	pid_t pid;

	if (pipe(pipe_ends))
		return -1;
	pid = child_fork();
	if (!pid)
		ninja_exec(pipe_ends, dir, file, jobs);
	close(pipe_ends[1]);
	if (pid < 0) {
		close(pipe_ends[0]);
		return -1;
	}
	ninja_watch(pipe_ends[0], name);
	status = child_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Removes what earlier builds made of units that are no longer part of this one. Where ninja fails,
 * the build after it says why. */
static void ninja_remove_stale(const char *dir, const char *file)
{
	char *argv[] = {"ninja", "-C", (char *)dir, "-f", (char *)file, "-t", "cleandead", NULL};

	run_command(argv, NULL, NULL, "/dev/null");
}

int run_ninja(const char *outdir, const char *dir, const char *name, int jobs)
{
	char *file = xasprintf("%s/build.ninja", outdir), *real = realpath(file, NULL);
	int r = -1;

	if (real) {
		ninja_remove_stale(dir, real);
		r = ninja_start(dir, real, name, jobs);
	}
	if (r)
		r = err(file,
			"the messages above name the file; if a sliced tree doesn't compile, kslice or a cut has a bug",
			"the build failed");
	free(real);
	free(file);
	return r;
}
