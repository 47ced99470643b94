/* SPDX-License-Identifier: MIT */
/*
 * entry.S: every way between the program and the hook.
 *
 *   site --jmp--> stub i --jmp--> sd_hook_entry: registers to the thread (GS), stack = hook stack
 *        --> sd_hook() decides --> sd_exit: registers back, then one of
 *              the stub's own `syscall` with the program's registers (the host kernel's call), or
 *              the instruction after the site (complete here), or sd_edited (host call, other args).
 *
 * A signal's meaning depends only on the interrupted PC (signal.c): between sd_entry_begin/end,
 * sd_exit_begin/end and sd_edited_begin/end the program's whole state is in the thread (or still in
 * the registers), so the handler is started as if the program itself had been interrupted.
 * Anywhere else in this blob the signal is kept until the next exit. Nothing here may touch the
 * program's stack: it can be tiny, and the 128 bytes below it are in use.
 */
#include "hook/thread_offsets.h"

#define GLOBAL(n) .globl n; .hidden n; .type n, @function; n:

	.text
/* sd_jump(entry, stack): begin the program as the kernel would */
GLOBAL(sd_jump)
	mov %rdi, %rcx
	mov %rsi, %rsp
	xor %eax, %eax
	xor %ebx, %ebx
	xor %edx, %edx
	xor %esi, %esi
	xor %edi, %edi
	xor %ebp, %ebp
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	xor %r12d, %r12d
	xor %r13d, %r13d
	xor %r14d, %r14d
	xor %r15d, %r15d
	jmp *%rcx

/* ---- the stubs: constant code, one record each in sd_site[] ---- */
	.balign 64
GLOBAL(sd_stubs)
	.set i, 0
	.rept SD_SITES
	.balign SD_STUB_SIZE
	mov sd_site + i * S_SIZE + S_NR(%rip), %eax	/* 0: from a rewritten site */
	lea sd_site + i * S_SIZE(%rip), %rcx		/* 6: from a trapped one */
	.byte 0xe9					/* jmp rel32: fixed size */
	.long sd_hook_entry - . - 4
	syscall						/* 18: the host's call */
	jmp *sd_site + i * S_SIZE + S_RET(%rip)
	.set i, i + 1
	.endr
GLOBAL(sd_stubs_end)

/* ---- entry: rcx = the site's record, rax = number, the rest is the program's ---- */
	.balign 64
GLOBAL(sd_entry_begin)
GLOBAL(sd_hook_entry)
	lea sd_syscall_flags(%rip), %r11
	cmp $SD_NSYSCALLS, %rax
	jae 1f
	cmpb $0, (%r11, %rax)
	jne 1f
	cmpl $0, %gs:T_LOOK
	jne 1f
	jmp *S_SYS(%rcx)	/* always the host's */
1:	mov %rax, %gs:R_RAX
	mov %rbx, %gs:R_RBX
	mov %rdx, %gs:R_RDX
	mov %rsi, %gs:R_RSI
	mov %rdi, %gs:R_RDI
	mov %rbp, %gs:R_RBP
	mov %rsp, %gs:R_RSP
	mov %r8, %gs:R_R8
	mov %r9, %gs:R_R9
	mov %r10, %gs:R_R10
	mov %r12, %gs:R_R12
	mov %r13, %gs:R_R13
	mov %r14, %gs:R_R14
	mov %r15, %gs:R_R15
	mov %rcx, %gs:T_SITE
	mov %gs:T_STACK, %rsp
GLOBAL(sd_entry_end)
	mov %gs:T_SELF, %rdi
	call sd_hook
GLOBAL(sd_exit)
	mov %gs:R_RSP, %rsp
GLOBAL(sd_exit_begin)
	cmpl $0, %gs:T_SLOW
	jne sd_exit_slow
	mov %gs:R_RAX, %rax
	mov %gs:R_RBX, %rbx
	mov %gs:R_RDX, %rdx
	mov %gs:R_RSI, %rsi
	mov %gs:R_RDI, %rdi
	mov %gs:R_RBP, %rbp
	mov %gs:R_R8, %r8
	mov %gs:R_R9, %r9
	mov %gs:R_R10, %r10
	mov %gs:R_R12, %r12
	mov %gs:R_R13, %r13
	mov %gs:R_R14, %r14
	mov %gs:R_R15, %r15
	mov %gs:T_RET, %rcx
	jmp *%gs:T_EXIT_RIP
