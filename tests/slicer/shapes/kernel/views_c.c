// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>
#include <linux/variant.h>

int variant_b(int x)
{
	return x + 2;
}

int variant_d(int x)
{
	return x + 4;
}
