/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.c: mmap of files in a directory (the first argument). The results must be the same natively
 * and for a domain's files, except that there a shared map of a writable fd doesn't end with the
 * file.
 */
#define _GNU_SOURCE
#include "cases.h"
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG   4096
#define SIZE (5 * PG + 100)

static char path[4096], dir[4096], want[SIZE];
static int fd;

static int refused(void *at, int err)
{
	return at == MAP_FAILED && errno == err;
}

static void contents(void)
{
	char *m = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0), *o;

	CHECK(m != MAP_FAILED && !memcmp(m, want, SIZE));
	for (int i = SIZE; i < 6 * PG; i++)
		CHECK(m[i] == 0);
	CHECK(munmap(m, SIZE) == 0);
	m = mmap(NULL, 2 * PG, PROT_READ, MAP_PRIVATE, fd, 2 * PG);
	CHECK(m != MAP_FAILED && !memcmp(m, want + 2 * PG, 2 * PG));
	o = mmap(m + PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	CHECK(o == m + PG && !memcmp(o, want, PG) && !memcmp(m, want + 2 * PG, PG));
	CHECK(refused(mmap(m, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0), EEXIST));
	munmap(m, 2 * PG);
	m = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && !memcmp(m, want, SIZE));
	CHECK(munmap(m, SIZE) == 0);
	m = mmap(NULL, SIZE, PROT_READ, MAP_SHARED_VALIDATE, fd, 0);
	CHECK(m != MAP_FAILED && !memcmp(m, want, SIZE) && munmap(m, SIZE) == 0);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
}

/* In a child: the access ends it with signal sig. */
static void dies(volatile char *at, int sig)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		signal(sig, SIG_DFL);
		(void)*at;
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == sig);
}

static void beyond(void)
{
	char *m = mmap(NULL, 8 * PG, PROT_READ, MAP_PRIVATE, fd, 0);
	int ro;

	CHECK(m != MAP_FAILED && m[6 * PG - 1] == 0);
	dies(m + 6 * PG, SIGBUS);
	munmap(m, 8 * PG);
	ro = open(path, O_RDONLY);
	m = mmap(NULL, PG, PROT_READ, MAP_SHARED, ro, 20 * PG);
	CHECK(m != MAP_FAILED);
	dies(m, SIGBUS);
	munmap(m, PG);
	close(ro);
}

static void written(void)
{
	char *m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), b[10];
	int ro = open(path, O_RDONLY), status = 1;

	CHECK(m != MAP_FAILED);
	memcpy(m + PG, "mine", 4);
	CHECK(pread(fd, b, 4, PG) == 4 && !memcmp(b, want + PG, 4));
	if (!fork()) {
		CHECK(!memcmp(m + PG, "mine", 4) && !memcmp(m, want, PG));
		memcpy(m, "its own", 7);
		_exit(check_failed);
	}
	CHECK(wait(&status) > 0 && status == 0 && !memcmp(m, want, 7));
	munmap(m, SIZE);
	m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	CHECK(m != MAP_FAILED);
	close(ro);
	memset(m, 'x', SIZE);
	CHECK(m[SIZE - 1] == 'x');
	munmap(m, SIZE);
	CHECK(pread(fd, b, 10, 0) == 10 && !memcmp(b, want, 10));
}

