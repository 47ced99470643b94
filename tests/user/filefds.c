// SPDX-License-Identifier: GPL-2.0
// filefds DIR: open files: shared over fork and exec, locked, waited for, renumbered. See
// transcript.h.
#define _GNU_SOURCE
#include "transcript.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>

static char buf[65536];
static int shared, keep, gone;
static struct stat st;

static void read_on(void)
{
	T(read(shared, buf, 3));
	out("%.3s\n", buf);
}

static void offsets(void)
{
	int two;

	put(p("/o"), "abcdefghijklmnopqrstuvwxyz");
	shared = FD(open(p("/o"), O_RDWR));
	read_on();
	in_child(read_on);
	read_on();
	two = FD(dup(shared));
	T(lseek(two, 20, SEEK_SET));
	read_on();
	T(dup2(two, 100));
	T(lseek(100, -2, SEEK_END));
	read_on();
	T(close(two));
	T(close(100));
	T(lseek(shared, 0, SEEK_CUR));
	T(lseek(shared, -1, SEEK_SET));
	T(pread(shared, buf, 5, 10));
	T(pwrite(shared, "12345", 5, 10));
	T(ftruncate(shared, 12));
	T(fstat(shared, &st));
	out("%ld\n", (long)st.st_size);
	out("%s\n", get(p("/o")));
	T(dup2(1, shared)); /* a host fd over a domain fd ... */
	T(fstat(shared, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 12);
	shared = FD(open(p("/o"), O_RDONLY));
	two = open("/dev/null", O_RDONLY);
	T(dup2(shared, two) == two); /* ... and the other way round */
	T(read(two, buf, 100));
	close(two);
	close(shared);
}

static void append(void)
{
	for (int i = 0; i < 500; i++)
		if (write(shared, "0123456789", 10) != 10)
			out("short\n");
}

static void appending(void)
{
	pid_t kid;

	shared = FD(open(p("/append"), O_WRONLY | O_APPEND | O_CREAT, 0644));
	kid = fork();
	append();
	if (!kid)
		_exit(0);
	waitpid(kid, NULL, 0);
	shared = FD(open(p("/append"), O_WRONLY | O_APPEND));
	append();
	T(fstat(shared, &st));
	out("%ld\n", (long)st.st_size);
	T(fcntl(shared, F_GETFL) & (O_ACCMODE | O_APPEND));
	T(fcntl(shared, F_SETFL, 0));
	T(fcntl(shared, F_GETFL) & (O_ACCMODE | O_APPEND));
	close(shared);
}

static int lock(int fd, int cmd, int type, int from, int len)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len};
	int r = fcntl(fd, cmd, &l);

	if (r == 0 && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		out("type %d start %ld len %ld\n", l.l_type, (long)l.l_start, (long)l.l_len);
	return r;
}

static void try_locks(void)
{
	int mine = open(p("/lock"), O_RDWR);

	T(lock(shared, F_SETLK, F_WRLCK, 0, 10));
	T(lock(shared, F_SETLK, F_WRLCK, 10, 10));
	T(lock(mine, F_GETLK, F_RDLCK, 0, 0));
	T(flock(mine, LOCK_EX | LOCK_NB));
	T(flock(shared, LOCK_EX | LOCK_NB)); /* inherited: the same open file */
	T(lock(mine, F_OFD_SETLK, F_WRLCK, 40, 10));
	T(lock(shared, F_OFD_SETLK, F_WRLCK, 40, 10));
}

static void wait_for_lock(void)
{
	int fd = open(p("/lock"), O_RDWR);

	T(lock(fd, F_SETLKW, F_WRLCK, 0, 10));
	T(flock(fd, LOCK_EX));
}

static void locks(void)
{
	pid_t kid;
	int fd;

	put(p("/lock"), "x");
	shared = FD(open(p("/lock"), O_RDWR));
	T(lock(shared, F_SETLK, F_WRLCK, 0, 10));
	T(flock(shared, LOCK_EX));
	T(lock(shared, F_OFD_SETLK, F_WRLCK, 40, 10));
	in_child(try_locks);
	kid = fork();
	if (!kid) {
		close(shared);
		wait_for_lock();
		_exit(0);
	}
	usleep(100000);
	out("unlocking\n");
	T(flock(shared, LOCK_UN));
	fd = open(p("/lock"), O_RDONLY);
	close(fd); /* any close of the file drops the process's record locks */
	waitpid(kid, NULL, 0);
	close(shared);
}

static void *blocked_lock(void *arg)
{
	int fd = open(p("/lock2"), O_RDWR);

	flock(fd, LOCK_EX);
	close(fd);
	return arg;
}

/* A thread that waits for a lock doesn't block others in the domain. */
static void threads(void)
{
	pthread_t t;
	int fd;

	put(p("/lock2"), "x");
	fd = open(p("/lock2"), O_RDWR);
	T(flock(fd, LOCK_EX));
	pthread_create(&t, NULL, blocked_lock, NULL);
	usleep(50000);
	out("%s\n", get(p("/lock2")));
	close(fd);
	T(pthread_join(t, NULL));
}

