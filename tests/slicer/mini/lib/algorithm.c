// SPDX-License-Identifier: GPL-2.0
/* "keep" of the spec names one of them: the array stays. */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/named.h>

static int digest_plus(int x) /* expect: kept */
{
	return x + 1;
}

static const struct algorithm sums[] = {
	/* expect: kept */
	{.base = {.name = "plus"}, .digest = digest_plus}, /* expect: kept */
};

static int __init sums_init(void) /* expect: kept */
{
	return register_algorithms(sums, sizeof(sums) / sizeof(sums[0]));
}
module_init(sums_init); /* expect: kept */
