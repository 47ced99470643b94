/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dev.h - kernel-side devices: one driver per device type of the image's device table
 * (sd/machine.h). A driver is a struct here, found by the type's name; all are probed by pid 1
 * after the initcalls, in table order.
 */
#ifndef SD_DEV_H
#define SD_DEV_H

#include <linux/types.h>
#include <sd/machine.h>

struct super_block;

struct sd_driver {
	const char *type;
	/* Called once before any probe, even if the table has no such device; may be NULL. 0 or
	 * -errno, which ends the boot. */
	int (*start)(void);
	/* line: the device's doorbell line. 0 or -errno, which ends the boot: a domain doesn't run
	 * without its devices. */
	int (*probe)(const struct sd_device *dev, unsigned int line);
};

extern const struct sd_driver sd_driver_net;   /* dev_net.c */
extern const struct sd_driver sd_driver_block; /* dev_block.c */
/* dev_mount.c; NULL in a domain whose spec has no such device */
extern const struct sd_driver sd_driver_mount __weak;

/* Text of key= in a device's arguments into buf; false if absent or too long. */
bool sd_dev_arg(const struct sd_device *dev, const char *key, char *buf, size_t size);

void sd_dev_init(void);

/*
 * mount.c, absent where neither the configuration has a block layer nor the spec a device of type
 * mount. Mounts every device with mount= at that path; a failed mount ends the boot with a message
 * that says why. sd_unmount() leaves all disks clean, even with files open; call it in a task.
 */
void sd_mount(void) __weak;
void sd_unmount(void) __weak;
/* Drops all unused dentries and inodes. Sleeps. */
void sd_mount_shrink(void) __weak;

/* dev_block.c: the device number of a table entry's disk, 0 if it isn't a disk; and whether it is
 * read-only. */
dev_t sd_block_dev(const struct sd_device *dev, bool *read_only) __weak;

/* dev_mount.c: limits what a file system takes of the domain's memory, if its files are there. */
void sd_files_limit(struct super_block *sb) __weak;

/* In-kernel tests of the image: 0 or -errno. Prints what failed. Absent where the configuration has
 * no IPv4. */
int sd_self_test(void) __weak;

/* first.c: makes the calls of the routes; the number of those that nothing answers. */
int sd_first_calls(void);

/* The serving side: never returns. runtime/kernel/serve*.c. */
void sd_serve(void) __weak;

#endif
