// SPDX-License-Identifier: GPL-2.0
/* kconfig.c: .config + fragment => errors for lines that Kconfig dropped. See kconfig.h. */
#include "commands/kconfig.h"
#include "base/util.h"
#include <dirent.h>
#include <stdlib.h>

#define OPTIONAL "# optional:"

/* Is there a line `config NAME` or `menuconfig NAME`? */
static bool text_has_option(const char *s, const char *name, size_t n)
{
	for (; s; s = strchr(s, '\n')) {
		s += strspn(s, " \t\n");
		if (starts_with(s, "menuconfig "))
			s += strlen("menu");
		if (starts_with(s, "config ")) {
			s += strlen("config ");
			s += strspn(s, " \t");
			if (!strncmp(s, name, n) && strchr(" \t\r\n", s[n]))
				return true;
		}
	}
	return false;
}

/* In a Kconfig file of any directory, also of architectures and of what isn't built. */
static bool dir_has_option(const char *dir, const char *name, size_t n)
{
	DIR *d = opendir(dir);
	bool has = false;

	for (struct dirent *e; d && !has && (e = readdir(d));) {
		char *path = xasprintf("%s/%s", dir, e->d_name), *text;

		if (starts_with(e->d_name, "Kconfig")) {
			text = read_file(path, NULL);
			has = text && text_has_option(text, name, n);
			free(text);
		} else if (e->d_name[0] != '.' && is_dir(path)) {
			has = dir_has_option(path, name, n);
		}
		free(path);
	}
	if (d)
		closedir(d);
	return has;
}

/* line: CONFIG_NAME=value. The architecture's own options are in the overlay, beside the tree. */
static bool tree_has_option(const struct compdb *db, const char *line)
{
	const char *name = line + strlen("CONFIG_");
	char *arch = xasprintf("%s/arch/sd/Kconfig", db->overlay), *text = read_file(arch, NULL);
	size_t n = strcspn(name, "=");
	bool has = dir_has_option(db->tree, name, n) || (text && text_has_option(text, name, n));

	free(text);
	free(arch);
	return has;
}

static int report_dropped(const struct compdb *db, const char *fragment, int number,
			  const char *line, bool optional)
{
	bool has = tree_has_option(db, line);
	char *place;
	int r;

	if (!has && optional)
		return 0;
	place = xasprintf("%s:%d", fragment, number);
	r = has ? err(place,
		      "set what it depends on too, or drop the line (make menuconfig shows dependencies)",
		      "the tree's Kconfig doesn't accept %s", line)
		: err(place,
		      "correct the name, or drop the line; if other trees have it, begin a comment in "
		      "the line before with \"" OPTIONAL "\"",
		      "the tree's Kconfig has no such option: %s", line);
	free(place);
	return r;
}

/* Is the line in .config? Being off isn't written of options that the tree doesn't have. */
static bool is_accepted(const char *config, const char *line)
{
	char *want;
	bool is;

	if (!starts_with(line, "CONFIG_") || ends_with(line, "=n"))
		return true;
	want = xasprintf("\n%s\n", line);
	is = config && strstr(config, want);
	free(want);
	return is;
}

int kconfig_check(const struct compdb *db, const char *fragment)
{
	char *path = xasprintf("%s/.config", db->objdir), *config = read_file(path, NULL);
	char *text = read_file(fragment, NULL), *next = NULL;
	bool optional = false;
	int r = 0, number = 0;

	for (char *line = text; line && *line; line = next) {
		char *end = strchr(line, '\n');

		next = end ? end + 1 : line + strlen(line);
		number++;
		if (end)
			*end = 0;
		if (!is_accepted(config, line) &&
		    report_dropped(db, fragment, number, line, optional))
			r = -1;
		optional = starts_with(line, OPTIONAL);
	}
	free(config);
	free(text);
	free(path);
	return r;
}
