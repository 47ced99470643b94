/* SPDX-License-Identifier: GPL-2.0 */
/*
 * switch.S: the context switch: callee-saved registers are on the stack of a task that is switched out. The CFI is for debuggers (.debug_frame);
 * runtime/gdb/kslice-gdb.py reads the frame that sd_switch() leaves.
 */
#include <linux/linkage.h>

	.cfi_sections .debug_frame

	.section .text.sd_switch, "ax"
/* struct task_struct *sd_switch(unsigned long *save_sp, unsigned long sp, struct task_struct *prev) */
SYM_FUNC_START(sd_switch)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdx, %rax
	ret
SYM_FUNC_END(sd_switch)

	.section .text.sd_first, "ax"
/* A new task's first instruction: rax = previous task, r12 = function, r13 = its argument. */
SYM_FUNC_START(sd_first)
	.cfi_startproc
	.cfi_undefined rip
	movq	%rax, %rdi
	movq	%r12, %rsi
	movq	%r13, %rdx
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	sd_thread_main
	ud2
	.cfi_endproc
SYM_FUNC_END(sd_first)

	.section .text.sd_call_on, "ax"
/* int sd_call_on(void *top, int (*fn)(void)) */
SYM_FUNC_START(sd_call_on)
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register rbp
	movq	%rdi, %rsp
	andq	$-16, %rsp
	call	*%rsi
	movq	%rbp, %rsp
	popq	%rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
SYM_FUNC_END(sd_call_on)

	.section .ref.text, "ax"
/* void sd_enter(unsigned long sp) */
SYM_FUNC_START(sd_enter)
	.cfi_startproc
	.cfi_undefined rip
	movq	%rdi, %rsp
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	start_kernel
	ud2
	.cfi_endproc
SYM_FUNC_END(sd_enter)
