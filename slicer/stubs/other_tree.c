// SPDX-License-Identifier: GPL-2.0
/* other_tree.c: stubs of a tree that isn't the default one, compared with those that programs
 * have. See stubs.h. */
#include "base/util.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_same_file(const char *a, const char *b, const char *name)
{
	char *pa = xasprintf("%s/%s", a, name), *pb = xasprintf("%s/%s", b, name);
	char *ta = read_file(pa, NULL), *tb = read_file(pb, NULL);
	bool same = ta && tb && !strcmp(ta, tb);

	free(ta);
	free(tb);
	free(pa);
	free(pb);
	return same;
}

/* Adds the names of the files of `dir` that `other` hasn't, or has with another text. */
static void add_differing(struct strmap *names, const char *dir, const char *other)
{
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && !is_same_file(dir, other, e->d_name))
			strmap_add(names, e->d_name, NULL);
	if (d)
		closedir(d);
}

static void print_differing(const struct spec *spec, const char *usual, const struct strmap *names)
{
	bool same = is_same_file(spec->generated, usual, "stubs_abi.h");

	progress_end();
	fprintf(stderr, "kslice: note: the stubs in %s differ from those in %s:", spec->generated,
		usual);
	for (size_t i = 0; i < names->cap; i++)
		if (names->slots[i].key)
			fprintf(stderr, " %s", names->slots[i].key);
	fprintf(stderr, "\n        %s\n",
		same ? "their ABI is the same, so programs can use this image"
		     : "their ABI differs: programs, which have the latter, get EPROTO from this "
		       "image; `kslice test' compiles its own");
}

void stubs_compare(const struct spec *spec)
{
	char *usual = spec_stubs("", spec->name);
	struct strmap names = {};

	if (strcmp(usual, spec->generated) && !access(usual, F_OK)) {
		add_differing(&names, spec->generated, usual);
		add_differing(&names, usual, spec->generated);
	}
	if (names.n)
		print_differing(spec, usual, &names);
	strmap_free(&names);
	free(usual);
}
