// SPDX-License-Identifier: GPL-2.0
/*
 * captured [-s] PID [NR[,ARG...]]...: runs code inside a domain process: makes its first thread
 * execute these system calls, one after the other, as an attacker's code would. Needs root. Prints
 * a line for each:
 *   result N        it was made, and returned that
 *   signal N        it ended the process; later calls aren't made. With "caught" where a
 *                   handler ran before
 * ARG is a number, @TEXT (an address where that text lies) or % (an address of 32 KiB of its code).
 * -s suspends its seccomp filter, to see what else holds. NR may be N*NR for N calls; then the
 * line is "sum N" of the results that aren't negative.
 *
 * captured spin PID: from now on all its threads do nothing but run.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define BELOW 3072 /* offset of texts below the stack pointer */

static pid_t pid;
static struct user_regs_struct regs;
static long put_off = -1; /* the call that it was about to make, restored when we leave */

static void fail(const char *what)
{
	fprintf(stderr, "captured: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int await(void)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		fail("waitpid");
	return status;
}

static void resume(int how, int sig)
{
	if (ptrace(how, pid, 0, sig))
		fail("ptrace: resume");
}

static int at_syscall(void)
{
	long word;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		fail("ptrace: registers");
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, regs.rip - 2, 0);
	return !errno && (word & 0xffff) == 0x050f;
}

/* Stopped at the entry of a call: a number that we set now would be that call's. It makes a
 * harmless one, and its own when we leave. */
static void skip_call(void)
{
	struct user_regs_struct r = regs;

	put_off = regs.orig_rax;
	r.orig_rax = SYS_sched_yield;
	if (ptrace(PTRACE_SETREGS, pid, 0, &r))
		fail("ptrace: registers");
	resume(PTRACE_SYSCALL, 0);
	if (!WIFSTOPPED(await()) || !at_syscall())
		fail("it didn't come back from a call");
}

/* Stops it just after a syscall instruction, outside a call. */
static void attach(int options)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, options))
		fail(options ? "ptrace: seize, without its seccomp" : "ptrace: seize");
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		fail("ptrace: interrupt");
	await();
	for (int i = 0; !at_syscall(); i++) {
		if (i == 100) {
			errno = EBUSY;
			fail("no system call of it is seen");
		}
		resume(PTRACE_SYSCALL, 0);
		if (!WIFSTOPPED(await()))
			fail("it ended");
		if (at_syscall() && (long)regs.rax == -ENOSYS) {
			skip_call();
			return;
		}
	}
}

static unsigned long put_text(const char *text, size_t *used)
{
	struct iovec from, to;
	size_t n = strlen(text) + 1;

	to.iov_base = (void *)(regs.rsp - BELOW + *used);
	from.iov_base = (void *)text;
	from.iov_len = to.iov_len = n;
	if (process_vm_writev(pid, &from, 1, &to, 1, 0) != (ssize_t)n)
		fail("process_vm_writev");
	*used += n;
	return (unsigned long)to.iov_base;
}

static unsigned long value(const char *arg, size_t *used)
{
	if (*arg == '@')
		return put_text(arg + 1, used);
	if (*arg == '%')
		return regs.rip & ~0xffful;
	return strtoul(arg, NULL, 0);
}

/* Waits for the end and prints its status. */
static void ended(int status, int caught)
{
	for (int i = 0; WIFSTOPPED(status) && i < 100; i++) {
		caught = 1;
		resume(PTRACE_CONT,
		       WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)); /* that is our step */
		status = await();
	}
	if (WIFSIGNALED(status))
		printf("signal %d%s\n", WTERMSIG(status), caught ? " caught" : "");
	else
		printf("status %d\n", WEXITSTATUS(status));
	exit(0);
}

static long call(char *text)
{
	struct user_regs_struct r = regs;
	unsigned long long *args[] = {&r.rax, &r.rdi, &r.rsi, &r.rdx, &r.r10, &r.r8, &r.r9};
	size_t used = 0;
	int n = 0, status;
	char *save;

	for (char *a = strtok_r(text, ",", &save); a && n < 7; a = strtok_r(NULL, ",", &save))
		*args[n++] = value(a, &used);
	while (n < 7)
		*args[n++] = 0;
	r.orig_rax = -1;
	r.rip -= 2;
	if (ptrace(PTRACE_SETREGS, pid, 0, &r))
		fail("ptrace: registers");
	resume(PTRACE_SINGLESTEP, 0);
	status = await();
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		ended(status, 0);
	if (ptrace(PTRACE_GETREGS, pid, 0, &r))
		fail("ptrace: registers");
	return r.rax;
}

static void calls(char *text)
{
	char *star = strchr(text, '*'), copy[4096];
	long n = star ? strtol(text, NULL, 0) : 1, sum = 0, r = 0;

	for (long i = 0; i < n; i++) {
		snprintf(copy, sizeof(copy), "%s", star ? star + 1 : text);
		r = call(copy);
		sum += r > 0 ? r : 0;
	}
	printf("%s %ld\n", star ? "sum" : "result", star ? sum : r);
	fflush(stdout);
}

/* Replaces the first thread's next instruction by a jump to itself, and sends all threads there. */
static void spin_thread(pid_t thread)
{
	static unsigned long at;
	struct user_regs_struct r;
	long word;

	pid = thread;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		fail("ptrace: seize a thread");
	if (!WIFSTOPPED(await()) || ptrace(PTRACE_GETREGS, pid, 0, &r))
		fail("ptrace: registers of a thread");
	if (!at) {
		at = r.rip;
		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, pid, at, 0);
		if (errno || ptrace(PTRACE_POKETEXT, pid, at, (word & ~0xffffL) | 0xfeeb))
			fail("ptrace: its code");
	}
	r.rip = at;
	r.orig_rax = -1;
	if (ptrace(PTRACE_SETREGS, pid, 0, &r) || ptrace(PTRACE_DETACH, pid, 0, 0))
		fail("ptrace: let a thread go");
}

static int spin(const char *process)
{
	char path[64];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", process);
	dir = opendir(path);
	if (!dir)
		fail(path);
	while ((e = readdir(dir)))
		if (*e->d_name != '.') {
			spin_thread(atoi(e->d_name));
			n++;
		}
	closedir(dir);
	printf("%d threads\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	int suspend = argc > 1 && !strcmp(argv[1], "-s");

	if (argc == 3 && !strcmp(argv[1], "spin"))
		return spin(argv[2]);
	if (argc < 3 + suspend) {
		fprintf(stderr, "usage: captured [-s] PID NR[,ARG...]... | captured spin PID\n");
		return 2;
	}
	pid = atoi(argv[1 + suspend]);
	attach(suspend ? PTRACE_O_SUSPEND_SECCOMP : 0);
	for (int i = 2 + suspend; i < argc; i++)
		calls(argv[i]);
	regs.orig_rax = -1; /* its call has a result, or must be restarted if it was interrupted */
	if (put_off >= 0) {
		regs.rax = put_off;
		regs.rip -= 2;
	} else if ((long)regs.rax <= -512 && (long)regs.rax >= -516) {
		regs.rax = -EINTR;
	}
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs) || ptrace(PTRACE_DETACH, pid, 0, 0))
		fail("ptrace: detach");
	return 0;
}
