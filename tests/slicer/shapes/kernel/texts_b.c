// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>

OPS(text_b);
static int text_b1(int x)
{
	return x + 41;
}
static int text_b2(int x)
{
	return x + 42;
}
int text_called_b(int x);
int text_called_b(int x)
{
	return x + 7;
}

#define CALLED text_called_b
#define FN1    text_b1
#define FN2    text_b2
#define TYPE   text_b
#define TABLE  table_b
#include "../template/table.c"

SYSCALL_DEFINE1(text_second, int, x)
{
	return (&TABLE)->g(x) + text_calls(x);
}
