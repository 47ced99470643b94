// SPDX-License-Identifier: GPL-2.0
/* Tables that another unit, or a second name, declares with another record. */
#include <linux/compiler.h>

static int foreign_1(int x)
{
	return x + 1;
}

OPS(foreign_a);
extern const struct foreign_a foreign_table;
const struct foreign_a foreign_table = {.g = foreign_1};

extern const struct foreign_a foreign_bytes;
const struct foreign_a foreign_bytes = {.h = foreign_1};

OPS(second_a);
OPS(second_b);
const struct second_a second_table = {.g = foreign_1};
extern const struct second_b second_name __attribute__((alias("second_table")));
SYSCALL_DEFINE1(foreign_alias, int, x)
{
	return second_name.g(x);
}
