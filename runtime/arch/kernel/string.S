/* SPDX-License-Identifier: GPL-2.0 */
/* string.S: memcpy, memmove, memset without SSE: registers up to 256 bytes, then rep movsb/stosb (ERMS). */
#include <linux/linkage.h>

#ifdef CONFIG_KASAN	/* the plain names check the memory first: mm/kasan/shadow.c */
#define memcpy	__memcpy
#define memmove	__memmove
#define memset	__memset
#endif

	.section .text.memcpy, "ax"
SYM_FUNC_START(memcpy)
	movq	%rdi, %rax
	movq	%rdx, %rcx
	cmpq	$16, %rdx
	jb	.Lcpy_small
	cmpq	$256, %rdx
	ja	.Lcpy_rep
	movq	-16(%rsi, %rdx), %r10	/* the tail, which may overlap the loop's copies */
	movq	-8(%rsi, %rdx), %r11
	leaq	(%rdi, %rdx), %rdx
.Lcpy_loop:
	movq	(%rsi), %r8
	movq	8(%rsi), %r9
	movq	%r8, (%rdi)
	movq	%r9, 8(%rdi)
	addq	$16, %rsi
	addq	$16, %rdi
	subq	$16, %rcx
	cmpq	$16, %rcx
	jae	.Lcpy_loop
	movq	%r10, -16(%rdx)
	movq	%r11, -8(%rdx)
	ret
.Lcpy_rep:
	rep movsb
	ret
.Lcpy_small:
	cmpl	$8, %ecx
	jb	.Lcpy_4
	movq	(%rsi), %r8
	movq	-8(%rsi, %rcx), %r9
	movq	%r8, (%rdi)
	movq	%r9, -8(%rdi, %rcx)
	ret
.Lcpy_4:
	cmpl	$4, %ecx
	jb	.Lcpy_1
	movl	(%rsi), %r8d
	movl	-4(%rsi, %rcx), %r9d
	movl	%r8d, (%rdi)
	movl	%r9d, -4(%rdi, %rcx)
	ret
.Lcpy_1:
	testl	%ecx, %ecx
	jz	.Lcpy_0
	movzbl	(%rsi), %r8d
	shrl	%edx
	movzbl	(%rsi, %rdx), %r9d
	movzbl	-1(%rsi, %rcx), %r10d
	movb	%r8b, (%rdi)
	movb	%r9b, (%rdi, %rdx)
	movb	%r10b, -1(%rdi, %rcx)
.Lcpy_0:
	ret
SYM_FUNC_END(memcpy)

	.section .text.memmove, "ax"
SYM_FUNC_START(memmove)
	movq	%rdi, %rax
	movq	%rdi, %r8
	subq	%rsi, %r8
	cmpq	%rdx, %r8		/* unsigned: also true for to < from */
	jae	.Lmove_fwd
	movq	%rdx, %rcx
	leaq	(%rsi, %rdx), %rsi
	leaq	(%rdi, %rdx), %rdi
.Lmove_back8:
	cmpq	$8, %rcx
	jb	.Lmove_back1
	subq	$8, %rsi
	subq	$8, %rdi
	movq	(%rsi), %r8
	movq	%r8, (%rdi)
	subq	$8, %rcx
	jmp	.Lmove_back8
.Lmove_back1:
	testq	%rcx, %rcx
	jz	.Lmove_done
	decq	%rsi
	decq	%rdi
	movb	(%rsi), %r8b
	movb	%r8b, (%rdi)
	decq	%rcx
	jmp	.Lmove_back1
.Lmove_fwd:
	movq	%rdx, %rcx		/* to < from, or apart: rising addresses are right */
	cmpq	$64, %rcx
	jae	.Lmove_rep
.Lmove_fwd8:
	cmpq	$8, %rcx
	jb	.Lmove_rep
	movq	(%rsi), %r8
	movq	%r8, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	jmp	.Lmove_fwd8
.Lmove_rep:
	rep movsb
.Lmove_done:
	ret
SYM_FUNC_END(memmove)

	.section .text.memset, "ax"
SYM_FUNC_START(memset)
	movq	%rdi, %r9
	movzbl	%sil, %eax
	movabsq	$0x0101010101010101, %rcx
	imulq	%rcx, %rax
	movq	%rdx, %rcx
	cmpq	$8, %rdx
	jb	.Lset_small
	cmpq	$256, %rdx
	ja	.Lset_rep
	movq	%rax, -8(%rdi, %rdx)
.Lset_loop:
	movq	%rax, (%rdi)
	addq	$8, %rdi
	subq	$8, %rcx
	cmpq	$8, %rcx
	jae	.Lset_loop
	movq	%r9, %rax
	ret
.Lset_small:
.Lset_rep:
	rep stosb
	movq	%r9, %rax
	ret
SYM_FUNC_END(memset)
