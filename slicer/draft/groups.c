// SPDX-License-Identifier: GPL-2.0
/* groups.c: calls => annotation groups of specs/annotations, those first that describe most of what
 * isn't described yet. See draft.h. */
#include "draft/draft.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

struct group_file {
	char *name;
	json_t *calls;
};

typedef VEC(struct group_file) file_vec;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct group_file *)a)->name, ((const struct group_file *)b)->name);
}

static int load_files(file_vec *files)
{
	char *dir = xasprintf("%s/specs/annotations", repo_root());
	DIR *d = opendir(dir);
	int r = d ? 0 : err(dir, "restore it", "can't be read: %s", strerror(errno));

	for (struct dirent *e; d && (e = readdir(d));) {
		char *path = xasprintf("%s/%s", dir, e->d_name);
		json_t *j = ends_with(path, ".json") ? json_load_file(path, 0, NULL) : NULL;

		if (j)
			*vec_add(files) =
				(struct group_file){xstrndup(e->d_name, strlen(e->d_name) - 5),
						    json_incref(json_object_get(j, "calls"))};
		json_decref(j);
		free(path);
	}
	if (d)
		closedir(d);
	free(dir);
	if (files->n)
		qsort(files->a, files->n, sizeof(*files->a), by_name);
	return r;
}

/* How many of the calls that no group has yet; mark: they are in one now. */
static size_t covered(const struct draft *d, const struct group_file *f, struct strmap *done,
		      bool mark)
{
	size_t n = 0;

	for (size_t i = 0; i < d->calls.n; i++) {
		if (!json_object_get(f->calls, d->names.a[i]) || strmap_get(done, d->names.a[i]))
			continue;
		n++;
		if (mark)
			strmap_add(done, d->names.a[i], NULL);
	}
	return n;
}

int draft_groups(struct draft *d)
{
	file_vec files = {};
	struct strmap done = {};
	int r = load_files(&files);

	for (size_t i = 0; i < d->groups.n; i++)
		free(d->groups.a[i]);
	d->groups.n = 0;
	for (;;) {
		size_t best = 0, most = 0;

		for (size_t i = 0; i < files.n; i++) {
			size_t n = covered(d, &files.a[i], &done, false);

			if (n > most) {
				most = n;
				best = i;
			}
		}
		if (!most)
			break;
		covered(d, &files.a[best], &done, true);
		*vec_add(&d->groups) = xstrdup(files.a[best].name);
	}
	for (size_t i = 0; i < files.n; i++) {
		json_decref(files.a[i].calls);
		free(files.a[i].name);
	}
	free(files.a);
	strmap_free(&done);
	return r;
}
