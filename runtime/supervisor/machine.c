// SPDX-License-Identifier: GPL-2.0
/* The machines that kdom can run domains on. */
#include "machine.h"

#include <string.h>

static const struct machine *const machines[] = {
	&machine_process,
};

const struct machine *machine_find(const char *name)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!name || !strcmp(machines[i]->name, name))
			return machines[i];
	return NULL;
}
