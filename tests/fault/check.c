// SPDX-License-Identifier: GPL-2.0
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *volatile current = "start";

static void on_alarm(int sig)
{
	static const char head[] = "HANG in case ";

	(void)sig;
	if (write(2, head, sizeof(head) - 1) < 0 || write(2, current, strlen(current)) < 0 ||
	    write(2, "\n", 1) < 0)
		_exit(3);
	_exit(2);
}

int check_failed(const char *file, int line, const char *what, long long got, int err)
{
	const char *base = strrchr(file, '/');

	fprintf(stderr, "%s:%d: %s: %s (value %lld, errno %d %s)\n", base ? base + 1 : file, line,
		current, what, got, err, strerror(err));
	return -1;
}

int check_hooked(void)
{
	return getenv("FAULT_DOMAIN") != NULL;
}

static int selected(int argc, char **argv, const char *name)
{
	if (argc < 2)
		return 1;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return 0;
}

int check_main(int argc, char **argv, const struct test_case *cases, size_t n)
{
	int failed = 0, ran = 0;

	for (size_t i = 0; i < n; i++) {
		if (!selected(argc, argv, cases[i].name))
			continue;
		current = cases[i].name;
		signal(SIGALRM, on_alarm);
		alarm(CASE_LIMIT);
		int bad = cases[i].run() != 0;
		alarm(0);
		printf("%s %s\n", bad ? "FAIL" : "ok", current);
		fflush(stdout);
		failed += bad;
		ran++;
	}
	if (!ran) {
		fprintf(stderr, "%s: no such case\n", argv[0]);
		return 2;
	}
	return failed ? 1 : 0;
}

int wait_ok(pid_t pid)
{
	int st;

	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	return 0;
}

volatile int signalled;

void count_signal(int sig)
{
	(void)sig;
	signalled++;
}

void *interrupt_thread(void *thread)
{
	for (int i = 0; i < 200 && !signalled; i++) {
		sleep_ms(20);
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}
