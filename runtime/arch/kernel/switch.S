/* SPDX-License-Identifier: GPL-2.0 */
/* The context switch: callee-saved registers live on the stack of a task that is switched out. */
#include <linux/linkage.h>

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
	movq	%rax, %rdi
	movq	%r12, %rsi
	movq	%r13, %rdx
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	sd_thread_main
	ud2
SYM_FUNC_END(sd_first)

	.section .text.sd_call_on, "ax"
/* int sd_call_on(void *top, int (*fn)(void)) */
SYM_FUNC_START(sd_call_on)
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rdi, %rsp
	andq	$-16, %rsp
	call	*%rsi
	movq	%rbp, %rsp
	popq	%rbp
	ret
SYM_FUNC_END(sd_call_on)

	.section .ref.text, "ax"
/* void sd_enter(unsigned long sp) */
SYM_FUNC_START(sd_enter)
	movq	%rdi, %rsp
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	start_kernel
	ud2
SYM_FUNC_END(sd_enter)
