/* SPDX-License-Identifier: GPL-2.0 */
/*
 * devices.h: backends, the host's side of a domain's devices. A command opens them; the fd of each
 * is in its struct device. All print what went wrong and return 0 or -errno.
 */
#ifndef KDOM_DEVICES_H
#define KDOM_DEVICES_H

#include "config.h"

/* Sets a manifest's key that concerns the host. 0; -EINVAL; -ENOENT: not such a key, pass it to the
 * image. Prints nothing. */
int device_set(struct device *dev, const char *key, const char *value);
bool device_is_disk(const struct device *dev);
/* The host has nothing of it, the image is only told its arguments. */
bool device_is_inside(const struct device *dev);
int devices_open(struct config *cfg); /* all devices of the domain */

/* ---- disks.c ---- */

int disk_file_open(struct device *dev);
int disk_ram_open(struct device *dev);

#endif
