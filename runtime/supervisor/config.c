// SPDX-License-Identifier: GPL-2.0
/* config.c: completes the options of a command: files, and what the manifest says. */
#include "config.h"
#include "cores.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "paths.h"

/* --image and --manifest are relative to the user's directory; the daemon works in /. */
static int path_absolute(char *path)
{
	char full[PATH_MAX];

	if (!realpath(path, full))
		return -errno;
	strcpy(path, full);
	return 0;
}

int config_complete(struct config *cfg)
{
	char file[SD_NAME_MAX + 8], folder[SD_NAME_MAX + sizeof(cfg->debug) + 1], build[128];
	int err;

	snprintf(folder, sizeof(folder), "%s%s%s", cfg->name, cfg->debug[0] ? "-" : "", cfg->debug);
	snprintf(file, sizeof(file), "%s.image", cfg->name);
	snprintf(build, sizeof(build), "kslice build %s%s%s", cfg->name,
		 cfg->debug[0] ? " --debug=" : "", cfg->debug);
	if (!cfg->image[0] && (err = paths_product(cfg->image, PATH_MAX, folder, file)))
		return err;
	if (!cfg->manifest[0] &&
	    (err = paths_product(cfg->manifest, PATH_MAX, folder, "manifest.json")))
		return err;
	if (path_absolute(cfg->image) ||
	    (cfg->image_fd = open(cfg->image, O_RDONLY | O_CLOEXEC)) < 0) {
		err = errno;
		say("%s: cannot open the domain image: %s; build it with `%s`, or "
		    "name one with --image",
		    cfg->image, strerror(err), build);
		return -err;
	}
	if (path_absolute(cfg->manifest)) {
		err = errno;
		say("%s: cannot open the manifest: %s; `%s` writes it, or name one "
		    "with --manifest",
		    cfg->manifest, strerror(err), build);
		return -err;
	}
	err = cores_check(cfg);
	if (!err)
		err = manifest_load(cfg);
	if (!err && !cfg->ram)
		cfg->ram = RAM_DEFAULT;
	return err;
}
