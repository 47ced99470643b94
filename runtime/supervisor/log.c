// SPDX-License-Identifier: GPL-2.0
/* What people read: errors of a command on stderr, lines of the daemon in NAME.log (its stderr). */
#include "supervisor.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

void say(const char *fmt, ...)
{
	va_list ap;

	fputs("kdom: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* One write per line: the domain's console goes to the same file. */
void note(const char *fmt, ...)
{
	char line[512];
	struct timespec ts;
	struct tm tm;
	va_list ap;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n = strftime(line, sizeof(line), "[kdom %H:%M:%S] ", &tm);
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* a full disk must not stop the supervisor */
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}
