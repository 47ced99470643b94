// SPDX-License-Identifier: MIT
/* devices.c: the table of this machine's device types. */
#include <stdio.h>
#include <string.h>

#include "process.h"

/* Of a file system without a disk this machine has nothing. */
static void mount_open(struct sd_device *dev, int index)
{
	(void)dev, (void)index;
}

static const struct machine_device machine_device_mount = {.type = "mount", .open = mount_open};

static const struct machine_device *const types[] = {
	&machine_device_net,
	&machine_device_block,
	&machine_device_mount,
};

#define NTYPES (sizeof(types) / sizeof(types[0]))

static void __attribute__((noreturn)) unknown_type(const char *type)
{
	char known[128] = "";

	for (size_t i = 0; i < NTYPES; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s",
			 types[i]->type);
	machine_die("--dev=%s: no such device type here; known:%s", type, known);
}

void machine_device_open(struct sd_device *dev, int index, char *text)
{
	char *comma = strchr(text, ',');

	if (!comma)
		machine_die("--dev=%s: no arguments; write --dev=TYPE,key=value,...", text);
	*comma = 0;
	dev->type = text;
	dev->args = comma + 1;
	for (size_t i = 0; i < NTYPES; i++) {
		if (strcmp(types[i]->type, dev->type))
			continue;
		types[i]->open(dev, index);
		return;
	}
	unknown_type(dev->type);
}
