// SPDX-License-Identifier: GPL-2.0
/*
 * first.c: IMAGE --boot-only: makes the calls of the domain's routes once (generated first.c). A
 * routed call that nothing in the image answers is a mistake of its spec.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <sd/serve.h>

#include "dev.h"

/* Errors by which the kernel says that it has nothing of that kind. */
static const char *first_error(long result)
{
	switch (-result) {
	case EAFNOSUPPORT:
		return "EAFNOSUPPORT";
	case EPROTONOSUPPORT:
		return "EPROTONOSUPPORT";
	case ESOCKTNOSUPPORT:
		return "ESOCKTNOSUPPORT";
	case ENODEV:
		return "ENODEV";
	case ENOSYS:
		return "ENOSYS";
	default:
		return NULL;
	}
}

int sd_first_calls(void)
{
	int failed = 0;

	for (const struct sd_route_call *f = sd_route_calls; f->what; f++) {
		const char *error = first_error(f->call());

		if (error)
			printk(KERN_ERR "first call: %s: %s\n", f->what, error);
		failed += error != NULL;
	}
	return failed;
}
