// SPDX-License-Identifier: GPL-2.0
/* index.c: contents of the facts directory => which units must be parsed. */
#include "facts/load.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef KSLICE_FACTS_ID
#error "KSLICE_FACTS_ID: hash of the sources that make facts, see CMakeLists.txt"
#endif

char *facts_file(const char *dir, const char *prefix, uint64_t hash, const char *suffix)
{
	return xasprintf("%s/%s%016" PRIx64 "%s", dir, prefix, hash, suffix);
}

static uint64_t command_hash(const struct tu *tu)
{
	uint64_t hash = hash_str(tu->source, 0);

	for (int i = 0; i < tu->argc; i++)
		hash = hash_str(tu->argv[i], hash);
	return hash;
}

/* "COMMAND BLOCK NDEPS DEP..." => fills the unit of that command, if there is one. Returns the text
 * after the line. */
static const char *index_read_unit(struct facts_index *index, const struct strmap *commands,
				   const char *line)
{
	const char *eol = strchr(line, '\n');
	char key[32], *end;
	struct index_unit *u = NULL;
	uint64_t command, block, *at;
	size_t n;

	if (!eol)
		return NULL;
	command = strtoull(line, &end, 16);
	block = strtoull(end, &end, 16);
	n = strtoull(end, &end, 10);
	snprintf(key, sizeof(key), "%" PRIx64, command);
	at = strmap_get(commands, key);
	if (at)
		u = &index->units[*at];
	for (size_t i = 0; i < n && u; i++) {
		uint32_t dep = strtoul(end, &end, 10);

		if (dep >= index->deps.deps.n)
			return NULL;
		*vec_add(&u->deps) = dep;
	}
	if (u) {
		u->block = block;
		u->valid = true;
	}
	return eol + 1;
}

/* In any order of the names. */
static uint64_t watch_hash(const struct facts_watch *watch)
{
	uint64_t hash = 0;

	for (size_t i = 0; watch && i < watch->names.cap; i++)
		if (watch->names.slots[i].key)
			hash += hash_str(watch->names.slots[i].key, 5);
	return hash;
}

static char *index_head(const struct facts_index *index)
{
	return xasprintf("kslice facts %s %" PRIx64 "\n", KSLICE_FACTS_ID, index->watch);
}

static bool index_read(struct facts_index *index, const struct strmap *commands, const char *text)
{
	char *head = index_head(index), *end;
	bool same = starts_with(text, head);

	text += same ? strlen(head) : 0;
	free(head);
	if (!same)
		return false;
	if (!starts_with(text, "pool "))
		return false;
	index->pool = strtoull(text + 5, &end, 16);
	text = *end == '\n' ? depset_read(&index->deps, end + 1) : NULL;
	while (text && *text)
		text = index_read_unit(index, commands, text);
	return text != NULL;
}

static void index_forget_all(struct facts_index *index)
{
	depset_free(&index->deps);
	depset_init(&index->deps);
	for (size_t i = 0; i < index->nunits; i++) {
		struct index_unit *u = &index->units[i];

		u->valid = false;
		u->block = 0;
		u->deps.n = 0;
	}
	index->pool = 0;
}

/* A changed header invalidates all units, a changed .c file those that read it. */
static void index_check_deps(struct facts_index *index)
{
	size_t n = index->deps.deps.n;
	bool *changed = xcalloc(n, sizeof(*changed)), header = false;

	for (size_t i = 0; i < n; i++) {
		const char *path = index->deps.deps.a[i].path;

		changed[i] = !depset_same(&index->deps, i);
		if (changed[i] && !ends_with(path, ".c") && !ends_with(path, ".S"))
			header = true;
	}
	for (size_t i = 0; i < index->nunits && !header; i++) {
		struct index_unit *u = &index->units[i];

		for (size_t j = 0; j < u->deps.n && u->valid; j++)
			u->valid = !changed[u->deps.a[j]];
	}
	if (header)
		index_forget_all(index);
	free(changed);
}

/* If a file is missing its unit is parsed again. */
static void index_check_files(struct facts_index *index, const char *dir)
{
	char *pool = facts_file(dir, "pool-", index->pool, ".facts"),
	     *claims = facts_file(dir, "", index->pool, ".claims");
	bool lost = index->pool && (access(pool, R_OK) || access(claims, R_OK));

	free(pool);
	free(claims);
	if (lost || !index->pool) {
		index_forget_all(index);
		return;
	}
	for (size_t i = 0; i < index->nunits; i++) {
		struct index_unit *u = &index->units[i];
		char *path = facts_file(dir, "", u->block, ".facts");

		if (u->valid && access(path, R_OK))
			u->valid = false;
		free(path);
	}
}

void index_load(struct facts_index *index, const struct compdb *db, const struct facts_watch *watch,
		const char *dir)
{
	char *path = xasprintf("%s/index", dir), *text = read_file(path, NULL);
	struct strmap commands = {};

	*index = (struct facts_index){.nunits = db->ntus,
				      .watch = watch_hash(watch),
				      .units = xcalloc(db->ntus, sizeof(*index->units))};
	depset_init(&index->deps);
	for (size_t i = 0; i < db->ntus; i++) {
		char key[32];

		index->units[i].command = command_hash(&db->tus[i]);
		snprintf(key, sizeof(key), "%" PRIx64, index->units[i].command);
		*strmap_add(&commands, key, NULL) = i;
	}
	if (text && index_read(index, &commands, text)) {
		index_check_deps(index);
		index_check_files(index, dir);
	} else {
		index_forget_all(index);
	}
	strmap_free(&commands);
	free(text);
	free(path);
}

/* Rebuilds the set with only the files that units still use, keeping their stat data. */
int index_save(const struct facts_index *index, const char *dir)
{
	char *path = xasprintf("%s/index", dir), *head = index_head(index);
	struct strbuf out = {};
	int rc;

	sb_printf(&out, "%spool %" PRIx64 "\n", head, index->pool);
	free(head);
	depset_write(&index->deps, &out);
	for (size_t i = 0; i < index->nunits; i++) {
		const struct index_unit *u = &index->units[i];

		sb_printf(&out, "%" PRIx64 " %" PRIx64 " %zu", u->command, u->block, u->deps.n);
		for (size_t j = 0; j < u->deps.n; j++) {
			char dep[16];

			sb_add(&out, dep, snprintf(dep, sizeof(dep), " %u", u->deps.a[j]));
		}
		sb_puts(&out, "\n");
	}
	rc = write_file(path, out.s, out.len);
	sb_free(&out);
	free(path);
	return rc;
}

void index_free(struct facts_index *index)
{
	for (size_t i = 0; i < index->nunits; i++)
		free(index->units[i].deps.a);
	free(index->units);
	depset_free(&index->deps);
}

void index_sweep(const struct facts_index *index, const char *dir)
{
	struct strmap keep = {};
	struct dirent *de;
	DIR *d = opendir(dir);
	char *name;

	for (size_t i = 0; i < index->nunits; i++) {
		name = facts_file("", "", index->units[i].block, ".facts");
		strmap_add(&keep, name + 1, NULL);
		free(name);
	}
	name = facts_file("", "pool-", index->pool, ".facts");
	strmap_add(&keep, name + 1, NULL);
	free(name);
	name = facts_file("", "", index->pool, ".claims");
	strmap_add(&keep, name + 1, NULL);
	free(name);
	strmap_add(&keep, "index", NULL);
	strmap_add(&keep, "lock", NULL);
	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.' && !strmap_get(&keep, de->d_name))
			unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
	strmap_free(&keep);
}
