// SPDX-License-Identifier: MIT
/* common.c: helpers for all files of machine/process: dying with a message, arguments of devices,
 * threads. It uses none of the other files. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

const char *machine_image = "image";

void machine_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", machine_image);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

bool machine_dev_arg(const char *args, const char *key, char *buf, size_t size)
{
	size_t klen = strlen(key);

	for (const char *p = args; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (len <= klen || strncmp(p, key, klen) || p[klen] != '=')
			continue;
		len -= klen + 1;
		if (len >= size)
			machine_die("--dev: %s=: value longer than %zu bytes; shorten it", key,
				    size - 1);
		memcpy(buf, p + klen + 1, len);
		buf[len] = 0;
		return true;
	}
	return false;
}

long machine_parse_num(const char *what, const char *text, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max)
		machine_die("%s: '%s' is not a number from %ld to %ld", what, text, min, max);
	return n;
}

long machine_dev_num(const char *args, const char *key)
{
	char text[24], what[48];

	if (!machine_dev_arg(args, key, text, sizeof(text)))
		machine_die("--dev: '%s' lacks %s=NUMBER", args, key);
	snprintf(what, sizeof(what), "--dev: %s", key);
	return machine_parse_num(what, text, 0, INT32_MAX);
}

struct starting {
	void *(*fn)(void *);
	void *arg;
	sem_t runs;
};

static void *thread_started(void *p)
{
	struct starting *s = p;
	void *(*fn)(void *) = s->fn;
	void *arg = s->arg;

	sem_post(&s->runs);
	return fn(arg);
}

int machine_thread_start(void *(*fn)(void *), void *arg)
{
	struct starting s = {.fn = fn, .arg = arg};
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t most, old;
	int err;

	/* Fault signals stay unblocked: their handler prints the Oops. */
	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	sigdelset(&most, SIGSEGV);
	sigdelset(&most, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &most, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	sem_init(&s.runs, 0, 0);
	err = pthread_create(&thread, &attr, thread_started, &s);
	/* libc's first system calls in a thread (rseq, robust list) must be done before seccomp.c's
	 * filter is on. */
	while (!err && sem_wait(&s.runs))
		;
	sem_destroy(&s.runs);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}
