// SPDX-License-Identifier: GPL-2.0
/* Live through one function: then its initcall, parameter and table member count too. */
#include <linux/init.h>
#include <linux/lib.h>

static int late_count; /* expect: kept */

static int late_init(void) /* expect: kept */
{
	late_count++;
	return 0;
}
subsys_initcall(late_init); /* expect: kept */

static int late_setup(char *s) /* expect: kept */
{
	return s != NULL;
}
__setup("late=", late_setup); /* expect: kept */

struct driver {
	int (*probe)(void);
};

static int late_probe(void) /* expect: kept */
{
	return 5;
}

static struct driver late_driver __used __section("__drivers") = {late_probe}; /* expect: kept */

int lib_sum(int a, int b) /* expect: kept */
{
	return a + b + late_count;
}

/* What cut groups may name: the tree has it, this configuration hasn't. */
#ifdef CONFIG_NEVER
int isnt_in_this_configuration(void);
int isnt_either(void);
int nor_is_this(void);
int lib_switched_off(void);
#endif
