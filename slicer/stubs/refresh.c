// SPDX-License-Identifier: GPL-2.0
/*
 * refresh.c: keeps generated/<domain>/ up to date: regenerates it if the spec, an annotation group,
 * the calls' source files, the configuration, the generator or the output itself has changed.
 */
#include "commands/calltable.h"
#include "commands/commands.h"
#include "stubs/emit.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include "base/util.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_file(const char *path, uint64_t key)
{
	size_t len = 0;
	char *text = read_file(path, &len);

	key = hash64(text ? text : "", len, hash_str(text ? path : "none", key));
	free(text);
	return key;
}

static uint64_t hash_in(const char *dir, const char *file, uint64_t key)
{
	char *path = xasprintf("%s/%s", dir, file);

	key = hash_file(path, key);
	free(path);
	return key;
}

/* Hash of all files of a folder; sums are independent of the order. */
static uint64_t hash_dir(const char *dir, uint64_t key)
{
	DIR *d = opendir(dir);
	uint64_t sum = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			sum += hash_in(dir, e->d_name, key);
	if (d)
		closedir(d);
	return key ^ sum;
}

/* Hash of all inputs. units: a line for each that the last generation has read. */
static uint64_t inputs_key(const struct spec *spec, const struct compdb *db, const char *units)
{
	static const char *const headers[] = {"include/linux/syscalls.h", "include/linux/socket.h",
					      "include/linux/uio.h", CALL_TABLE};
	uint64_t key = hash_in("/proc/self", "exe", hash_file(spec->path, 0));
	char *list = xstrdup(units), *save = NULL;
	size_t i;

	for (i = 0; i < spec->annotations.n; i++) {
		char *path = xasprintf("%s/specs/annotations/%s.json", repo_root(),
				       spec->annotations.a[i]);

		key = hash_file(path, key);
		free(path);
	}
	for (i = 0; i < ARRAY_LEN(headers); i++)
		key = hash_in(db->overlay, headers[i], key);
	for (char *l = strtok_r(list, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		key = hash_in(db->overlay, l, key);
	key = hash_in(db->objdir, "include/generated/autoconf.h", key);
	free(list);
	return key;
}

static char *key_text(const struct spec *spec, const struct compdb *db, const char *dir,
		      const char *units)
{
	return xasprintf("%016llx\n%s",
			 (unsigned long long)hash_dir(dir, inputs_key(spec, db, units)), units);
}

/* A stamp is the key, and the units that it was made of. */
static bool same_key(const char *stamp, const struct spec *spec, const struct compdb *db,
		     const char *dir)
{
	char *text = read_file(stamp, NULL), *units = text ? strchr(text, '\n') : NULL, *now;
	bool same = false;

	if (units) {
		now = key_text(spec, db, dir, units + 1);
		same = !strcmp(text, now);
		free(now);
	}
	free(text);
	return same;
}

static int save_key(const char *stamp, const struct spec *spec, const struct compdb *db,
		    const char *dir, const struct strbuf *units)
{
	char *now = key_text(spec, db, dir, units->s ?: "");
	int r = make_parent_dirs(stamp) ? -1 : write_file(stamp, now, strlen(now));

	free(now);
	return r;
}

/* generated/NAME belongs to specs/NAME.json, if it exists: a spec elsewhere must not overwrite it.
 */
static int owns_its_name(const struct spec *spec)
{
	char *path = xasprintf("%s/specs/%s.json", repo_root(), spec->name);
	char *owner = realpath(path, NULL), *own = realpath(spec->path, NULL);
	int r = 0;

	if (owner && own && strcmp(owner, own))
		r = err(spec->path, "give it another name",
			"its \"name\", %s, is that of %s, whose generated/%s it would overwrite",
			spec->name, owner, spec->name);
	free(path);
	free(owner);
	free(own);
	return r;
}

int stubs_refresh(const struct spec *spec, const struct compdb *db)
{
	const char *dir = spec->generated;
	char *kbuild = xasprintf("%s/Kbuild", dir);
	char *stamp = xasprintf("%s/stubs/%s-%016llx", cache_dir(), spec->name,
				(unsigned long long)hash_str(dir, 0));
	char *was = read_file(kbuild, NULL), *is;
	struct strbuf units = {0};
	int r = owns_its_name(spec);

	if (!r && (!was || !same_key(stamp, spec, db, dir))) {
		r = stubs_make(spec, db, dir, &units);
		if (!r)
			r = save_key(stamp, spec, db, dir, &units);
		is = r ? NULL : read_file(kbuild, NULL);
		if (is && (!was || strcmp(was, is)))
			r = 1;
		free(is);
	}
	sb_free(&units);
	free(was);
	free(kbuild);
	free(stamp);
	return r;
}
