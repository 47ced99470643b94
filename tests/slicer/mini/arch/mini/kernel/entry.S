/* SPDX-License-Identifier: GPL-2.0 */
/* A C function that only assembler calls. expect: kept */
	.text
	.globl asm_entry
	.type asm_entry, @function
asm_entry:
	jmp called_from_asm
	.size asm_entry, . - asm_entry
	.section .note.GNU-stack, "", @progbits
