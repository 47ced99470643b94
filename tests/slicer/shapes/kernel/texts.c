// SPDX-License-Identifier: GPL-2.0
/* One text, two units: with other names, other types, and what only one of them reads. */
#include <linux/compiler.h>

OPS(text_a);
static int text_a1(int x)
{
	return x + 31;
}
static int text_a2(int x)
{
	return x + 32;
}
int text_called_a(int x);
int text_called_a(int x)
{
	return x + 6;
}

#define CALLED text_called_a
#define FN1    text_a1
#define FN2    text_a2
#define TYPE   text_a
#define TABLE  table_a
#include "../template/table.c"

SYSCALL_DEFINE1(text_first, int, x)
{
	return TABLE.f ? (&TABLE)->f(x) + text_only_a(x) + text_calls(x) : -1;
}