GLOBAL(sd_exit_end)

/*
 * There are kept signals, or a mask to restore: queue the signals with everything blocked, then
 * unblock at an address that counts as the program, on the program's stack.
 */
sd_exit_slow:
	mov %gs:T_STACK, %rsp
	mov %gs:T_SELF, %rdi
	call sd_exit_prepare	/* T_SLOW = 0, T_RESUME_MASK set */
	mov %gs:R_RSP, %rsp
GLOBAL(sd_unmask_begin)
	mov $14, %eax		/* rt_sigprocmask(SIG_SETMASK, resume_mask, 0, 8) */
	mov $2, %edi
	mov %gs:T_SELF, %rsi
	lea T_RESUME_MASK(%rsi), %rsi
	xor %edx, %edx
	mov $8, %r10d
	syscall
	mov %gs:T_MASK_NEXT, %eax
	mov %eax, %gs:T_MASKED
	jmp sd_exit_begin
GLOBAL(sd_unmask_end)

/* ---- a host call with other arguments: the program's registers return afterwards ---- */
GLOBAL(sd_edited_begin)
GLOBAL(sd_edited)
	mov %gs:T_EDIT, %rdi
	mov %gs:T_EDIT+8, %rsi
	mov %gs:T_EDIT+16, %rdx
	mov %gs:T_EDIT+24, %r10
	mov %gs:T_EDIT+32, %r8
	mov %gs:T_EDIT+40, %r9
	mov %gs:T_EDIT_NR, %rax
	syscall
GLOBAL(sd_edited_done)
	mov %gs:R_RDX, %rdx
	mov %gs:R_RSI, %rsi
	mov %gs:R_RDI, %rdi
	mov %gs:R_R8, %r8
	mov %gs:R_R9, %r9
	mov %gs:R_R10, %r10
	jmp *%gs:T_RET
GLOBAL(sd_edited_end)

/* ---- signals ---- */
/* The bytes debuggers and unwinders know a signal frame by. */
	.balign 16
	nop
GLOBAL(sd_restorer)
	mov $15, %rax
	syscall
GLOBAL(sd_restorer_end)

/* All signals are blocked here; rsp -> frame (return address = sd_restorer). */
GLOBAL(sd_signal_entry)
	cld
	mov %rsp, %rbp
	mov %rdi, %rbx
	mov %rsi, %r12
	mov %rdx, %r13
	sub $64, %rsp
	and $-16, %rsp
	mov %rsp, %rcx		/* out: mask for the handler */
	call sd_signal		/* the handler to run, or 0 */
	test %rax, %rax
	jz 1f
	mov %rax, %r15
	mov $14, %eax
	mov $2, %edi
	mov %rsp, %rsi
	xor %edx, %edx
	mov $8, %r10d
	syscall
GLOBAL(sd_handler_begin)	/* counts as the handler's first instruction */
	mov %rbx, %rdi
	mov %r12, %rsi
	mov %r13, %rdx
	mov %rbp, %rsp
	xor %eax, %eax
	jmp *%r15
GLOBAL(sd_handler_end)
1:	mov %rbp, %rsp
	ret

/* SIGSYS: the program's stack may be a small one, so only the frame is there. */
GLOBAL(sd_sigsys_entry)
	cmpl $2, 8(%rsi)	/* SYS_USER_DISPATCH: the hook wasn't running, its stack is free */
	jne sd_signal_entry
	cld
	mov %rsp, %rbp
	mov %gs:T_STACK, %rsp
	call sd_sigsys
	mov %rbp, %rsp
	ret

/* ---- long sd_raw_clone(nr, a, b, c, d, e, child): the child runs child->start(child) ---- */
GLOBAL(sd_raw_clone)
	push %rbx
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 16(%rsp), %rbx	/* child: 7th argument */
	syscall
	test %rax, %rax
	jz 1f
	pop %rbx
	ret
