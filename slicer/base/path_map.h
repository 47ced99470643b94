/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path_map.h: the names of files in the slicer, the same for all three directories in which they
 * may be seen: the kernel tree, the overlay tree over it, and the object directory.
 *
 *      TREE/net/socket.c, OVERLAY/net/socket.c         "net/socket.c"
 *      runtime/arch/kernel/init.c of the repo          "arch/sd/kernel/init.c": the overlay links
 *              to it
 *      OBJDIR/include/generated/autoconf.h             "obj:include/generated/autoconf.h"
 *      everything else                                 its absolute path
 *
 * A map is made by path_map_init(), read-only afterwards, and owns its strings.
 */
#ifndef KSLICE_BASE_PATH_MAP_H
#define KSLICE_BASE_PATH_MAP_H

#include "base/util.h"

/* A directory and the prefix for names of files below it. The longest match counts. */
struct path_rule {
	char *real, *name;
};

struct path_map {
	VEC(struct path_rule) rules;
};

/* overlay may be the tree itself if there is none. */
void path_map_init(struct path_map *map, const char *tree, const char *overlay, const char *objdir);
void path_map_free(struct path_map *map);
/* The name of a file, whose path may be relative to cwd. The caller frees it. */
char *path_map_name(const struct path_map *map, const char *path, const char *cwd);

#endif
