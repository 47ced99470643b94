// SPDX-License-Identifier: MIT
/*
 * Faults of the vCPU. A user copy that hits a bad address has a fixup in the kernel side's
 * exception table; anything else is an Oops: one line, and the process dies of the signal, which
 * the supervisor sees.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
	sd_machine_puts(line, n);
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
	signal(sig, SIG_DFL);
	raise(sig);
	sd_machine_halt(139);
}

void faults_init(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	stack_t stack = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
	struct sigaction act = {.sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}
