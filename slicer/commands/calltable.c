// SPDX-License-Identifier: GPL-2.0
/* calltable.c: syscall_64.tbl: "45 64 recvfrom sys_recvfrom" => rows. See calltable.h. */
#include "commands/calltable.h"
#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>

int call_table_read(const char *tree, void (*see)(void *arg, const struct call_row *row), void *arg)
{
	char *path = xasprintf("%s/" CALL_TABLE, tree);
	char *text = read_file(path, NULL), *save = NULL;
	int r = 0;

	if (!text)
		r = err(path, "is this a Linux source tree? see kernel-tree/fetch.sh",
			"cannot read the table of call numbers");
	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		char abi[16], entry[64];
		struct call_row row;

		if (sscanf(l, "%u %15s %63s %63s", &row.nr, abi, row.name, entry) != 4 ||
		    !strcmp(abi, "x32") || !starts_with(entry, "sys_"))
			continue;
		strcpy(row.entry, entry + 4);
		see(arg, &row);
	}
	free(text);
	free(path);
	return r;
}
