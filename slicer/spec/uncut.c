// SPDX-License-Identifier: GPL-2.0
/* uncut.c: a spec without some of its cut groups. See uncut.h. */
#include "spec/uncut.h"
#include "base/util.h"
#include "spec/remote.h"
#include <stdlib.h>
#include <string.h>

static int no_such_group(const struct spec *spec, const char *name)
{
	struct strbuf names = {0};

	sb_puts(&names, spec->ngroups ? "name one of these:" : "the spec has none");
	for (size_t i = 0; i < spec->ngroups; i++)
		sb_printf(&names, " %s", spec->groups[i].name);
	err(spec->path, names.s, "--uncut: no cut group \"%s\"", name);
	sb_free(&names);
	return -1;
}

/* Entries are numbered by their first cut: the numbers move with the cuts. */
static void remove_cuts(struct spec *spec, const char *group)
{
	size_t n = 0, moved = 0;

	for (size_t i = 0; i < spec->ncuts; i++) {
		struct spec_cut c = spec->cuts[i];

		if (c.group && !strcmp(c.group, group)) {
			remote_free(c.remote);
			moved++;
			continue;
		}
		c.entry -= moved;
		spec->cuts[n++] = c;
	}
	spec->ncuts = n;
}

static int uncut_one(struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->ngroups; i++) {
		if (strcmp(spec->groups[i].name, name))
			continue;
		remove_cuts(spec, name);
		memmove(&spec->groups[i], &spec->groups[i + 1],
			(--spec->ngroups - i) * sizeof(*spec->groups));
		return 0;
	}
	return no_such_group(spec, name);
}

int spec_uncut(struct spec *spec, const char *groups)
{
	char *list = xstrdup(groups), *rest = NULL;
	int r = 0;

	for (char *name = strtok_r(list, ",", &rest); name && !r; name = strtok_r(NULL, ",", &rest))
		r = uncut_one(spec, name);
	free(list);
	return r ? r : spec_check_needs(spec);
}