static void errors(void)
{
	int wo = open(path, O_WRONLY), ro = open(path, O_RDONLY), p = open(path, O_PATH),
	    d = open(dir, O_RDONLY);
	char *m;

	CHECK(refused(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL));
	CHECK(syscall(SYS_mmap, 0, PG, PROT_READ, MAP_PRIVATE, fd, 100) == -1 && errno == EINVAL);
	CHECK(refused(mmap(NULL, PG, PROT_READ, 0, fd, 0), EINVAL));
	CHECK(refused(mmap(NULL, -1ul, PROT_READ, MAP_PRIVATE, fd, 0), ENOMEM));
	CHECK(refused(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, wo, 0), EACCES));
	CHECK(refused(mmap(NULL, PG, PROT_READ, MAP_SHARED, wo, 0), EACCES));
	CHECK(refused(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0), EACCES));
	CHECK(refused(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, p, 0), EBADF));
	CHECK(refused(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, 999, 0), EBADF));
	CHECK(refused(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, d, 0), ENODEV));
	m = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	CHECK(m != MAP_FAILED && m[0] == 0);
	munmap(m, PG);
	m = mmap(NULL, PG, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(m != MAP_FAILED && mprotect(m, PG, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	CHECK(munmap(m, PG) == 0);
	m = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && mprotect(m, PG, PROT_READ | PROT_WRITE) == 0 &&
	      munmap(m, PG) == 0);
	close(wo);
	close(ro);
	close(p);
	close(d);
}

/* A read-only shared map shows what this process and its children write to the file. */
static void follows(void)
{
	int f = open(path, O_RDONLY), wo = open(path, O_WRONLY),
	    app = open(path, O_WRONLY | O_APPEND), s;
	char *m = mmap(NULL, 16 * PG, PROT_READ, MAP_SHARED, f, 0),
	     *n = mmap(NULL, PG, PROT_READ, MAP_SHARED, f, PG);
	struct iovec v[2] = {{"ab", 2}, {"cdef", 4}};

	CHECK(m != MAP_FAILED && n != MAP_FAILED);
	close(f);
	CHECK(pwrite(fd, "PWRITE", 6, PG - 3) == 6 && !memcmp(m + PG - 3, "PWRITE", 6) &&
	      !memcmp(n, "ITE", 3));
	CHECK(lseek(wo, 10, SEEK_SET) == 10 && write(wo, "write", 5) == 5 &&
	      !memcmp(m + 10, "write", 5));
	CHECK(writev(wo, v, 2) == 6 && !memcmp(m + 15, "abcdef", 6));
	CHECK(pwritev(fd, v, 2, 2 * PG - 1) == 6 && !memcmp(m + 2 * PG - 1, "abcdef", 6) &&
	      n[PG - 1] == 'a');
	if (!fork()) {
		CHECK(pwrite(fd, "child", 5, 100) == 5 && !memcmp(m + 100, "child", 5));
		_exit(check_failed);
	}
	CHECK(wait(&s) > 0 && s == 0 && !memcmp(m + 100, "child", 5));
	CHECK(write(app, "appended", 8) == 8 && !memcmp(m + SIZE, "appended", 8));
	CHECK(pwrite(fd, "far", 3, 12 * PG) == 3 && !memcmp(m + 12 * PG, "far", 3) &&
	      m[11 * PG] == 0);
	CHECK(ftruncate(fd, 50) == 0 && m[49] == want[49] && m[50] == 0);
	dies(m + PG, SIGBUS);
	CHECK(munmap(m, 16 * PG) == 0 && munmap(n, PG) == 0);
	CHECK(pwrite(fd, want, SIZE, 0) == SIZE);
	close(wo);
	close(app);
}

static void wait_byte(int p)
{
	char c;

	CHECK(read(p, &c, 1) == 1);
}

/* Stores through a map, reads and writes are coherent, also in another process that opened the
 * file itself. */
static void stored(void)
{
	char *m = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *n, b[100],
	     name[24000];
	int before = open(path, O_RDONLY), to[2], from[2], s;
	struct stat st;

	CHECK(m != MAP_FAILED);
	memcpy(m + 10, "stored", 6);
	CHECK(pread(fd, b, 6, 10) == 6 && !memcmp(b, "stored", 6));
	CHECK(pread(before, b, 8, 9) == 8 && !memcmp(b + 1, "stored", 6) && b[0] == want[9] &&
	      b[7] == want[16]);
	CHECK(pwrite(fd, "WRITTEN", 7, PG - 3) == 7 && !memcmp(m + PG - 3, "WRITTEN", 7));
	CHECK(pipe(to) == 0 && pipe(from) == 0);
	if (!fork()) { /* another program, as far as the domain knows: it has nothing of ours but
			  the name */
		int f = open(path, O_RDWR);

		munmap(m, 4 * PG);
		close(fd);
		n = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
		CHECK(n != MAP_FAILED && !memcmp(n + 10, "stored", 6));
		memcpy(n + 3 * PG, "child", 5);
		CHECK(write(from[1], "!", 1) == 1);
		wait_byte(to[0]);
		CHECK(!memcmp(n + 100, "parent", 6));
		__atomic_add_fetch((int *)(n + 200), 5, __ATOMIC_SEQ_CST);
		_exit(check_failed);
	}
	wait_byte(from[0]);
	CHECK(!memcmp(m + 3 * PG, "child", 5));
	memcpy(m + 100, "parent", 6);
	memset(m + 200, 0, 4);
	CHECK(write(to[1], "!", 1) == 1 && wait(&s) > 0 && s == 0);
	CHECK(*(int *)(m + 200) == 5);
	CHECK(msync(m, 4 * PG, MS_SYNC) == 0 && fsync(fd) == 0);
	/* Longer and shorter: data beyond the end are gone. */
	CHECK(ftruncate(fd, PG) == 0 && ftruncate(fd, 3 * PG) == 0);
	for (int i = PG; i < 3 * PG; i++)
		CHECK(m[i] == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 3 * PG && pread(fd, b, 100, 3 * PG - 50) == 50);
	m[2 * PG] = 'z';
	CHECK(munmap(m, 4 * PG) == 0 && pread(fd, b, 1, 2 * PG) == 1 && b[0] == 'z');
	snprintf(name, sizeof(name), "cp %s %s.copy && cmp %s %s.copy && rm %s.copy", path, path,
		 path, path, path);
	CHECK(system(name) == 0);
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, want, SIZE, 0) == SIZE);
	close(before);
}

