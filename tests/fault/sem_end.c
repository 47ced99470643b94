// SPDX-License-Identifier: GPL-2.0
/*
 * sem_end.c: processes that exit or exec while their threads are in calls: no thread notices, no
 * data reaches a wrong file, and the process's resources are free when its parent is notified.
 * Descriptor numbers are replaced atomically.
 */
#include "check.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 8, OPENED = 100, BUSY = 30, SWAPS = 1000 };
static char dir[4000], self[4096], block[4096] __attribute__((aligned(4096)));
static int udp[2];
static volatile unsigned long calls[8]; /* of each thread */

static const char *in_dir(const char *fmt, long n)
{
	static __thread char path[2][4200];
	static __thread int turn;
	char name[100];

	turn = !turn;
	snprintf(name, sizeof(name), fmt, n);
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* The process ends with another status only if a thread reports an error. */
static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(3);
}

static void *writes(void *arg)
{
	int fd = open(in_dir("own%ld", (long)arg),
		      O_RDWR | O_CREAT | ((long)arg & 1 ? O_DIRECT : 0), 0600);

	must(fd >= 0, "open");
	for (;; calls[(long)arg]++)
		must(pwrite(fd, block, sizeof(block), 0) == sizeof(block), "pwrite");
	return NULL;
}

/* Opens files that are never written. */
static void *opens(void *arg)
{
	for (long i = 0;; i++, calls[(long)arg]++) {
		int fd = open(in_dir("empty%ld", i % OPENED),
			      O_RDWR | O_CREAT | (i & 1 ? O_CLOEXEC : 0), 0600);

		must(fd >= 0, "open");
		if (i % 8 || fd > 200)
			must(!close(fd), "close");
	}
	return NULL;
}

static void *sends(void *arg)
{
	for (;; calls[(long)arg]++)
		must(send(udp[0], block, 100, MSG_DONTWAIT) >= 0 || errno == EAGAIN ||
			     errno == ENOBUFS,
		     "send");
	return NULL;
}

static void *receives(void *arg)
{
	char buf[100];

	for (;; calls[(long)arg]++)
		must(recv(udp[1], buf, sizeof(buf), 0) > 0, "recv");
	return NULL;
}

/* Starts all, and waits until each has begun. */
static void make_busy(void)
{
	void *(*const fn[])(void *) = {writes, writes, opens, opens, sends, receives};
	enum { N = sizeof(fn) / sizeof(fn[0]) };
	unsigned long busy = 0;
	pthread_t th;

	memset(block, 'A', sizeof(block));
	must(!udp_pair(udp), "udp_pair");
	for (long i = 0; i < N; i++)
		must(!pthread_create(&th, NULL, fn[i], (void *)i), "pthread_create");
	while (busy != (1 << N) - 1)
		for (int i = 0; i < N; i++)
			busy |= (unsigned long)(calls[i] >= BUSY) << i;
}

static int nothing_written(void)
{
	struct stat st;

	for (long i = 0; i < OPENED; i++)
		if (!stat(in_dir("empty%ld", i), &st))
			CHECK_EQ(st.st_size, 0);
	return 0;
}

/* ROUNDS children that end by how(): their wait status. */
static int ends_with(void (*how)(void), int want)
{
	for (int r = 0; r < ROUNDS; r++) {
		int status = -1;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			alarm(CASE_LIMIT);
			make_busy();
			how();
			_exit(4);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK_EQ(status, want);
		if (nothing_written())
			return 1;
	}
	return 0;
}

static void by_exit(void)
{
	_exit(0);
}

static void by_signal(void)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGTERM);
	pause();
}

static int exit_beside_calls(void)
{
	return ends_with(by_exit, 0);
}

static int signal_beside_calls(void)
{
	return ends_with(by_signal, SIGTERM);
}

/* ---- exec ---- */
static void by_exec(void)
{
	execl(self, self, "--after", (char *)NULL);
}

/* The program after exec: each number is unchanged, or closed. No call of the old program
 * continues. */
static int after_exec(void)
{
	struct stat st;
	int found = 0;

	for (int fd = 3; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		must(!fstat(fd, &st), "fstat after exec");
		must(S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode),
		     "another kind of file after exec");
		if (S_ISREG(st.st_mode))
			must(lseek(fd, 0, SEEK_CUR) == 0, "lseek after exec");
		found++;
	}
	must(found >= 4, "files after exec");
	for (long i = 0; i < 2 * OPENED; i++)
		must(open(in_dir("empty%ld", i % OPENED), O_RDWR) >= 0 || errno == ENOENT,
		     "open after exec");
	return nothing_written() ? 5 : 0;
}

static int exec_beside_calls(void)
{
	return ends_with(by_exec, 0);
}

/* A failing exec changes nothing. */
static void by_failing_exec(void)
{
	size_t len = 4 << 20;
	char *big = malloc(len), *argv[] = {self, big, NULL};
	unsigned long before[8];

	memset(big, 'x', len - 1);
	big[len - 1] = 0;
	for (int i = 0; i < 20; i++)
		must(execv(self, argv) == -1 && errno == E2BIG, "execv too big");
	must(execv(dir, argv) == -1 && errno == EACCES, "execv of a directory");
	memcpy(before, (void *)calls, sizeof(before));
	for (int i = 0; i < 6; i++)
		while (calls[i] < before[i] + BUSY)
			;
	_exit(0);
}

static int failing_exec_beside_calls(void)
{
	return ends_with(by_failing_exec, 0);
}

/* ---- what the parent finds ---- */
static uint16_t port;

