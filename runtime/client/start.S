/* SPDX-License-Identifier: MIT */
/* start.S: where the kernel starts the launcher: its stack pointer is sd_start()'s only argument. */
	.text
	.globl _start
	.hidden _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call sd_start		/* doesn't come back */
	hlt

	.section .note.GNU-stack, "", @progbits
