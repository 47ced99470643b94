// SPDX-License-Identifier: GPL-2.0
/*
 * storm SOCKET SECONDS SEED SLOTS MAX_MS TREES|-: lives of clients (storm.h) on the domain of that
 * socket, SLOTS at a time, each killed with its whole process group at a random time up to MAX_MS
 * after it has its world, and one in eight sooner, if it hasn't ended by then. TREES is a folder in
 * the domain where files may be made. By root: as several users. Prints what was done; exit status
 * 0 if every client was treated as one that keeps to the rules, and the domain answers at the end.
 */
#include "storm.h"
#include "../stubs/world.h"

#include <errno.h>
#include <sd/ticket.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORLD_MS 30000 /* and longer than that none waits for its own */

#define COUNT_TEXT(name) #name,
static const char *const names[] = {COUNTS(COUNT_TEXT)};

struct board *board;
int st_mutate;
bool st_mutating;

static struct slot {
	pid_t pid;
	s64 kill_at;
	s64 time; /* to live; 0: it lives it */
	u64 seed;
} slots[SLOTS_MAX];
static u64 seed;
static int max_ms, failed;
static const char *trees;

static s64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static u64 mix(u64 slot, u64 life)
{
	return seed * 1000003 + slot * 10007 + life;
}

static void start(int s)
{
	static u64 lives;
	struct slot *v = &slots[s];

	*v = (struct slot){.seed = mix((u64)s, lives++)};
	rnd_seed(v->seed ^ 0x5eed);
	v->time = one_in(8) ? 0 : 1 + (s64)(rnd() % (u64)max_ms);
	v->kill_at = now_ms() + (v->time ? WORLD_MS : (s64)(rnd() % (u64)max_ms));
	board->begun[s] = 0;
	v->pid = fork();
	if (!v->pid) {
		setpgid(0, 0);
		life(v->seed, trees, &board->begun[s]);
	}
	if (v->pid < 0)
		perror("storm: fork"), exit(1);
	setpgid(v->pid, v->pid);
	count(COUNT_lives, 1);
}

static void complain(const struct slot *v, const char *what)
{
	fprintf(stderr, "storm: life %llu of seed %llu: %s\n", (unsigned long long)v->seed,
		(unsigned long long)seed, what);
	failed++;
}

static void account(const struct slot *v, int status)
{
	static const char *const how[] = {
		"can't begin",
		"the domain is gone",
		"its channel was ended as a liar's",
		"the domain's answer is nonsense",
		"no answer comes",
	};
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		count(COUNT_killed, 1);
	else if (code == LIFE_ENDED)
		count(COUNT_ended, 1);
	else if (code >= LIFE_BAD && code <= LIFE_SILENT)
		complain(v, how[code - LIFE_BAD]);
	else
		complain(v, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "ended strangely");
}

/* The leader's end, or its time: then the rest of its group goes too. False: it lives on. */
static bool finish(struct slot *v, bool now)
{
	siginfo_t si = {.si_pid = 0};
	int status;

	if (now)
		kill(v->pid, SIGKILL);
	if (waitid(P_PID, (id_t)v->pid, &si, WEXITED | WNOWAIT | (now ? 0 : WNOHANG)) || !si.si_pid)
		return false;
	kill(-v->pid, SIGKILL);
	waitpid(v->pid, &status, 0);
	v->pid = 0;
	account(v, status);
	return true;
}

static void storm(int n, s64 end)
{
	struct timespec ms = {0, 1000000};

	while (now_ms() < end && !failed) {
		for (int s = 0; s < n; s++) {
			if (slots[s].time && __atomic_load_n(&board->begun[s], __ATOMIC_ACQUIRE)) {
				slots[s].kill_at = now_ms() + slots[s].time;
				slots[s].time = 0;
			}
			if (slots[s].pid)
				finish(&slots[s], slots[s].kill_at <= now_ms());
			if (!slots[s].pid && !failed)
				start(s);
		}
		nanosleep(&ms, NULL);
	}
	for (int s = 0; s < n; s++)
		if (slots[s].pid)
			finish(&slots[s], true);
}

/* The worlds' fixtures this domain can have; of files, some trees. */
static int prepare(void)
{
	u16 ports[FX_COUNT] = {0};
	int err;

	cur = &chans[0];
	err = chan_attach(cur);
	if (err) {
		fprintf(stderr, "storm: attach: %s\n", strerror(-err));
		return err;
	}
	world_probe(&storm_side);
	for (u32 i = 0; trees && i < 4; i++) {
		tree_root[0] = '\0';
		add(tree_root, 64, "%s/%u", trees, i);
		if (!side_call(&storm_side, SYS_access, P(tree_root), 0, 0, 0, 0, 0))
			continue;
		maker_files.make(&storm_side, ports);
		side_call(&storm_side, SYS_chmod, P(tree_root), 0777, 0, 0, 0, 0);
	}
	chan_detach(cur);
	return 0;
}

/* It may refuse as long as it ends those who are gone. */
static bool answers_null(void)
{
	const struct timespec ms = {0, 1000000};
	const u64 arg[6] = {0};
	enum sd_status st = SD_REFUSED;
	long ret = -1;

	for (int i = 0; i < WORLD_MS && st == SD_REFUSED; i++) {
		st = sd_own_call(&cur->qp, &ret, SD_OP_NULL, arg);
		nanosleep(&ms, NULL);
	}
	return st == SD_OK && !ret;
}

static int answers(void)
{
	int err;

	cur = &chans[0];
	err = chan_attach(cur);
	if (err || !answers_null()) {
		fprintf(stderr, "storm: afterwards the domain doesn't answer: %s\n",
			err ? strerror(-err) : "null call");
		return 1;
	}
	chan_detach(cur);
	return 0;
}

int main(int argc, char **argv)
{
	int n = argc == 7 ? atoi(argv[4]) : 0;

	if (n < 1 || n > SLOTS_MAX || (max_ms = atoi(argv[5])) < 1) {
		fprintf(stderr, "usage: storm SOCKET SECONDS SEED SLOTS MAX_MS TREES|-\n");
		return 2;
	}
	storm_socket = argv[1];
	seed = strtoull(argv[3], NULL, 0);
	trees = strcmp(argv[6], "-") ? argv[6] : NULL;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED || prepare())
		return 1;
	fflush(stdout);
	storm(n, now_ms() + 1000 * atoll(argv[2]));
	for (int i = 0; i < COUNTERS; i++)
		printf("%s%s %llu", i ? ", " : "", names[i], (unsigned long long)board->count[i]);
	printf("\n");
	return answers() || failed;
}
