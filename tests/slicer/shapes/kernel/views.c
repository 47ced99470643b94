// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>
#include <linux/variant.h>

int variant_a(int x)
{
	return x + 1;
}

int variant_c(int x)
{
	return x + 3;
}

SYSCALL_DEFINE1(view_plain, int, x)
{
	return variant(x) + variant_nested(x);
}