/* After the last map is gone, its stores are in the file. */
static void left(void)
{
	char name[4200], b[10];
	int s, f;

	snprintf(name, sizeof(name), "%s.left", path);
	if (!fork()) {
		char *m;

		f = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		CHECK(ftruncate(f, 2 * PG) == 0);
		m = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
		CHECK(m != MAP_FAILED);
		close(f);
		memcpy(m + PG, "left", 4);
		_exit(check_failed);
	}
	CHECK(wait(&s) > 0 && s == 0);
	f = open(name, O_RDONLY);
	CHECK(pread(f, b, 5, PG) == 5 && !memcmp(b, "left", 5));
	close(f);
	CHECK(unlink(name) == 0);
}

static void executed(void)
{
	static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
	int f = open(path, O_RDWR);
	int (*fn)(void);

	CHECK(pwrite(f, code, sizeof(code), 0) == sizeof(code));
	fn = (int (*)(void))(uintptr_t)mmap(NULL, PG, PROT_READ | PROT_EXEC, MAP_PRIVATE, f, 0);
	CHECK((void *)(uintptr_t)fn != MAP_FAILED && fn() == 42);
	munmap((void *)(uintptr_t)fn, PG);
	CHECK(pwrite(f, want, PG, 0) == PG);
	close(f);
}

static void large(void)
{
	size_t len = 20 << 20;
	char *b = malloc(len), *m;
	int f = open(path, O_RDWR | O_TRUNC);

	for (size_t i = 0; i < len; i++)
		b[i] = i * 37 + i / PG;
	CHECK(pwrite(f, b, len, 0) == (ssize_t)len);
	m = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, f, 0);
	close(f);
	CHECK(m != MAP_FAILED && !memcmp(m, b, len));
	munmap(m, len);
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, want, SIZE, 0) == SIZE);
	free(b);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Also with a signal now and then. */
static void often(void)
{
	struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval t = {{0, 700}, {0, 700}}, none = {{0, 0}, {0, 0}};

	sigaction(SIGPROF, &a, NULL);
	CHECK(setitimer(ITIMER_PROF, &t, NULL) == 0);
	for (int i = 0; i < 500; i++) {
		char *m = mmap(NULL, SIZE, PROT_READ, i % 2 ? MAP_SHARED : MAP_PRIVATE, fd, 0);

		CHECK(m != MAP_FAILED && m[i] == want[i] && munmap(m, SIZE) == 0);
	}
	CHECK(setitimer(ITIMER_PROF, &none, NULL) == 0);
}

/* ---- calls in progress when a file's first map is made: it shows their effects ---- */
#define OPENERS 4
#define PART	(256 << 10)

static struct {
	char name[4096], *buf[OPENERS];
	int fd[OPENERS], last[OPENERS];
	volatile int stop;
} race;

static void *opens(void *arg)
{
	int *f = &race.fd[(intptr_t)arg];

	for (*f = -1; !race.stop || *f < 0;) {
		close(*f);
		*f = open(race.name, O_RDWR | O_TRUNC);
	}
	return NULL;
}

/* Keeps the file busy: the others wait for it inside their calls. */
static void *zeroes(void *arg)
{
	int f = open(race.name, O_RDWR);
	char *b = calloc(1, PART);

	while (!race.stop) {
		CHECK(pwrite(f, b, PART, OPENERS * PART) == PART);
		fallocate(f, FALLOC_FL_ZERO_RANGE, OPENERS * PART, 4 * PART);
		if (arg)
			fsync(f);
	}
	free(b);
	close(f);
	return NULL;
}

