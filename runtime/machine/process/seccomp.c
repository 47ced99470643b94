// SPDX-License-Identifier: MIT
/*
 * The rights a domain process gives up. rights_drop(): at the start, before any thread: all
 * capabilities, and the way back to them. seccomp_enter(): when booted, for all threads: only the
 * calls below; any other is SIGSYS, an Oops (fault.c). Devices get their fds opened by the
 * supervisor, so nothing here opens anything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

static const int allowed[] = {
	SYS_futex,   SYS_clock_gettime, SYS_read,	  SYS_write,	      SYS_writev,
	SYS_recvmsg, SYS_sendmsg,	SYS_munmap,	  SYS_close,	      SYS_sched_yield,
	SYS_getcpu,  SYS_rt_sigreturn,	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_gettid,
	SYS_getpid,  SYS_tgkill,	SYS_exit,	  SYS_exit_group,     SYS_restart_syscall,
};

#define NALLOWED   (sizeof(allowed) / sizeof(allowed[0]))
#define NEXTRA_MAX 16

static int extra[NEXTRA_MAX]; /* what the devices that are there need */
static size_t nextra;

void seccomp_allow(const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < nextra && extra[at] != calls[i])
			at++;
		if (at == NEXTRA_MAX)
			die("seccomp: devices need more than %d calls of their own", NEXTRA_MAX);
		extra[at] = calls[i];
		if (at == nextra)
			nextra++;
	}
}

void rights_drop(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs: %s; the host kernel is too old", strerror(errno));
	if (syscall(SYS_capset, &head, none))
		die("giving up capabilities: %s", strerror(errno));
}

/* mmap only maps what can't be run; the rest by number. */
void seccomp_enter(void)
{
	struct sock_filter prog[NALLOWED + NEXTRA_MAX + 16];
	struct sock_fprog fprog = {.filter = prog};
	size_t n = 0, total = NALLOWED + nextra;

	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	prog[n++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < total; i++)
		prog[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, i < NALLOWED ? allowed[i] : extra[i - NALLOWED],
			total - i + 3, 0);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 2);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[2]));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	fprog.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &fprog))
		die("seccomp: %s; the host kernel needs CONFIG_SECCOMP_FILTER", strerror(errno));
}