static void *hold(void *arg)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(in_dir("locked", 0), O_RDWR | O_CREAT, 0600);

	must(fd >= 0 && !fcntl(fd, F_SETLK, &lock), "F_SETLK");
	must(tcp_listener(&port) >= 0, "tcp_listener");
	return arg;
}

static void *exits_last(void *arg)
{
	while (!calls[7])
		usleep(1000); /* the first thread may or may not have gone */
	usleep(1000);
	syscall(SYS_exit, 0);
	return arg;
}

static int all_free(int last)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(in_dir("locked", 0), O_RDWR | O_CREAT, 0600), l = tcp_listener(&port);

	CHECK(fd >= 0 && l >= 0);
	CHECK(!close(l)); /* a free port */
	for (int r = 0; r < ROUNDS; r++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			pthread_t th;

			hold(NULL);
			if (last)
				must(!pthread_create(&th, NULL, exits_last, NULL),
				     "pthread_create");
			calls[7] = 1;
			syscall(last ? SYS_exit : SYS_exit_group, 0);
		}
		CHECK(!wait_ok(pid));
		CHECK(!fcntl(fd, F_SETLK, &lock));
		lock.l_type = F_UNLCK;
		CHECK(!fcntl(fd, F_SETLK, &lock));
		lock.l_type = F_WRLCK;
		CHECK((l = tcp_listener(&port)) >= 0);
		CHECK(!close(l));
	}
	CHECK(!close(fd));
	return 0;
}

static int free_after_exit(void)
{
	return all_free(0);
}

static int free_after_last_thread(void)
{
	return all_free(1);
}

struct store {
	volatile unsigned long *map;
	int to;
};

static void *stores(void *arg)
{
	struct store *s = arg;

	for (;;) {
		++*s->map;
		must(write(s->to, (void *)s->map, sizeof(*s->map)) == sizeof(*s->map), "write");
	}
	return NULL;
}

static void store_and_end(int fd, int to, int killed)
{
	struct store s = {mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), to};
	unsigned long begin;
	pthread_t th;

	must(s.map != MAP_FAILED, "mmap");
	begin = *s.map;
	must(!pthread_create(&th, NULL, stores, &s), "pthread_create");
	while (*s.map < begin + BUSY)
		;
	if (killed)
		kill(getpid(), SIGKILL);
	_exit(0);
}

/* Stores through a map take effect until the process ends. */
static int stores_until_the_end(void)
{
	int fd = open(in_dir("map", 0), O_RDWR | O_CREAT | O_TRUNC, 0600), to[2];
	unsigned long seen = 0, got;

	CHECK(fd >= 0 && !ftruncate(fd, 4096));
	for (int r = 0; r < ROUNDS; r++) {
		CHECK(!pipe(to));
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			store_and_end(fd, to[1], r & 1);
		CHECK(!close(to[1]));
		while (read(to[0], &got, sizeof(got)) == sizeof(got))
			seen = got;
		CHECK(waitpid(pid, NULL, 0) == pid);
		CHECK(pread(fd, &got, sizeof(got), 0) == sizeof(got));
		CHECK(got >= seen && seen >= BUSY);
		CHECK(!close(to[0]));
	}
	CHECK(!close(fd));
	return 0;
}

/* ---- numbers ---- */
struct swap {
	int fd;
	volatile int stop;
};

static void *uses(void *arg)
{
	struct swap *s = arg;
	char c = 0;

	while (!s->stop)
		if (pwrite(s->fd, &c, 1, 0) != 1 || pread(s->fd, &c, 1, 0) != 1)
			return "a number that is always open wasn't";
	return NULL;
}

static int another_file(int i) /* the last is the host's; the other direction isn't atomic */
{
	int fd = i == SWAPS - 1 ? memfd_create("host", 0)
				: open(in_dir("swap%ld", i % 3), O_RDWR | O_CREAT, 0600);

	return fd >= 0 && pwrite(fd, "", 1, 0) == 1 ? fd : -1;
}

/* dup2() over a number in use: users find the old file or the new one, at no time none. */
static int swapped_under_use(void)
{
	struct swap s = {another_file(0), 0};
	void *said[2];
	pthread_t th[2];
	int fd;

	CHECK(s.fd >= 0);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&th[i], NULL, uses, &s));
	for (int i = 1; i < SWAPS; i++) {
		CHECK((fd = another_file(i)) >= 0);
		CHECK_EQ(dup2(fd, s.fd), s.fd);
		CHECK(!close(fd));
	}
	s.stop = 1;
	for (int i = 0; i < 2; i++) {
		CHECK(!pthread_join(th[i], &said[i]));
		CHECK(!said[i]);
	}
	CHECK(!close(s.fd));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{"exit beside calls", exit_beside_calls},
		{"fatal signal beside calls", signal_beside_calls},
		{"exec beside calls", exec_beside_calls},
		{"failing exec beside calls", failing_exec_beside_calls},
		{"all free after exit", free_after_exit},
		{"all free after the last thread's exit", free_after_last_thread},
		{"stores until the end", stores_until_the_end},
		{"numbers swapped under use", swapped_under_use},
	};
	const char *d = getenv("FAULT_DIR");

	snprintf(dir, sizeof(dir), "%s/end", d ? d : "/tmp");
	if (argc > 1 && !strcmp(argv[1], "--after"))
		return after_exec();
	if (!realpath("/proc/self/exe", self))
		return 2;
	mkdir(dir, 0777);
	close_range(3, ~0u, 0); /* descriptors found after exec are from this program */
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