1:	test %rbx, %rbx
	jz 2f			/* a copied address space: simply return 0 */
	mov T_STACK(%rbx), %rsp
	mov %rbx, %rdi
	xor %ebp, %ebp
	call *T_START(%rbx)
	jmp sd_exit
2:	pop %rbx
	ret

/*
 * long sd_raw_wait(nr, a, b, c, d, e, const u32 *kept): -EINTR if a signal was kept before or comes
 * while it sleeps; signal.c moves the PC on if one comes between the look and the sleep.
 */
GLOBAL(sd_raw_wait)
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov $8, %r9d
	mov 8(%rsp), %r11
GLOBAL(sd_wait_begin)
	cmpl $0, (%r11)
	jne sd_wait_eintr
	syscall
GLOBAL(sd_wait_syscall_end)
	ret
GLOBAL(sd_wait_eintr)
	mov $-4, %rax
	ret

/*
 * long sd_raw_wait6(nr, a, b, c, d, e, const u32 *kept, f): the same with a sixth argument, and
 * -ERESTARTNOINTR where the call was not begun.
 */
GLOBAL(sd_raw_wait6)
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 16(%rsp), %r9
	mov 8(%rsp), %r11
GLOBAL(sd_wait6_begin)
	cmpl $0, (%r11)
	jne sd_wait6_again
	syscall
GLOBAL(sd_wait6_syscall_end)
	ret
GLOBAL(sd_wait6_again)
	mov $-513, %rax
	ret

/* sd_raw_exit(status, u32 *busy): the stack is free for others once *busy is 0 */
GLOBAL(sd_raw_exit)
	mov $60, %eax
	movl $0, (%rsi)
	syscall
	hlt

/* ---- copies that may fault: see sd_fault_fixup() ---- */
/* long sd_copy_raw(dst, src, n): bytes not copied */
GLOBAL(sd_copy_raw)
	mov %rdx, %rcx
GLOBAL(sd_copy_begin)
	rep movsb
GLOBAL(sd_copy_end)
	mov %rcx, %rax
	ret

/* long sd_strncpy_raw(dst, src, n): length without the 0, n if longer, -1 on a fault */
GLOBAL(sd_strncpy_raw)
	xor %eax, %eax
1:	cmp %rdx, %rax
	jae 2f
GLOBAL(sd_str_begin)
	mov (%rsi, %rax), %cl
GLOBAL(sd_str_end)
	mov %cl, (%rdi, %rax)
	test %cl, %cl
	jz 2f
	inc %rax
	jmp 1b
2:	ret
GLOBAL(sd_str_fault)
	mov $-1, %rax
	ret

/* long sd_path_raw(dst, src, n): as sd_strncpy_raw, 8 bytes at a time and never into another page; dst has room for n + 8 */
GLOBAL(sd_path_raw)
	xor %eax, %eax
	mov $0x0101010101010101, %r8
	mov $0x8080808080808080, %r9
GLOBAL(sd_pathcopy_begin)
1:	cmp %rdx, %rax
	jae 4f
	lea (%rsi, %rax), %rcx
	and $4095, %ecx
	cmp $4088, %ecx
	ja 2f
	mov (%rsi, %rax), %rcx
	mov %rcx, (%rdi, %rax)
	mov %rcx, %r10
	sub %r8, %rcx
	not %r10
	and %r9, %r10
	and %r10, %rcx		/* the lowest bit is exact, higher ones may not be */
	jnz 3f
	add $8, %rax
	jmp 1b
2:	mov (%rsi, %rax), %cl
	mov %cl, (%rdi, %rax)
	test %cl, %cl
	jz 4f
	inc %rax
	jmp 1b
GLOBAL(sd_pathcopy_end)
3:	bsf %rcx, %rcx
	shr $3, %ecx
	add %rcx, %rax
4:	cmp %rdx, %rax
	cmova %rdx, %rax
	ret

/* int sd_cmpxchg_raw(p, old, new): 1 done, 0 it had changed, -1 on a fault */
GLOBAL(sd_cmpxchg_raw)
	mov %rsi, %rax
GLOBAL(sd_cx_begin)
	lock cmpxchg %rdx, (%rdi)
GLOBAL(sd_cx_end)
	sete %al
	movzbl %al, %eax
	ret
GLOBAL(sd_cx_fault)
	mov $-1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
