// SPDX-License-Identifier: GPL-2.0
/* path_map.c: see path_map.h. */
#include "base/path_map.h"
#include "base/arch.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

static void path_rule_add(struct path_map *map, const char *dir, const char *name)
{
	char *real = realpath(dir, NULL);

	if (real)
		*vec_add(&map->rules) = (struct path_rule){.real = real, .name = xstrdup(name)};
}

/* Symbolic links below the overlay's real directories: arch/sd/kernel -> runtime/arch/kernel. */
static void path_map_add_links(struct path_map *map, const char *overlay, const char *rel,
			       int depth)
{
	char *dir = xasprintf("%s/%s", overlay, rel);
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		char *sub = xasprintf("%s/%s", rel, de->d_name),
		     *path = xasprintf("%s/%s", overlay, sub);
		struct stat st;

		if (de->d_name[0] != '.' && !lstat(path, &st)) {
			if (S_ISLNK(st.st_mode))
				path_rule_add(map, path, sub);
			else if (S_ISDIR(st.st_mode) && depth < 4)
				path_map_add_links(map, overlay, sub, depth + 1);
		}
		free(sub);
		free(path);
	}
	if (d)
		closedir(d);
	free(dir);
}

void path_map_init(struct path_map *map, const char *tree, const char *overlay, const char *objdir)
{
	char *arch = xasprintf("arch/%s", arch_name());

	path_rule_add(map, tree, "");
	if (strcmp(overlay, tree)) {
		path_rule_add(map, overlay, "");
		path_map_add_links(map, overlay, arch, 0);
	}
	path_rule_add(map, objdir, "obj:");
	free(arch);
}

void path_map_free(struct path_map *map)
{
	for (size_t i = 0; i < map->rules.n; i++) {
		free(map->rules.a[i].real);
		free(map->rules.a[i].name);
	}
	free(map->rules.a);
}

static const struct path_rule *path_map_best(const struct path_map *map, const char *real)
{
	const struct path_rule *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < map->rules.n; i++) {
		const struct path_rule *r = &map->rules.a[i];
		size_t n = strlen(r->real);

		if (strncmp(real, r->real, n) || (real[n] && real[n] != '/'))
			continue;
		if (!best || n > best_len ||
		    (n == best_len && strlen(r->name) < strlen(best->name))) {
			best = r;
			best_len = n;
		}
	}
	return best;
}

char *path_map_name(const struct path_map *map, const char *path, const char *cwd)
{
	char *full = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", cwd, path);
	char *real = realpath(full, NULL), *name;
	const struct path_rule *rule;
	const char *rest;

	if (!real)
		real = path_normalize(xstrdup(full));
	free(full);
	rule = path_map_best(map, real);
	if (!rule)
		return real;
	rest = real + strlen(rule->real);
	rest += *rest == '/';
	if (!*rule->name || ends_with(rule->name, ":"))
		name = xasprintf("%s%s", rule->name, rest);
	else
		name = *rest ? xasprintf("%s/%s", rule->name, rest) : xstrdup(rule->name);
	free(real);
	return name;
}
