// SPDX-License-Identifier: GPL-2.0
/*
 * log.c: messages for people, see log.h. NAME.log never grows beyond LOG_MAX: before that it is
 * renamed to NAME.log.1, replacing the old one.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_MAX	   (1 << 20)
#define KINDS	   64
#define KIND_MS	   10000
#define KIND_LINES 20

static char log_path[PATH_MAX]; /* empty: stderr isn't ours to change */
static size_t log_size;
static bool log_mid_line;

const char *const log_level_names[LOG_LEVELS] = {"error", "warn", "info", "debug"};

static enum log_level log_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_level = level;
}

void say(const char *fmt, ...)
{
	va_list ap;

	fputs("kdom: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Opens a new file of that name as fds 1 and 2; the old one becomes NAME.log.1. */
static int log_start_file(const char *path)
{
	char old[PATH_MAX + 4];
	int log, err = 0;

	snprintf(old, sizeof(old), "%s.1", path);
	if (rename(path, old) && errno != ENOENT)
		return -errno;
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0)
		return -errno;
	if (dup2(log, 1) < 0 || dup2(log, 2) < 0)
		err = -errno;
	if (log > 2)
		close(log);
	return err;
}

int log_open(const char *path)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), err;

	if (null < 0 || dup2(null, 0) < 0)
		return -errno;
	if (null > 2)
		close(null);
	err = log_start_file(path);
	if (!err)
		strcpy(log_path, path);
	return err;
}

/* If a new file can't be made, the log is truncated. */
static void log_make_room(size_t n)
{
	if (!log_path[0] || log_size + n <= LOG_MAX)
		return;
	if (log_start_file(log_path) && ftruncate(STDERR_FILENO, 0))
		return;
	log_size = 0;
}

static void log_write(const char *text, size_t n)
{
	log_make_room(n);
	if (write(STDERR_FILENO, text, n) < 0)
		return; /* a full disk must not stop the supervisor */
	log_size += n;
	log_mid_line = text[n - 1] != '\n';
}

void log_text(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) /* `kdom up` shows the log's end on a terminal */
		if ((text[i] >= 0 && text[i] < ' ' && text[i] != '\n' && text[i] != '\t') ||
		    text[i] == 127)
			text[i] = '?';
	log_write(text, n);
}

/*
 * Limits the rate of lines per format string, so that messages that others can provoke neither bury
 * the rest nor fill the disk. False: over the limit for now. *left_out: number of such lines that
 * were suppressed before this one.
 */
static bool log_may_write(const char *fmt, unsigned *left_out)
{
	static struct kind {
		const char *fmt;
		uint64_t since;
		unsigned lines, left_out;
	} kinds[KINDS];
	struct kind *k = kinds;
	uint64_t now = now_ms();

	while (k < kinds + KINDS - 1 && k->fmt && k->fmt != fmt)
		k++;
	*left_out = 0;
	if (now - k->since >= KIND_MS) {
		*left_out = k->left_out;
		*k = (struct kind){fmt, now, 0, 0};
	}
	if (k->lines >= KIND_LINES) {
		k->left_out++;
		return false;
	}
	k->fmt = fmt;
	k->lines++;
	return true;
}

/* Writes one whole line with one write. */
void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	unsigned left_out;
	struct timespec ts;
	struct tm tm;
	va_list ap;
	size_t n = 0;

	if (level > log_level || !log_may_write(fmt, &left_out))
		return;
	if (log_mid_line)
		line[n++] = '\n';
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n += strftime(line + n, sizeof(line) - n, "[kdom %H:%M:%S] ", &tm);
	if (level != LOG_LEVEL_INFO)
		n += snprintf(line + n, sizeof(line) - n, "%s: ", log_level_names[level]);
	if (left_out)
		n += snprintf(line + n, sizeof(line) - n,
			      "(%u lines like this one weren't written) ", left_out);
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	log_write(line, n);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}
