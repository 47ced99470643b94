// SPDX-License-Identifier: GPL-2.0
/* kconfig.c: .config + fragment => errors for lines that Kconfig dropped, each with what it lacks.
 * See kconfig.h. */
#include "commands/kconfig.h"
#include "commands/options.h"
#include "base/arch.h"
#include "base/similar.h"
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

/* The Kconfig file of any directory, also of architectures and of what isn't built, that has it;
 * NULL: none. The caller frees it. */
static char *find_option(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	char *found = NULL;

	for (struct dirent *e; d && !found && (e = readdir(d));) {
		char *path = xasprintf("%s/%s", dir, e->d_name);

		if (starts_with(e->d_name, "Kconfig")) {
			char *text = read_file(path, NULL);

			if (text && text_has_option(text, name, strlen(name)))
				found = xstrdup(path);
			free(text);
		} else if (e->d_name[0] != '.' && is_dir(path)) {
			found = find_option(path, name);
		}
		free(path);
	}
	if (d)
		closedir(d);
	return found;
}

/* ---- a line that .config doesn't have ---- */

struct dropped {
	const struct compdb *db;
	struct options options;
	bool loaded;
	const char *fragment;
	int number;	  /* of the line */
	const char *line; /* CONFIG_NAME=value */
	char *name;
};

static int dropped_error(const struct dropped *d, const char *cure, const char *why)
{
	char *place = xasprintf("%s:%d", d->fragment, d->number);

	err(place, cure, "the tree's Kconfig %s%s%s",
	    why ? "doesn't accept " : "has no such option: ", d->line, why ?: "");
	free(place);
	return -1;
}

/* With the lines to add, or why it can't be had. */
static int explain_dropped(struct dropped *d)
{
	struct strbuf chain = {}, lines = {};
	char *why, *cure;
	bool can = options_needs(&d->options, d->name, &chain, &lines);

	why = xasprintf(": %s", chain.s ?: "");
	if (!can)
		cure = xstrdup("drop the line: no other line makes up for that");
	else if (lines.len)
		cure = xasprintf("add these lines to it, or drop the line:%s", lines.s);
	else
		cure = xasprintf("correct the other lines, or drop this one");
	dropped_error(d, cure, why);
	free(why);
	free(cure);
	sb_free(&chain);
	sb_free(&lines);
	return -1;
}

/* The option that the choice has taken; NULL: it is none of a choice. */
static const char *chosen_instead(const struct options *o, const struct option_entry *e)
{
	int choice = e->defs.n ? e->defs.a[0].choice : 0;

	for (size_t i = 0; choice && i < o->all.n; i++) {
		const struct option_entry *other = o->all.a[i];

		if (other != e && other->defs.n && other->defs.a[0].choice == choice &&
		    !strcmp(options_value(o, other->name), "y"))
			return other->name;
	}
	return NULL;
}

/* Its dependencies are met, and still .config has something else. */
static int explain_value(struct dropped *d, const struct option_entry *e)
{
	const char *other = chosen_instead(&d->options, e);
	const char *value = options_value(&d->options, d->name);
	char *why, *cure;

	if (other) {
		why = xasprintf(": it is one of a choice, which is %s", other);
		cure = xasprintf("drop the line, or CONFIG_%s=y", other);
	} else {
		why = xasprintf(": it is %s, and became %s", *e->type ? e->type : "of no type",
				value);
		cure = xstrdup(ends_with(d->line, "=m")
				       ? "say =y: an image has no modules"
				       : "write a value of that type, as in .config: strings in "
					 "quotes, and within its range");
	}
	dropped_error(d, cure, why);
	free(why);
	free(cure);
	return -1;
}

/* Names that resemble it, or where else the tree has it. */
static int explain_absent(struct dropped *d)
{
	char *other = find_option(d->db->tree, d->name), *cure;
	struct similar best = {};
	struct strbuf b = {};
	int r;

	if (other) {
		cure = xasprintf(": only %s has it, which isn't read for arch/%s",
				 other + strlen(d->db->tree) + 1, arch_name());
		r = dropped_error(d, "drop the line: it can't be had here", cure);
		free(cure);
		free(other);
		return r;
	}
	for (size_t i = 0; i < d->options.all.n; i++)
		if (d->options.all.a[i]->defs.n)
			similar_offer(&best, d->name, d->options.all.a[i]->name);
	similar_print(&best, "similar names here: ", &b);
	sb_printf(
		&b,
		"%scorrect the name, or drop the line; if other trees have it, begin a comment in "
		"the line before with \"" OPTIONAL "\"",
		b.len ? "; " : "");
	r = dropped_error(d, b.s, NULL);
	sb_free(&b);
	return r;
}

static void load_options(struct dropped *d, const char *config)
{
	char *text = read_file(d->fragment, NULL), *save;

	options_load(&d->options, d->db->overlay, arch_name(), config);
	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		char *name = l + strlen("CONFIG_");

		if (!starts_with(l, "CONFIG_") || ends_with(l, "=n"))
			continue;
		name[strcspn(name, "=")] = 0;
		strmap_add(&d->options.fragment, name, NULL);
	}
	free(text);
	d->loaded = true;
}

static bool has_entry(const struct option_entry *e)
{
	return e && e->defs.n;
}

static int report_dropped(struct dropped *d, const char *config, bool optional)
{
	const char *name = d->line + strlen("CONFIG_");
	const struct option_entry *e;
	int r = 0;

	if (!d->loaded)
		load_options(d, config);
	d->name = xstrndup(name, strcspn(name, "="));
	e = options_find(&d->options, d->name);
	if (has_entry(e))
		r = options_met(&d->options, d->name) ? explain_value(d, e) : explain_dropped(d);
	else if (!optional)
		r = explain_absent(d);
	free(d->name);
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
	struct dropped d = {.db = db, .fragment = fragment};
	bool optional = false;
	int r = 0;

	for (char *line = text; line && *line; line = next) {
		char *end = strchr(line, '\n');

		next = end ? end + 1 : line + strlen(line);
		d.number++;
		if (end)
			*end = 0;
		d.line = line;
		if (!is_accepted(config, line) && report_dropped(&d, config, optional))
			r = -1;
		optional = starts_with(line, OPTIONAL);
	}
	if (d.loaded)
		options_free(&d.options);
	free(config);
	free(text);
	free(path);
	return r;
}
