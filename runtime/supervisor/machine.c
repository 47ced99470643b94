// SPDX-License-Identifier: GPL-2.0
/* machine.c: the table of machines that kdom can run domains on. */
#include "machine.h"

#include <errno.h>
#include <string.h>

static const struct machine *const machines[] = {
	&machine_process,
};

int machine_find(struct config *cfg)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (*cfg->machine_name && strcmp(machines[i]->name, cfg->machine_name))
			continue;
		cfg->machine = machines[i];
		return 0;
	}
	say("%s: /machine: kdom has no machine of that name", cfg->manifest);
	return -EINVAL;
}
