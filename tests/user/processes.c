// SPDX-License-Identifier: GPL-2.0
// vfork, posix_spawn, clone with shared memory, execveat, a failing exec, exec from a thread.
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *const no_env[] = {NULL};

static int reap(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void vforks(void)
{
	char *argv[] = {"sh", "-c", "exit 12", NULL};
	volatile int local = 5;
	pid_t pid;

	for (int i = 0; i < 50; i++) {
		pid = vfork();
		if (!pid) {
			execve("/bin/sh", argv, no_env);
			_exit(1);
		}
		CHECK(pid > 0 && local == 5 && reap(pid) == 12);
		pid = vfork();
		if (!pid) {
			local = 6;
			execve("/nonexistent", argv, no_env);
			_exit(errno == ENOENT ? 33 : 1);
		}
		CHECK(reap(pid) == 33 && local == 6);
		local = 5;
		pid = vfork();
		if (!pid) {
			signal(SIGTERM, SIG_IGN); /* a child's own action, not the parent's */
			kill(getpid(), SIGKILL);
		}
		CHECK(reap(pid) == -SIGKILL);
		struct sigaction sa;
		CHECK(sigaction(SIGTERM, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);
	}
}

static void spawns(void)
{
	char *argv[] = {"sh", "-c", "exit 3", NULL}, *bad[] = {"x", NULL};
	pid_t pid;

	for (int i = 0; i < 50; i++) {
		CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0 &&
		      reap(pid) == 3);
		CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, bad, environ) == ENOENT);
		CHECK(posix_spawn(&pid, "/etc/passwd", NULL, NULL, bad, environ) == EACCES);
		CHECK(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) == 0 && reap(pid) == 3);
	}
	CHECK(system("exit 4") == 4 << 8);
	CHECK(execve("/etc", argv, no_env) == -1 && errno == EACCES);
	CHECK(execve("", argv, no_env) == -1 && errno == ENOENT);
	CHECK(execve("/etc/passwd/x", argv, no_env) == -1 && errno == ENOTDIR);
}

static volatile int shared;

static int clone_fn(void *arg)
{
	shared = *(int *)arg;
	getppid();
	usleep(1000);
	return 21;
}

static void shared_memory_children(void)
{
	int stack_size = 65536, v = 99;
	char *stack =
		mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	for (int i = 0; i < 20; i++) {
		shared = 0;
		pid = clone(clone_fn, stack + stack_size, CLONE_VM | SIGCHLD, &v);
		CHECK(pid > 0 && reap(pid) == 21 && shared == 99);
		shared = 0;
		pid = clone(clone_fn, stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, &v);
		CHECK(pid > 0 && shared == 99 && reap(pid) == 21);
		shared = 0;
		pid = clone(clone_fn, stack + stack_size, SIGCHLD,
			    &v); /* a copy, on another stack */
		CHECK(pid > 0 && reap(pid) == 21 && shared == 0);
	}
	struct {
		unsigned long long flags, pidfd, ctid, ptid, sig, stack, size, tls;
	} a = {.sig = SIGCHLD};

	pid = syscall(SYS_clone3, &a, sizeof(a));
	if (!pid)
		_exit(8);
	CHECK(reap(pid) == 8);
	CHECK(syscall(SYS_clone3, &a, 8) == -1 && errno == EINVAL);
	munmap(stack, stack_size);
}

static void execveats(void)
{
	char *argv[] = {"sh", "-c", "exit 6", NULL};
	int dir = open("/bin", O_PATH | O_CLOEXEC), sh = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		syscall(SYS_execveat, dir, "sh", argv, no_env, 0);
		_exit(1);
	}
	CHECK(reap(pid) == 6);
	pid = fork();
	if (!pid) {
		fexecve(sh, argv, no_env);
		_exit(1);
	}
	CHECK(reap(pid) == 6);
	CHECK(syscall(SYS_execveat, dir, "", argv, no_env, 0) == -1 && errno == ENOENT);
	CHECK(syscall(SYS_execveat, dir, "nope", argv, no_env, 0) == -1 && errno == ENOENT);
	CHECK(syscall(SYS_execveat, dir, "sh", argv, no_env, 0x77777) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_execveat, 999, "sh", argv, no_env, 0) == -1 && errno == EBADF);
	/* no descriptor is left open by any of these */
	int fd = dup(0);
	CHECK(fd == sh + 1);
	close(fd);
	close(sh);
	close(dir);
}

static void *exec_thread(void *arg)
{
	char *argv[] = {"sh", "-c", "exit 14", NULL};

	execve("/bin/sh", argv, no_env);
	return NULL;
}

static void *leave(void *arg)
{
	return arg;
}

static void thread_exec_and_churn(void)
{
	pid_t pid = fork();
	pthread_t t;

	if (!pid) {
		pthread_create(&t, NULL, exec_thread, NULL);
		pause();
	}
	CHECK(reap(pid) == 14);
	for (int i = 0; i < 3000; i++) {
		void *r;

		CHECK(pthread_create(&t, NULL, leave, (void *)7) == 0);
		pthread_join(t, &r);
		CHECK(r == (void *)7);
	}
}

/* `mov $39, %eax; syscall` whose mov starts exactly at a page, with nothing before it. */
static void page_edge(void)
{
	static const unsigned char code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, 4096, PROT_NONE);
	for (int off = -7; off <= 0; off++) { /* over the page's end, to its start */
		mprotect(p + 4096, 8192, PROT_READ | PROT_WRITE);
		memcpy(p + 8192 + off, code, sizeof(code));
		mprotect(p + 4096, 8192, PROT_READ | PROT_EXEC);
		for (int i = 0; i < 3; i++)
			CHECK(((int (*)(void))(p + 8192 + off))() == getpid());
	}
	mprotect(p + 4096, 8192, PROT_READ | PROT_WRITE);
	memcpy(p + 4096, code, sizeof(code));
	mprotect(p + 4096, 4096, PROT_READ | PROT_EXEC);
	for (int i = 0; i < 3; i++)
		CHECK(((int (*)(void))(p + 4096))() == getpid());
	memset(p + 8192, 0x90, 64);
	memcpy(p + 8192, code + 5,
	       3); /* a bare syscall at a page's start, nothing readable before it */
	mprotect(p + 4096, 4096, PROT_NONE);
	mprotect(p + 8192, 4096, PROT_READ | PROT_EXEC);
	long ret;
	asm volatile("call *%1" : "=a"(ret) : "r"(p + 8192), "a"(39L) : "rcx", "r11", "memory");
	CHECK(ret == getpid());
	munmap(p, 3 * 4096);
}

int main(void)
{
	vforks();
	spawns();
	shared_memory_children();
	execveats();
	thread_exec_and_churn();
	page_edge();
	puts(check_failed ? "processes: FAILED" : "processes: ok");
	return check_failed;
}
