// SPDX-License-Identifier: GPL-2.0
/*
 * victim socket|pipe|file SLOT KIND OBSERVER: a client that will be killed. Takes what its
 * predecessor in SLOT held (a port, the locks of a file), waiting up to 20 s for it, prints how
 * long that took, and stays busy forever in the way KIND. socket: first connects to OBSERVER's port
 * if that isn't 0.
 */
#include "check.h"
#include "victim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void victim_took(int64_t since)
{
	printf("%lld\n", (long long)(now_ns() - since) / 1000);
	fflush(stdout);
}

void victim_leaves(void)
{
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct victim *const sorts[] = {&victim_socket, &victim_pipe, &victim_file};
	unsigned int kind = argc > 3 ? atoi(argv[3]) : 0;

	for (size_t i = 0; argc > 3 && i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (!strcmp(sorts[i]->sort, argv[1])) {
			sorts[i]->take(atoi(argv[2]), argc > 4 ? atoi(argv[4]) : 0);
			sorts[i]->kinds[kind % VICTIM_KINDS]();
		}
	return 2;
}
