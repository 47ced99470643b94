// SPDX-License-Identifier: MIT
/*
 * Faults of the vCPU. A user copy that hits a bad address has a fixup in the kernel side's
 * exception table; anything else is an Oops: one line, and the process dies of the signal, which
 * the supervisor sees.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "process.h"

static uint8_t alt_stack[32768];

static void oops(int sig, siginfo_t *info, unsigned long ip)
{
	const char *comm;
	char line[256];
	int pid, n;

	sd_describe(&comm, &pid);
	if (sig == SIGSYS)
		n = snprintf(line, sizeof(line),
			     "Oops: system call %d is not allowed at ip %#lx in %s/%d\n",
			     info->si_syscall, ip, comm, pid);
	else
		n = snprintf(line, sizeof(line),
			     "Oops: %s at address %p, ip %#lx (sd_start+%#lx) in %s/%d\n",
			     sigabbrev_np(sig), info->si_addr, ip, ip - (unsigned long)sd_start,
			     comm, pid);
	console_last(line, n);
}

/*
 * Dies of sig, whose handler runs, so that it is blocked: what the CPU raises then ends the process
 * whatever handlers there are, pid 1 of a namespace too. It needs no right to send signals.
 */
static void die_of(int sig)
{
	switch (sig) {
	case SIGSEGV:
		__asm__ volatile("movb $0, (%0)" ::"r"(1UL << 63) : "memory");
		break;
	case SIGBUS: /* alignment check */
		__asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%%rsp), %%eax" ::
					 : "rax", "memory", "cc");
		break;
	case SIGILL:
		__asm__ volatile("ud2");
		break;
	case SIGFPE:
		__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" ::: "rax", "rcx", "rdx", "cc");
		break;
	case SIGTRAP:
		__asm__ volatile("int3");
		break;
	case SIGSYS:
		syscall(SYS_seccomp); /* KILL, in seccomp.c */
		break;
	}
	sd_machine_halt(128 + sig);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned long to = 0;

	if (sig == SIGSEGV || sig == SIGBUS)
		to = sd_fixup(regs[REG_RIP]);
	if (to) {
		regs[REG_RIP] = to;
		return;
	}
	oops(sig, info, regs[REG_RIP]);
	die_of(sig);
}

void faults_init(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	stack_t stack = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}
