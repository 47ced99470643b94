// SPDX-License-Identifier: GPL-2.0
/* asm-offsets.c: empty, but Kbuild requires it. The assembler code here takes pointers and needs no
 * offsets. */
