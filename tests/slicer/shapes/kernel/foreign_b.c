// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>

OPS(foreign_b);
extern const struct foreign_b foreign_table;
extern const char foreign_bytes[];

SYSCALL_DEFINE1(foreign_record, int, x)
{
	return foreign_table.g(x);
}

SYSCALL_DEFINE1(foreign_array, int, x)
{
	return (*(int (*const *)(int))(foreign_bytes + 16))(x);
}
