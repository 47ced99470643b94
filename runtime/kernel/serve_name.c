// SPDX-License-Identifier: GPL-2.0
/* serve_name.c: the path of an open file or of a client's current directory, as /proc/PID/fd and
 * /proc/PID/cwd would give it. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "serve.h"

static int path_named(s32 fd, struct path *path)
{
	struct fd f;

	if (fd < 0) {
		get_fs_pwd(current->fs, path);
		return 0;
	}
	f = fdget_raw(fd);
	if (!fd_file(f))
		return -EBADF;
	*path = fd_file(f)->f_path;
	path_get(path);
	fdput(f);
	return 0;
}

long sd_path_of(struct sd_serve *s)
{
	u64 room = min_t(u64, s->arg[2], PATH_MAX);
	char __user *to = sd_uptr(s, s->arg[1], room);
	struct path path;
	char *page, *name;
	long ret;

	if (s->bad)
		return -EPROTO;
	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	ret = path_named(s->arg[0], &path);
	if (ret)
		goto out;
	name = d_path(&path, page, PAGE_SIZE);
	path_put(&path);
	ret = IS_ERR(name) ? PTR_ERR(name) : strlen(name);
	if (ret > (long)room)
		ret = -ERANGE;
	else if (ret > 0 && copy_to_user(to, name, ret))
		ret = -EFAULT;
out:
	free_page((unsigned long)page);
	return ret;
}
