// SPDX-License-Identifier: GPL-2.0
/*
 * churn COUNT SLOTS MAX_MS OBSERVER CMD...: runs COUNT victims, SLOTS at a time, and kills each
 * with its whole process group at a random time up to MAX_MS after its start, wherever it is then.
 * Slot s always uses port 10000 + s, so each victim needs what its predecessor held. Natively run;
 * CMD is how a victim is started. Prints "killed N ended N failed N rebind_us MAX" and fails if a
 * victim failed.
 */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS_MAX 32
#define KINDS	  7

struct slot {
	pid_t pid;
	int64_t kill_at;
	int out; /* the victim's stdout */
};

static struct slot slots[SLOTS_MAX];
static char **command;
static int commands, observer, max_ms;
static long killed, ended, failed, rebind_max;
static unsigned int seed = 12345;

static void victim(int s, unsigned int kind, int out)
{
	char port[16], k[16], obs[16];
	char *argv[commands + 4];

	memcpy(argv, command, commands * sizeof(char *));
	snprintf(port, sizeof(port), "%d", 10000 + s);
	snprintf(k, sizeof(k), "%u", kind);
	snprintf(obs, sizeof(obs), "%d", observer);
	argv[commands] = port, argv[commands + 1] = k, argv[commands + 2] = obs;
	argv[commands + 3] = NULL;
	setpgid(0, 0);
	dup2(out, 1);
	execvp(argv[0], argv);
	_exit(127);
}

static void start(int s)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC)) {
		perror("churn: pipe");
		exit(1);
	}
	unsigned int kind = rand_r(&seed) % KINDS;

	slots[s].pid = fork();
	if (!slots[s].pid)
		victim(s, kind, p[1]);
	if (slots[s].pid < 0) {
		perror("churn: fork");
		exit(1);
	}
	setpgid(slots[s].pid, slots[s].pid);
	close(p[1]);
	slots[s].out = p[0];
	slots[s].kill_at = now_ns() + rand_r(&seed) % (max_ms * 1000) * 1000LL;
}

static void account(struct slot *v, int status)
{
	char buf[64];
	ssize_t n = read(v->out, buf, sizeof(buf) - 1);

	close(v->out);
	if (n > 0) {
		buf[n] = 0;
		long us = atol(buf);

		rebind_max = us > rebind_max ? us : rebind_max;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		killed++;
	else if (WIFEXITED(status) && !WEXITSTATUS(status))
		ended++;
	else {
		failed++;
		fprintf(stderr,
			"churn: a victim ended with wait status 0x%x before it was killed\n",
			status);
	}
}

/* Reads the leader's status first (WNOWAIT keeps the group's id valid), then kills the rest of its
 * group. */
static void finish(int s)
{
	siginfo_t si;
	int status;

	kill(slots[s].pid, SIGKILL);
	waitid(P_PID, slots[s].pid, &si, WEXITED | WNOWAIT);
	kill(-slots[s].pid, SIGKILL);
	waitpid(slots[s].pid, &status, 0);
	account(&slots[s], status);
	slots[s].pid = 0;
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: churn COUNT SLOTS MAX_MS OBSERVER CMD...\n");
		return 2;
	}
	long count = atol(argv[1]), begun = 0, left = count;
	int n = atoi(argv[2]);

	max_ms = atoi(argv[3]), observer = atoi(argv[4]);
	command = argv + 5, commands = argc - 5;
	if (n < 1 || n > SLOTS_MAX || max_ms < 1)
		return 2;
	while (left) {
		int64_t next = now_ns() + 1000000000LL;

		for (int s = 0; s < n; s++) {
			if (slots[s].pid && slots[s].kill_at <= now_ns())
				finish(s), left--;
			if (!slots[s].pid && begun < count)
				start(s), begun++;
			if (slots[s].pid && slots[s].kill_at < next)
				next = slots[s].kill_at;
		}
		if (left && next > now_ns())
			usleep((next - now_ns()) / 1000 + 1);
	}
	printf("killed %ld ended %ld failed %ld rebind_us %ld\n", killed, ended, failed,
	       rebind_max);
	return failed != 0;
}
