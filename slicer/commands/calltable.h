/* SPDX-License-Identifier: GPL-2.0 */
/*
 * calltable.h: the tree's table of x86-64's system calls: numbers, and the two names of a call,
 * that of programs ("fstat") and that of the SYSCALL_DEFINE ("newfstat").
 */
#ifndef KSLICE_COMMANDS_CALLTABLE_H
#define KSLICE_COMMANDS_CALLTABLE_H

struct call_row {
	unsigned nr;
	char name[64], entry[64]; /* entry without sys_ */
};

#define CALL_TABLE "arch/x86/entry/syscalls/syscall_64.tbl"

/* Calls `see` for each call but those of x32, in the table's order. 0, or -1 after printing. */
int call_table_read(const char *tree, void (*see)(void *arg, const struct call_row *row),
		    void *arg);

#endif
