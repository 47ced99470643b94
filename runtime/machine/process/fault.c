// SPDX-License-Identifier: MIT
/*
 * fault.c: faults of the vCPU. A user copy that hits a bad address has a fixup in the kernel side's
 * exception table; anything else is an Oops: it prints a line and the callers, and the process dies
 * of the signal, which the supervisor reports.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "process.h"

#define CALLERS_MAX 24

static uint8_t alt_stack[32768];

/* The callers, in the form of the kernel's own call traces (arch/sd/kernel/traps.c). */
static size_t put_callers(char *to, size_t size, const long *at, int n)
{
	size_t len = 0;

	for (int i = 0; i < n && len < size; i++)
		len += snprintf(to + len, size - len, "  _text%c%#lx\n", at[i] < 0 ? '-' : '+',
				labs(at[i]));
	return len < size ? len : size;
}

static void fault_oops(int sig, siginfo_t *info, const greg_t *regs)
{
	unsigned long ip = regs[REG_RIP];
	long at[CALLERS_MAX];
	int n = sd_callers(ip, regs[REG_RSP], regs[REG_RBP], at, CALLERS_MAX), pid, len;
	char what[128], text[1024];
	const char *comm;

	sd_describe(&comm, &pid);
	if (sig == SIGSYS)
		snprintf(what, sizeof(what), "system call %d is not allowed at", info->si_syscall);
	else
		snprintf(what, sizeof(what), "%s at address %p,", sigabbrev_np(sig), info->si_addr);
	len = snprintf(text, sizeof(text), "Oops: %s ip %#lx in %s/%d (_text%c%#lx)\n", what, ip,
		       comm, pid, at[0] < 0 ? '-' : '+', labs(at[0]));
	len += put_callers(text + len, sizeof(text) - len, at + 1, n - 1);
	machine_console_last(text, len);
}

/*
 * Dies of sig in its own handler, where it is blocked: a blocked fault ends the process, even pid 1
 * of a namespace. So no permission to send signals is needed.
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
	machine_halt(128 + sig);
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
	fault_oops(sig, info, regs);
	die_of(sig);
}

void machine_faults_init(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	stack_t stack = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}
