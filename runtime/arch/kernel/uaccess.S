/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uaccess.S: long user copies. Each access that may fault has an exception table entry; the loops keep the number of
 * remaining bytes in rcx, which is the result after a fault.
 */
#include <linux/linkage.h>

.macro ex from, to
	.pushsection __ex_table, "a"
	.balign 4
	.long \from - .
	.long \to - .
	.popsection
.endm

	.section .text.sd_copy_user, "ax"
/* unsigned long sd_copy_user(void *to, const void *from, unsigned long n) */
SYM_FUNC_START(sd_copy_user)
	movq	%rdx, %rcx
	cmpq	$256, %rdx
	ja	.Lrep
.Lloop8:
	cmpl	$8, %ecx
	jb	.Ltail
1:	movq	(%rsi), %r8
2:	movq	%r8, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subl	$8, %ecx
	jmp	.Lloop8
.Ltail:
	testl	%ecx, %ecx
	jz	.Ldone
3:	movb	(%rsi), %r8b
4:	movb	%r8b, (%rdi)
	incq	%rsi
	incq	%rdi
	decl	%ecx
	jmp	.Ltail
.Lrep:
5:	rep movsb
.Ldone:
	movq	%rcx, %rax
	ret
	ex 1b, .Lbytes
	ex 2b, .Lbytes
	ex 3b, .Ldone
	ex 4b, .Ldone
	ex 5b, .Ldone
	/* A word faulted: go on by bytes up to the exact place. */
.Lbytes:
	testl	%ecx, %ecx
	jnz	3b
	jmp	.Ldone
SYM_FUNC_END(sd_copy_user)

	.section .text.sd_clear_user, "ax"
/* unsigned long sd_clear_user(void *to, unsigned long n) */
SYM_FUNC_START(sd_clear_user)
	movq	%rsi, %rcx
	xorl	%eax, %eax
1:	rep stosb
2:	movq	%rcx, %rax
	ret
	ex 1b, 2b
SYM_FUNC_END(sd_clear_user)
