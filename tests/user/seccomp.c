// SPDX-License-Identifier: GPL-2.0
// seccomp.c: programs that install a seccomp filter: their own SIGSYS arrives, refused calls are
// refused, and strict mode works, hooked as natively.
#define _GNU_SOURCE
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int trapped, trapped_nr;

static void on_sys(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	trapped++;
	trapped_nr = si->si_syscall;
	CHECK(si->si_code == 1 /* SYS_SECCOMP */ && si->si_arch == AUDIT_ARCH_X86_64);
	uc->uc_mcontext.gregs[REG_RAX] = -ENOTTY;
}

/* uname: SIGSYS; sethostname: EPERM; all else allowed. */
static int filtered(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = {sizeof(f) / sizeof(f[0]), f};
	struct sigaction sa = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	struct utsname u;

	CHECK(sigaction(SIGSYS, &sa, NULL) == 0);
	CHECK(uname(&u) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(uname(&u) == -1 && errno == ENOTTY);
	CHECK(trapped == 3 && trapped_nr == SYS_uname);
	CHECK(sethostname("x", 1) == -1 && errno == EPERM);
	CHECK(getppid() > 0 && alarm(0) == 0); /* a site that wasn't called before */
	pid_t pid = fork();
	if (!pid)
		_exit(uname(&u) == -1 && errno == ENOTTY ? 3 : 4);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	return check_failed;
}

static int strict(void)
{
	char c;
	int p[2];

	if (pipe(p) || write(p[1], "s", 1) != 1)
		return 1;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 2;
	if (read(p[0], &c, 1) != 1 || write(p[1], "t", 1) != 1)
		syscall(SYS_exit, 3);
	syscall(SYS_exit, 9);
	return 4;
}

static int run(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int strict_violated(void)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	return getppid();
}

int main(void)
{
	CHECK(run(filtered) == 0);
	CHECK(run(strict) == 9);
	CHECK(run(strict_violated) == -SIGKILL);
	puts(check_failed ? "seccomp: FAILED" : "seccomp: ok");
	return check_failed;
}
