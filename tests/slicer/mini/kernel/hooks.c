// SPDX-License-Identifier: GPL-2.0
/* Only reached through calls in a header. */
#include <linux/compiler.h>
#include <linux/net.h>

void hook_note(int x) /* expect: gone */
{
}

int hook_value(int x) /* expect: gone */
{
	return x + 4;
}
