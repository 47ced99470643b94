/* SPDX-License-Identifier: MIT */
/*
 * trap.c: handles SIGSYS of Syscall User Dispatch, for system calls that don't come from a
 * rewritten site. The interrupted context continues in the site's stub, so no call completes inside
 * a signal handler.
 */
#include "hook/hook.h"

void sd_sigsys(int sig, struct sd_siginfo *si, struct sd_ucontext *uc)
{
	if (si->sys.arch != AUDIT_ARCH_X86_64)
		sd_die(sd_exe_path,
		       "made a 32-bit system call (int $0x80), which the hook can't take over",
		       "run it without kdom");

	u64 sync = SYNC_BITS;

	if (uc->mask & SYNC_BITS) /* a probe of the site's bytes may fault */
		sys(__NR_rt_sigprocmask, SIG_UNBLOCK, &sync, 0, 8);

	struct sd_site *s = sd_site_find(uc->rip, uc->rax);

	uc->rcx = uc->rip;
	uc->rip = sd_stub_of(s, SD_STUB_TRAP);
}
