// SPDX-License-Identifier: GPL-2.0
/*
 * What files in $FAULT_DIR mean to processes, threads and signals: offsets and locks are shared
 * over fork and dup or they are not, exec keeps or closes, appends of many are all there, names
 * change at once, what is unlinked lives as long as it is open.
 */
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096], dir[4000];

static const char *in_dir(const char *name)
{
	static char path[2][4200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static int make(const char *name, int flags)
{
	return open(in_dir(name), O_RDWR | O_CREAT | flags, 0600);
}

/* The offset is the open file's: of parent, child and dups alike; another open has its own. */
static int shared_offset(void)
{
	int fd = make("offset", 0), d, other;
	char buf[8];

	CHECK(fd >= 0);
	CHECK((d = dup(fd)) >= 0);
	CHECK((other = open(in_dir("offset"), O_RDONLY)) >= 0);
	CHECK(!write_all(fd, "abc", 3));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(lseek(fd, 0, SEEK_CUR) != 3 || write_all(fd, "def", 3));
	CHECK(!wait_ok(pid));
	CHECK_EQ(lseek(d, 0, SEEK_CUR), 6);
	CHECK(!read_all(other, buf, 6));
	CHECK(!memcmp(buf, "abcdef", 6));
	CHECK(!close(fd) && !close(d) && !close(other));
	return 0;
}

static int appends(void)
{
	enum { KIDS = 4, LINES = 200, SIZE = 100 };
	int fd = make("append", O_APPEND), got[KIDS] = {0};
	char line[SIZE];
	pid_t pid[KIDS];

	CHECK(fd >= 0);
	for (int k = 0; k < KIDS; k++) {
		pid[k] = fork();
		CHECK(pid[k] >= 0);
		if (pid[k])
			continue;
		memset(line, 'a' + k, sizeof(line));
		for (int i = 0; i < LINES; i++)
			if (write(fd, line, sizeof(line)) != sizeof(line))
				_exit(1);
		_exit(0);
	}
	for (int k = 0; k < KIDS; k++)
		CHECK(!wait_ok(pid[k]));
	CHECK_EQ(lseek(fd, 0, SEEK_END), KIDS * LINES * SIZE);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (int i = 0; i < KIDS * LINES; i++) {
		CHECK(!read_all(fd, line, sizeof(line)));
		for (size_t j = 1; j < sizeof(line); j++)
			CHECK_EQ(line[j], line[0]);
		got[line[0] - 'a']++;
	}
	for (int k = 0; k < KIDS; k++)
		CHECK_EQ(got[k], LINES);
	CHECK(!close(fd));
	return 0;
}

/* Run again as `sem_file --exec KEPT CLOSED`. */
static int after_exec(int kept, int closed)
{
	char buf[4];

	if (lseek(kept, 0, SEEK_CUR) != 1 || read(kept, buf, 4) != 3 || memcmp(buf, "ept", 3))
		return 3;
	return fcntl(closed, F_GETFD) >= 0 ? 4 : 0;
}

static int exec_keeps(void)
{
	int kept = make("kept", 0), closed = make("closed", O_CLOEXEC);
	char k[16], c[16];

	CHECK(kept >= 0 && closed >= 0);
	CHECK(!write_all(kept, "kept", 4));
	CHECK_EQ(lseek(kept, 1, SEEK_SET), 1);
	snprintf(k, sizeof(k), "%d", kept);
	snprintf(c, sizeof(c), "%d", closed);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		execl(self, self, "--exec", k, c, (char *)NULL);
		_exit(127);
	}
	CHECK(!wait_ok(pid));
	CHECK_EQ(lseek(kept, 0, SEEK_CUR), 4);
	CHECK(!close(kept) && !close(closed));
	return 0;
}

/* The last reference holds an unlinked file; its blocks are free then. */
static int unlinked(void)
{
	static char buf[1 << 20];
	struct statvfs before, held, after;
	int fd = make("gone", 0);
	struct stat st;

	CHECK(fd >= 0);
	CHECK(!fsync(fd));
	CHECK(!statvfs(dir, &before));
	fill_pattern(buf, sizeof(buf), 5);
	for (int i = 0; i < 4; i++)
		CHECK(!write_all(fd, buf, sizeof(buf)));
	CHECK(!fsync(fd));
	CHECK(!unlink(in_dir("gone")));
	CHECK_ERR(stat(in_dir("gone"), &st), ENOENT);
	CHECK(!fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK(!statvfs(dir, &held));
	CHECK(held.f_bfree < before.f_bfree);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(lseek(fd, 1 << 20, SEEK_SET) != 1 << 20 || read_all(fd, buf, sizeof(buf)) ||
		      check_pattern(buf, sizeof(buf), 5));
	CHECK(!wait_ok(pid));
	CHECK(!close(fd));
	CHECK(!statvfs(dir, &after));
	CHECK(after.f_bfree > held.f_bfree);
	return 0;
}

/* Only one of many creates it. */
static int exclusive(void)
{
	enum { KIDS = 8 };
	int won = 0, st;
	pid_t pid[KIDS];

	for (int k = 0; k < KIDS; k++) {
		pid[k] = fork();
		CHECK(pid[k] >= 0);
		if (!pid[k])
			_exit(make("exclusive", O_EXCL) >= 0 ? 1 : errno == EEXIST ? 0 : 2);
	}
	for (int k = 0; k < KIDS; k++) {
		CHECK_EQ(waitpid(pid[k], &st, 0), pid[k]);
		CHECK(WIFEXITED(st) && WEXITSTATUS(st) < 2);
		won += WEXITSTATUS(st);
	}
	CHECK_EQ(won, 1);
	return 0;
}

/* rename() over a file that others open: there is always one of the two, whole. */
static int renamed(void)
{
	enum { ROUNDS = 200 };
	char text[65] = "";
	int fd;
	pid_t pid;

	CHECK((fd = make("target", 0)) >= 0);
	CHECK(!write_all(fd, "0123456789012345678901234567890123456789012345678901234567890123",
			 64));
	CHECK(!close(fd));
	CHECK((pid = fork()) >= 0);
	if (!pid) {
		for (int i = 0; i < ROUNDS; i++) {
			fd = make("source", O_TRUNC);
			if (fd < 0 ||
			    write_all(
				    fd,
				    "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd",
				    64) ||
			    close(fd) || rename(in_dir("source"), in_dir("target")))
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		CHECK((fd = open(in_dir("target"), O_RDONLY)) >= 0);
		CHECK(!read_all(fd, text, 64));
		CHECK(!strncmp(text, "0123456789", 10) || !strncmp(text, "abcdefghij", 10));
		CHECK(!close(fd));
	}
	CHECK(!wait_ok(pid));
	return 0;
}

/* flock: the open file's; over fork and dup the same, of another open not; gone with the last
 * close. */
static int flocks(void)
{
	int a = make("flock", 0), b = make("flock", 0);

	CHECK(a >= 0 && b >= 0);
	CHECK(!flock(a, LOCK_EX));
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(flock(a, LOCK_EX | LOCK_NB) || !flock(b, LOCK_SH | LOCK_NB) || close(a));
	CHECK(!wait_ok(pid));
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		int waits = make("flock", 0);

		_exit(close(a) || waits < 0 || flock(waits, LOCK_EX));
	}
	sleep_ms(50);
	CHECK(!close(a));
	CHECK(!wait_ok(pid));
	CHECK(!flock(b, LOCK_EX | LOCK_NB));
	CHECK(!close(b));
	return 0;
}

static int set_lock(int fd, int cmd, int type, off_t start)
{
	struct flock l = {.l_type = type, .l_start = start, .l_len = 10};

	return fcntl(fd, cmd, &l);
}

/* Record locks: the process's; not the child's; all gone when the process closes any fd of the
 * file, or ends. */
static int record_locks(void)
{
	int fd = make("records", 0), other;
	struct flock l = {.l_type = F_WRLCK, .l_len = 1};

	CHECK(fd >= 0);
	CHECK(!set_lock(fd, F_SETLK, F_WRLCK, 0));
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		if (!set_lock(fd, F_SETLK, F_WRLCK, 5) || errno != EAGAIN ||
		    set_lock(fd, F_SETLK, F_WRLCK, 10))
			_exit(1);
		_exit(fcntl(fd, F_GETLK, &l) || l.l_type != F_WRLCK ||
		      (!check_hooked() && l.l_pid != parent));
	}
	CHECK(!wait_ok(pid));
	CHECK(!set_lock(fd, F_SETLK, F_WRLCK, 10)); /* the child's is gone */
	CHECK((other = open(in_dir("records"), O_RDWR)) >= 0);
	CHECK(!close(other));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(set_lock(fd, F_SETLK, F_WRLCK, 0) || set_lock(fd, F_SETLK, F_WRLCK, 10));
	CHECK(!wait_ok(pid));
	CHECK(!close(fd));
	return 0;
}

/* Waits for locks end in EINTR, and when the holder is killed. */
static int lock_waits(void)
{
	struct sigaction sa = {.sa_handler = count_signal};
	int fd = make("waits", 0), p[2];
	pthread_t me = pthread_self(), th;
	char c;

	CHECK(fd >= 0);
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	CHECK(!pipe(p));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		int own = make("waits", 0);

		if (own < 0 || flock(own, LOCK_EX) || set_lock(own, F_SETLK, F_WRLCK, 0) ||
		    write(p[1], "l", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	signalled = 0;
	CHECK(!pthread_create(&th, NULL, interrupt_thread, &me));
	CHECK_ERR(flock(fd, LOCK_EX), EINTR);
	pthread_join(th, NULL);
	signalled = 0;
	CHECK(!pthread_create(&th, NULL, interrupt_thread, &me));
	CHECK_ERR(set_lock(fd, F_SETLKW, F_WRLCK, 0), EINTR);
	pthread_join(th, NULL);
	CHECK(!kill(pid, SIGKILL));
	CHECK(!flock(fd, LOCK_EX));
	CHECK(!set_lock(fd, F_SETLKW, F_WRLCK, 0));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(p[0]), close(p[1]);
	CHECK(!close(fd));
	return 0;
}

struct part {
	int fd, n;
};

static void *own_part(void *arg)
{
	struct part *p = arg;
	char out[3000], in[3000];

	for (int i = 0; i < 200; i++) {
		off_t at = (off_t)p->n * 100000 + i % 30 * 3000;

		fill_pattern(out, sizeof(out), p->n * 1000 + i);
		if (pwrite(p->fd, out, sizeof(out), at) != sizeof(out) ||
		    pread(p->fd, in, sizeof(in), at) != sizeof(in))
			return "io";
		if (check_pattern(in, sizeof(in), p->n * 1000 + i))
			return "data";
	}
	return NULL;
}

static int threads_parts(void)
{
	enum { N = 16 };
	int fd = make("parts", 0);
	struct part part[N];
	pthread_t th[N];

	CHECK(fd >= 0);
	for (int i = 0; i < N; i++) {
		part[i] = (struct part){fd, i};
		CHECK(!pthread_create(&th[i], NULL, own_part, &part[i]));
	}
	for (int i = 0; i < N; i++) {
		void *why;

		CHECK(!pthread_join(th[i], &why));
		CHECK(!why);
	}
	CHECK(!close(fd));
	return 0;
}

/* cwd and umask: a child begins with its parent's, and changes its own only. */
static int cwd_and_umask(void)
{
	char here[4200];
	struct stat st;

	CHECK(!mkdir(in_dir("cwd"), 0755));
	CHECK(!chdir(in_dir("cwd")));
	umask(077);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		int fd = open("from-child", O_WRONLY | O_CREAT, 0666);

		umask(0);
		_exit(fd < 0 || fstat(fd, &st) || (st.st_mode & 0777) != 0600 || chdir(".."));
	}
	CHECK(!wait_ok(pid));
	CHECK(getcwd(here, sizeof(here)));
	CHECK(!strcmp(here, in_dir("cwd")));
	CHECK(!mkdir("from-parent", 0777));
	CHECK(!stat("from-parent", &st));
	CHECK_EQ(st.st_mode & 0777, 0700);
	umask(022);
	CHECK(!chdir("/"));
	CHECK(!stat(in_dir("cwd/from-child"), &st));
	return 0;
}

/* When a process learns that a file was closed, its lock is free. */
static int lock_and_close(void)
{
	int fd = make("closed", 0);

	CHECK(fd >= 0);
	CHECK(!flock(fd, LOCK_EX | LOCK_NB));
	CHECK(!close(fd));
	return 0;
}

static int closed_for_others(void)
{
	int to[2], back[2];
	char c = 0;

	CHECK(!pipe(to) && !pipe(back));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1)
			if (lock_and_close() || write(back[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++) {
		CHECK(!lock_and_close());
		CHECK_EQ(write(to[1], &c, 1), 1);
		CHECK_EQ(read(back[0], &c, 1), 1);
	}
	CHECK(!close(to[1]));
	CHECK(!wait_ok(pid));
	CHECK(!close(to[0]) && !close(back[0]) && !close(back[1]));
	return 0;
}

static const struct test_case cases[] = {
	{"shared_offset", shared_offset},
	{"appends", appends},
	{"exec_keeps", exec_keeps},
	{"unlinked", unlinked},
	{"exclusive", exclusive},
	{"renamed", renamed},
	{"flocks", flocks},
	{"record_locks", record_locks},
	{"lock_waits", lock_waits},
	{"threads_parts", threads_parts},
	{"cwd_and_umask", cwd_and_umask},
	{"closed_for_others", closed_for_others},
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--exec"))
		return after_exec(atoi(argv[2]), atoi(argv[3]));
	snprintf(self, sizeof(self), "%s", argv[0]);
	if (!getenv("FAULT_DIR")) {
		fprintf(stderr, "sem_file: FAULT_DIR says where its files go\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s/sem.XXXXXX", getenv("FAULT_DIR"));
	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
