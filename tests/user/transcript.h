/* SPDX-License-Identifier: GPL-2.0 */
/*
 * transcript.h: for programs that print the result of each of their calls. A run in a directory of
 * the host and one in a domain's must print the same (names_test.py). The directory's name is
 * printed as "@".
 */
#ifndef TESTS_USER_TRANSCRIPT_H
#define TESTS_USER_TRANSCRIPT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *base;

/* Unbuffered, so that processes can take turns. */
__attribute__((format(printf, 1, 2))) static void out(const char *fmt, ...)
{
	char line[8192], *at;
	va_list ap;
	int keep = errno;
	size_t len = strlen(base);

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	while ((at = strstr(line, base))) {
		*at = '@';
		memmove(at + 1, at + len, strlen(at + len) + 1);
	}
	if (write(1, line, strlen(line)) < 0)
		_exit(99);
	errno = keep;
}

/* Prints what a call returned: its result, or its errno. */
#define T(call)                                              \
	({                                                   \
		errno = 0;                                   \
		long r_ = (long)(call);                      \
		out("%d %s = %ld %s\n", __LINE__, #call, r_, \
		    r_ == -1 ? strerrorname_np(errno) : ""); \
		r_;                                          \
	})

/* The same for a new descriptor: which number doesn't matter. */
#define FD(call)                                                                               \
	({                                                                                     \
		errno = 0;                                                                     \
		int r_ = (call);                                                               \
		out("%d %s: %s\n", __LINE__, #call, r_ < 0 ? strerrorname_np(errno) : "open"); \
		r_;                                                                            \
	})

/* Runs fn in a child and waits. */
static void in_child(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		alarm(60);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	out("child: %#x\n", (unsigned)status);
}

/* Every path is made from base; a few are needed at once. */
__attribute__((unused, format(printf, 1, 2))) static const char *p(const char *fmt, ...)
{
	static char buf[16][8192];
	static unsigned n;
	char *b = buf[n++ % 16];
	va_list ap;
	int len = sprintf(b, "%s", base);

	va_start(ap, fmt);
	vsnprintf(b + len, sizeof(buf[0]) - len, fmt, ap);
	va_end(ap);
	return b;
}

__attribute__((unused)) static void put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		out("put %s: %s\n", path, strerrorname_np(errno));
	close(fd);
}

__attribute__((unused)) static const char *get(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return strerrorname_np(errno);
	text[n] = 0;
	close(fd);
	return text;
}

#endif
