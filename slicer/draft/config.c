// SPDX-License-Identifier: GPL-2.0
/* config.c: calls + files => Kconfig fragment. See draft.h. */
#include "draft/draft.h"
#include "commands/calltable.h"
#include "commands/options.h"
#include "base/arch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* The two names of each call: what programs say, and the kernel's SYSCALL_DEFINE. */
static void see_row(void *arg, const struct call_row *row)
{
	struct draft *d = arg;

	for (size_t i = 0; i < d->calls.n; i++) {
		if (d->names.a[i] ||
		    (strcmp(row->name, d->calls.a[i]) && strcmp(row->entry, d->calls.a[i])))
			continue;
		free(d->calls.a[i]);
		d->calls.a[i] = xstrdup(row->entry);
		d->names.a[i] = xstrdup(row->name);
	}
}

static int find_calls(struct draft *d)
{
	struct strmap wanted = {};
	int r;

	for (size_t i = 0; i < d->calls.n; i++)
		*vec_add(&d->names) = NULL;
	r = call_table_read(d->tree, see_row, d);
	for (size_t i = 0; i < d->calls.n; i++) {
		d->names.a[i] = d->names.a[i] ?: xstrdup(d->calls.a[i]);
		strmap_add(&wanted, d->calls.a[i], NULL);
	}
	origin_find(&d->origin, &wanted);
	for (size_t i = 0; i < wanted.cap; i++)
		if (wanted.slots[i].key && !wanted.slots[i].value)
			r = err(wanted.slots[i].key, "see " CALL_TABLE " for the names",
				"no SYSCALL_DEFINE for it in %s", d->tree);
	strmap_free(&wanted);
	return r;
}

/* ---- the fragment ---- */

static void remember_fragment(struct options *o, const char *text)
{
	for (const char *l = text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL) {
		char *name;

		if (!starts_with(l, "CONFIG_"))
			continue;
		name = xstrndup(l + 7, strcspn(l + 7, "=\n"));
		strmap_add(&o->fragment, name, NULL);
		free(name);
	}
}

/* Its lines are those of the option and of all that it needs; nothing for one without a prompt
 * that the others bring. */
static int add_option(struct draft *d, struct options *o, const char *name, struct strbuf *config)
{
	struct strbuf chain = {}, lines = {};
	struct option_entry *e = options_find(o, name);
	int r = 0;

	if (!e || !e->defs.n || strmap_get(&o->fragment, name))
		return 0;
	if (!options_needs(o, name, &chain, &lines)) {
		r = err(name, "leave out the calls or files that need it",
			"an option can't be had: %s", chain.s);
	} else {
		for (char *l = lines.s, *next; l && (l = strstr(l, "CONFIG_")); l = next) {
			next = l + strcspn(l, "\n");
			sb_printf(config, "%.*s\n", (int)(next - l), l);
		}
		remember_fragment(o, config->s);
	}
	sb_free(&chain);
	sb_free(&lines);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int make_fragment(struct draft *d)
{
	char *base = xasprintf("%s/specs/new.config", repo_root()), *text = read_file(base, NULL);
	VEC(char *) names = {};
	struct strbuf config = {};
	struct options o;
	int r = text ? 0 : err(base, "restore it", "can't be read: %s", strerror(errno));

	options_load(&o, d->tree, arch_name(), NULL);
	sb_printf(&config, "# Kconfig fragment of the %s domain: written by `kslice new`.\n%s",
		  d->name, text ?: "");
	remember_fragment(&o, text);
	for (size_t i = 0; i < d->origin.options.cap; i++)
		if (d->origin.options.slots[i].key)
			*vec_add(&names) = d->origin.options.slots[i].key;
	qsort(names.a, names.n, sizeof(*names.a), by_name);
	for (size_t i = 0; i < names.n && !r; i++)
		r = add_option(d, &o, names.a[i], &config);
	free(names.a);
	options_free(&o);
	free(text);
	free(base);
	d->config = config.s;
	return r;
}

int draft_config(struct draft *d)
{
	for (size_t i = 0; i < d->ngiven; i++) {
		char *path = xasprintf("%s/%s", d->tree, d->origin.files.a[i]);
		int r = ends_with(path, ".c") ? access(path, R_OK) : -1;

		if (r)
			err(d->origin.files.a[i],
			    "a .c file, relative to the tree: net/unix/af_unix.c", "%s isn't there",
			    path);
		free(path);
		if (r)
			return -1;
	}
	return find_calls(d) ? -1 : make_fragment(d);
}
