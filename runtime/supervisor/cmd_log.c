// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_log.c: kdom log prints NAME.log.1 and NAME.log, the two halves of a domain's log (log.c).
 * With -f it prints what is written until the supervisor ends. inotify watches the directory, so
 * that a new NAME.log is noticed, too; a pidfd tells the supervisor's end.
 */
#include "commands.h"
#include "ask.h"
#include "log.h"
#include "options.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	char path[PATH_MAX];
	int fd;	    /* NAME.log, or -1 */
	char *text; /* what was read from both files and isn't printed yet */
	size_t len;
};

static void reader_print(const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno != EINTR)
			exit(1); /* the reader has closed the pipe */
		if (done > 0) {
			text += done;
			n -= done;
		}
	}
}

/* Prints the unread rest of the file. */
static void reader_drain(const struct reader *r)
{
	char buf[16384];
	ssize_t n;

	while (r->fd >= 0 && (n = read(r->fd, buf, sizeof(buf))) > 0)
		reader_print(buf, n);
}

/* Has the supervisor started a new file? Then the old one is complete. */
static void reader_look(struct reader *r)
{
	struct stat now, before;

	reader_drain(r);
	if (stat(r->path, &now) || (r->fd >= 0 && !fstat(r->fd, &before) &&
				    now.st_ino == before.st_ino && now.st_dev == before.st_dev))
		return;
	reader_drain(r); /* what was written between read() and rename() */
	if (r->fd >= 0)
		close(r->fd);
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	reader_drain(r);
}

static void reader_append(struct reader *r, int fd)
{
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st))
		return;
	r->text = realloc(r->text, r->len + st.st_size + 1);
	if (!r->text) {
		say("out of memory");
		exit(1);
	}
	for (size_t left = st.st_size; left && n > 0; left -= n) {
		n = read(fd, r->text + r->len, left);
		r->len += n > 0 ? n : 0;
	}
}

/* Reads both files; the newer one stays open. 0, or -1 after printing. */
static int reader_open(struct reader *r, const char *name)
{
	char old[PATH_MAX + 4];
	int fd;

	if (paths_in_dir(r->path, sizeof(r->path), name, ".log"))
		return -1;
	snprintf(old, sizeof(old), "%s.1", r->path);
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0) {
		say(errno == ENOENT ? "%s: no log: no domain of that name was started here"
				    : "%s: cannot read its log: %s",
		    name, strerror(errno));
		return -1;
	}
	fd = open(old, O_RDONLY | O_CLOEXEC);
	reader_append(r, fd);
	if (fd >= 0)
		close(fd);
	reader_append(r, r->fd);
	return 0;
}

static void reader_print_last(const struct reader *r, int lines)
{
	size_t at = r->len;

	if (lines < 0)
		at = 0;
	for (int seen = 0; lines > 0 && at; at--)
		if (r->text[at - 1] == '\n' && at != r->len && ++seen == lines)
			break;
	reader_print(r->text + at, r->len - at);
}

/* A pidfd of the domain's supervisor; -1: it isn't running. */
static int supervisor_pidfd(const char *name)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	int sock = ask_connect(name), fd = -1;

	if (sock < 0)
		return -1;
	/* While we are connected the pid is the supervisor's. */
	if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) && cred.pid > 0)
		fd = pidfd_open(cred.pid, 0);
	close(sock);
	return fd;
}

static int log_follow(struct reader *r, const char *name)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char dir[PATH_MAX], events[4096];

	fds[0].fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (paths_dir(dir, sizeof(dir)))
		return 1;
	if (fds[0].fd < 0 ||
	    inotify_add_watch(fds[0].fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		say("%s: cannot follow it: %s", r->path, strerror(errno));
		return 1;
	}
	fds[1].fd = supervisor_pidfd(name);
	while (fds[1].fd >= 0 && !(fds[1].revents & POLLIN)) {
		reader_look(r);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 1;
		while (read(fds[0].fd, events, sizeof(events)) > 0)
			;
	}
	reader_look(r);
	return 0;
}

int cmd_log(void *values, int nargs, char **args)
{
	const struct kdom_values *v = values;
	struct reader r = {.fd = -1};

	if (check_name(args[0]))
		return 2;
	if (reader_open(&r, args[0]))
		return 1;
	reader_print_last(&r, v->lines);
	free(r.text);
	return v->follow ? log_follow(&r, args[0]) : 0;
}