static void waiting(void)
{
	int fd = FD(open(p("/w"), O_RDWR | O_CREAT, 0644)), ep = epoll_create1(0), pipes[2];
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd pf[2];
	struct termios tio;
	struct winsize ws;
	fd_set set;

	T(pipe(pipes));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_DEL, fd, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &ev));
	pf[0] = (struct pollfd){fd, POLLIN | POLLOUT, 0};
	pf[1] = (struct pollfd){pipes[0], POLLIN, 0};
	T(poll(pf, 2, -1));
	out("%x %x\n", pf[0].revents, pf[1].revents);
	T(poll(pf, 1, 0));
	FD_ZERO(&set);
	FD_SET(fd, &set);
	T(select(fd + 1, &set, NULL, NULL, NULL));
	T(isatty(fd));
	T(ioctl(fd, TCGETS, &tio));
	T(ioctl(fd, TIOCGWINSZ, &ws));
	T(ioctl(fd, FIONREAD, buf) == 0 ? *(int *)buf : -1);
	T(fcntl(fd, F_GETFD));
	T(ioctl(fd, FIOCLEX));
	T(fcntl(fd, F_GETFD));
	T(getpeername(fd, (void *)buf, &(socklen_t){16}));
	T(listen(fd, 1));
	T(send(fd, "x", 1, 0));
	T(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, buf, 4));
	close(fd);
	close(ep);
}

static void numbers(void)
{
	int fd = FD(open(p("/n"), O_RDWR | O_CREAT, 0644)), dfd;
	char link[64];
	ssize_t n;

	T(write(fd, "contents", 8));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	out("%s\n", buf);
	out("%s\n", get(link));
	snprintf(link, sizeof(link), "/dev/fd/%d", fd);
	out("%s\n", get(link));
	T(stat(link, &st));
	out("%o %ld\n", st.st_mode, (long)st.st_size);
	T(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	dfd = FD(open(base, O_RDONLY | O_DIRECTORY));
	snprintf(link, sizeof(link), "/proc/self/fd/%d/n", dfd);
	out("%s\n", get(link));
	T(dup2(fd, 0));
	out("%s\n", get("/dev/stdin"));
	T(fcntl(fd, F_DUPFD_CLOEXEC, 500));
	T(fcntl(500, F_GETFD));
	T(close(500));
	T(close(500));
	T(close_range(400, ~0u, 0));
	T(write(open(p("/n"), O_RDONLY), "x", 1));
	T(read(open(p("/n"), O_WRONLY), buf, 1));
	T(read(dfd, buf, 1));
	T(write(999, "x", 1));
	T(fsync(fd));
	T(fdatasync(fd));
	close(dfd);
	for (int i = 0; i < 300; i++)
		if (open(p("/n"), O_RDONLY | O_CLOEXEC) < 0)
			out("%d: %s\n", i, strerrorname_np(errno));
	T(close_range(3, ~0u, 0));
	T(fstat(fd, &st));
}

static void sizes(void)
{
	struct iovec v[3] = {{buf, 100}, {buf + 1000, 20000}, {buf + 30000, 7}};
	long long big = 5ll << 30;
	char *block = malloc(3 << 20);
	int fd = FD(open(p("/big"), O_RDWR | O_CREAT | O_TRUNC, 0644));

	for (int i = 0; i < 3 << 20; i++)
		block[i] = i * 7 + (i >> 8);
	T(write(fd, block, 3 << 20));
	memset(block, 0, 3 << 20);
	T(lseek(fd, 0, SEEK_SET));
	for (int got = 0, n; got < 3 << 20; got += n)
		if ((n = read(fd, block + got, 1 << 20)) <= 0)
			break;
	int wrong = 0;
	for (int i = 0; i < 3 << 20; i++)
		wrong += block[i] != (char)(i * 7 + (i >> 8));
	out("wrong %d\n", wrong);
	T(pwrite(fd, "end", 3, big));
	T(fstat(fd, &st));
	out("%lld\n", (long long)st.st_size);
	T(pread(fd, buf, 10, big - 3));
	T(lseek(fd, 4 << 20, SEEK_DATA) == big);
	T(lseek(fd, 0, SEEK_HOLE));
	T(writev(fd, v, 3));
	T(preadv(fd, v, 3, 0));
	T(ftruncate(fd, 10));
	T(readv(fd, v, 3));
	T(posix_fallocate(fd, 0, 100000));
	T(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	T(write(fd, (void *)8, 10));
	T(pread(fd, (void *)8, 10, 0));
	free(block);
	close(fd);
}

/* The program after exec: checks what it inherited. */
static int executed(char **argv)
{
	int here = atoi(argv[3]), not_here = atoi(argv[4]);

	out("exe %d\n", readlink("/proc/self/exe", buf, sizeof(buf)) > 0);
	out("cwd %s\n", getcwd(buf, sizeof(buf)));
	out("%s", get("rel"));
	T(read(here, buf, 5));
	out("%.5s\n", buf);
	T(fcntl(here, F_GETFD));
	T(fcntl(not_here, F_GETFD));
	return 0;
}

static void exec_self(void)
{
	char a[16], b[16];

	sprintf(a, "%d", keep);
	sprintf(b, "%d", gone);
	T(execl("/proc/self/exe", "filefds", base, "executed", a, b, NULL));
}

static void over_exec(void)
{
	put(p("/e"), "0123456789");
	put(p("/rel"), "relative\n");
	T(chdir(base));
	keep = FD(open("e", O_RDONLY));
	gone = FD(open("e", O_RDONLY | O_CLOEXEC));
	T(read(keep, buf, 3));
	in_child(exec_self);
	T(read(keep, buf, 2));
	out("%.2s\n", buf);
	T(fcntl(gone, F_SETFD, 0));
	T(fcntl(keep, F_SETFD, FD_CLOEXEC));
	int swap = keep;
	keep = gone;
	gone = swap;
	in_child(exec_self);
	T(chdir("/"));
}

int main(int argc, char **argv)
{
	base = argv[argc > 1];
	if (argc > 3)
		return executed(argv);
	offsets();
	appending();
	locks();
	threads();
	waiting();
	sizes();
	over_exec();
	numbers();
	return 0;
}
