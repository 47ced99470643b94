// SPDX-License-Identifier: GPL-2.0
/* dev.c: walks the device table and finds each device's driver by its type. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/sd.h>

#include "dev.h"

static const struct sd_driver *const drivers[] = {
#ifdef CONFIG_NETDEVICES
	&sd_driver_net,
#endif
#ifdef CONFIG_BLOCK
	&sd_driver_block,
#endif
	&sd_driver_mount,
};

bool sd_dev_arg(const struct sd_device *dev, const char *key, char *buf, size_t size)
{
	size_t klen = strlen(key);
	const char *p = dev->args;

	while (*p) {
		size_t len = strcspn(p, ",");

		if (len > klen && !strncmp(p, key, klen) && p[klen] == '=') {
			len -= klen + 1;
			if (len >= size)
				return false;
			memcpy(buf, p + klen + 1, len);
			buf[len] = 0;
			return true;
		}
		p += len;
		p += *p == ',';
	}
	return false;
}

static const struct sd_driver *find_driver(const char *type)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i] && !strcmp(drivers[i]->type, type))
			return drivers[i];
	return NULL;
}

static void start_drivers(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		int err = drivers[i] && drivers[i]->start ? drivers[i]->start() : 0;

		if (err)
			panic("driver of %s devices: error %d at its start", drivers[i]->type, err);
	}
}

void sd_dev_init(void)
{
	int i;

	start_drivers();
	for (i = 0; i < sd_boot->ndevices; i++) {
		const struct sd_device *dev = &sd_boot->devices[i];
		const struct sd_driver *drv = find_driver(dev->type);
		int err = drv ? drv->probe(dev, SD_IRQ_DEVICE + i) : -ENODEV;

		if (err)
			panic("device %d (%s,%s): error %d; correct its arguments, or add its driver to the domain's configuration",
			      i, dev->type, dev->args, err);
	}
}
