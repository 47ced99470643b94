// SPDX-License-Identifier: GPL-2.0
/* Kbuild wants the file; the assembler here takes pointers, so no offset is needed. */