static void *writes(void *arg)
{
	intptr_t n = (intptr_t)arg;
	int f = open(race.name, O_RDWR | (n & 1 ? O_DIRECT : 0)), k = 0;

	do {
		memset(race.buf[n], ++k % 250 + 1, PART);
		CHECK(pwrite(f, race.buf[n], PART, n * PART) == PART);
	} while (!race.stop);
	race.last[n] = k % 250 + 1;
	close(f);
	return NULL;
}

/* A first map of a new file, made while threads use the file. *f is its fd, and the threads have
 * ended. */
static char *map_amid(void *(*thread)(void *), int i, int *f)
{
	pthread_t t[OPENERS + 2];
	char *m;

	snprintf(race.name, sizeof(race.name), "%.4000s/race.%d.%d", dir, getpid(), i);
	race.stop = 0;
	*f = open(race.name, O_RDWR | O_CREAT, 0600);
	CHECK(*f >= 0 && ftruncate(*f, 2 * OPENERS * PART) == 0);
	for (intptr_t n = 0; n < OPENERS + 2; n++)
		CHECK(!pthread_create(&t[n], NULL, n < OPENERS ? thread : zeroes,
				      (void *)(n < OPENERS ? n : n - OPENERS)));
	usleep(2000 + i % 16 * 200); /* at any point of their calls */
	race.stop = 1;
	m = mmap(NULL, 2 * OPENERS * PART, PROT_READ | PROT_WRITE, MAP_SHARED, *f, 0);
	for (int n = 0; n < OPENERS + 2; n++)
		pthread_join(t[n], NULL);
	CHECK(m != MAP_FAILED);
	return m;
}

static void map_gone(char *m, int f)
{
	munmap(m, 2 * OPENERS * PART);
	CHECK(ftruncate(f, 0) == 0); /* a domain keeps it until this process ends */
	close(f);
	unlink(race.name);
}

static void opening(void)
{
	for (int i = 0; i < 100 && !check_failed; i++) {
		int f;
		char *m = map_amid(opens, i, &f);

		CHECK(ftruncate(f, 2 * OPENERS * PART) == 0);
		for (int n = 0; n < OPENERS && m != MAP_FAILED; n++) {
			char c = 'a' + n;

			CHECK(pwrite(race.fd[n], &c, 1, n * PG) == 1 && m[n * PG] == c);
			close(race.fd[n]);
		}
		map_gone(m, f);
	}
}

static void writing(void)
{
	char *b = malloc(PART);

	for (int n = 0; n < OPENERS; n++)
		CHECK(!posix_memalign((void **)&race.buf[n], PG, PART));
	for (int i = 0; i < 150 && !check_failed; i++) {
		int f;
		char *m = map_amid(writes, i, &f);

		for (int n = 0; n < OPENERS && m != MAP_FAILED; n++) {
			CHECK(pread(f, b, PART, n * PART) == PART && *b == (char)race.last[n] &&
			      !memcmp(b, b + 1, PART - 1));
			CHECK(!memcmp(b, m + n * PART, PART));
		}
		map_gone(m, f);
	}
	for (int n = 0; n < OPENERS; n++)
		free(race.buf[n]);
	free(b);
}

int main(int argc, char **argv)
{
	static const struct check_case all[] = {{"contents", contents},
						{"beyond", beyond},
						{"written", written},
						{"errors", errors},
						{"follows", follows},
						{"stored", stored},
						{"left", left},
						{"executed", executed},
						{"large", large},
						{"often", often},
						{"opening", opening},
						{"writing", writing},
						{0}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(dir, sizeof(dir), "%s", argc > 1 ? argv[1] : ".");
	snprintf(path, sizeof(path), "%.4000s/maps.%d", dir, getpid());
	for (int i = 0; i < SIZE; i++)
		want[i] = i * 11 + i / 256 + 1;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && pwrite(fd, want, SIZE, 0) == SIZE);
	if (fd >= 0)
		run_cases_here(all, argc > 3 ? argv[3] : NULL, 120);
	unlink(path);
	printf("maps: %s\n", check_failed ? "FAILED" : "ok");
	return check_failed;
}
