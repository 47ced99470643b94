// SPDX-License-Identifier: GPL-2.0
/*
 * disks.c: backends of block devices. "file": a file or block device of the host, locked while the
 * domain is up, so that two domains can't write it. "ram": memory of the supervisor, filled from
 * the file; it survives `kdom kill`, but not `kdom down`.
 */
#include "devices.h"
#include "ctlmsg.h"
#include "log.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* How its file is made, with the file system that the domain mounts from it. */
static void say_how_to_make(const struct device *dev)
{
	const char *arg = strstr(dev->args, ",fs="), *fs = arg ? arg + 4 : "ext4";
	int n = strcspn(fs, ","), dir = strrchr(dev->path, '/') - dev->path;

	if (!strncmp(fs, "squashfs", n))
		say("make it, for example: mkdir -p %.*s && mksquashfs FOLDER %s; or name another with --device N:path=FILE",
		    dir, dev->path, dev->path);
	else
		say("make it, for example: mkdir -p %.*s && truncate -s 1G %s && /sbin/mkfs.%.*s%s %s; "
		    "or name another with --device N:path=FILE",
		    dir, dev->path, dev->path, n, fs,
		    !strncmp(fs, "ext", 3) ? " -q -F -E root_owner" : "", dev->path);
}

static int disk_error(const struct device *dev, const char *what, int err)
{
	say("%s: cannot %s: %s", dev->path, what, strerror(err));
	if (err == ENOENT)
		say_how_to_make(dev);
	else if (err == EBUSY)
		say("it is mounted or in use on this host");
	return -err;
}

/* A path of the command line is already absolute; one of the manifest is relative to the user's
 * data directory. */
static int disk_resolve(struct device *dev)
{
	char name[PATH_MAX];

	if (!dev->path[0]) {
		say("block device: \"backend\": \"%s\" needs a \"path\": the file that holds the file system",
		    dev->backend);
		return -EINVAL;
	}
	if (dev->path[0] == '/')
		return 0;
	strcpy(name, dev->path);
	return paths_data(dev->path, sizeof(dev->path), name);
}

static bool is_block(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISBLK(st.st_mode);
}

/* Writable if permitted. A block device is opened exclusively: it must not be mounted or in use on
 * the host. */
static int disk_open(const struct device *dev, int *fd)
{
	struct stat st;
	int excl = !stat(dev->path, &st) && S_ISBLK(st.st_mode) ? O_EXCL : 0, ro = 0;

	*fd = open(dev->path, O_RDWR | O_CLOEXEC | excl);
	/* an open for writing succeeds even so */
	if (*fd >= 0 && excl && !ioctl(*fd, BLKROGET, &ro) && ro) {
		close(*fd);
		*fd = -1;
		errno = EROFS;
	}
	if (*fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		int why = errno;

		*fd = open(dev->path, O_RDONLY | O_CLOEXEC | excl);
		if (*fd >= 0)
			say("%s: %s: read only", dev->path, strerror(why));
	}
	if (*fd < 0)
		return disk_error(dev, "open it", errno);
	if (fstat(*fd, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))) {
		close(*fd);
		return disk_error(dev, "use it: neither a regular file nor a block device", EINVAL);
	}
	return 0;
}

static void tell_image(struct device *dev)
{
	size_t used = strlen(dev->args), room = sizeof(dev->args) - used;

	/* Used only in messages, so a name that isn't valid there is omitted. */
	if (strpbrk(dev->path, ", ;\n") || strlen(dev->path) + 8 > room)
		return;
	snprintf(dev->args + used, room, ",path=%s", dev->path);
}

int disk_file_open(struct device *dev)
{
	int fd, err = disk_resolve(dev);

	if (!err)
		err = disk_open(dev, &fd);
	if (err)
		return err;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno;
		close(fd);
		if (err == EWOULDBLOCK) {
			say("%s: another domain uses it, or a program has locked it with flock(); `kdom ps` shows the domains",
			    dev->path);
			return -EBUSY;
		}
		return disk_error(dev, "lock it", err);
	}
	tell_image(dev);
	dev->fd = fd;
	return 0;
}

static int copy_range(int from, int to, off_t start, off_t end)
{
	while (start < end) {
		ssize_t n;

		if (lseek(to, start, SEEK_SET) < 0)
			return -errno;
		n = sendfile(to, from, &start, end - start);
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO; /* it is shrinking while we read */
	}
	return 0;
}

/* Keeps holes. */
static int copy_data(int from, int to, off_t size)
{
	off_t start = 0, end;
	int err = 0;

	if (is_block(from))
		return copy_range(from, to, 0, size);
	while (!err && start < size) {
		start = lseek(from, start, SEEK_DATA);
		if (start < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0)
			return -errno;
		err = copy_range(from, to, start, end < size ? end : size);
		start = end;
	}
	return err;
}

static int disk_size(int fd, uint64_t *size)
{
	struct stat st;

	if (is_block(fd))
		return ioctl(fd, BLKGETSIZE64, size) ? -errno : 0;
	if (fstat(fd, &st))
		return -errno;
	*size = st.st_size;
	return 0;
}

static int disk_fill(struct device *dev, int from, int to)
{
	uint64_t size = 0;
	int err = disk_size(from, &size);

	if (!err && dev->size && dev->size < size) {
		say("%s: \"size\" is %llu MiB, but the file has %llu", dev->path,
		    (unsigned long long)dev->size >> 20, (unsigned long long)size >> 20);
		return -EINVAL;
	}
	if (!err && ftruncate(to, dev->size ? dev->size : size))
		err = -errno;
	if (!err)
		err = copy_data(from, to, size);
	if (!err && fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	return err ? disk_error(dev, "copy it into memory", -err) : 0;
}

int disk_ram_open(struct device *dev)
{
	int from, to, err = disk_resolve(dev);

	if (err)
		return err;
	from = open(dev->path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return disk_error(dev, "open it", errno);
	to = memfd_create("kdom-disk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	err = to < 0 ? disk_error(dev, "make a memory file", errno) : disk_fill(dev, from, to);
	close(from);
	if (err) {
		fds_close(&to, 1);
		return err;
	}
	tell_image(dev);
	strncat(dev->args, ",inline=1", sizeof(dev->args) - strlen(dev->args) - 1);
	dev->fd = to;
	return 0;
}
