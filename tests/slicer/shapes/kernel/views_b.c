// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>
#include "views_b.h"
#include <linux/variant.h>

SYSCALL_DEFINE1(view_quoted, int, x)
{
	return variant(x) + variant_nested(x);
}
