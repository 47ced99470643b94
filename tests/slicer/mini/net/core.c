// SPDX-License-Identifier: GPL-2.0
/* Exported calls; families by ops table; the field rule. */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/lib.h>
#include <linux/net.h>
#include <linux/syscalls.h>

static const struct family *families[4];

int register_family(const struct family *f) /* expect: kept */
{
	families[f->ops->family] = f;
	return f->life.create ? f->life.create(1) : 0;
}
EXPORT_SYMBOL(register_family); /* expect: kept */

int use_family(int family, int arg) /* expect: kept */
{
	return bind_any(families[family]->ops, arg);
}

/* This comment belongs to what is below. expect: gone */
int never_called(int a) /* expect: gone */
{
	return lib_unused(a);
}
EXPORT_SYMBOL_GPL(never_called); /* expect: gone */

/* This comment stands by itself. expect: kept */

static int helper_of_dead(int a); /* expect: gone */

int dead_too(int a) /* expect: gone */
{
#define FROM_DEAD_BODY 3 /* expect: kept */
	return helper_of_dead(a) + FROM_DEAD_BODY;
}

static int helper_of_dead(int a) /* expect: gone */
{
#ifdef NOBODY_DEFINES_THIS /* expect: gone */
	return 1;
#endif
	return a;
}

SYSCALL_DEFINE1(bind, int, family) /* expect: kept */
{
	return use_family(family, FROM_DEAD_BODY);
}

SYSCALL_DEFINE1(unlisted, int, x) /* expect: gone */
{
	return x;
}
