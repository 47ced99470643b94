// SPDX-License-Identifier: GPL-2.0
/*
 * from_json.c: compile_commands.json => struct compdb, for the stand-alone stub generator
 * (tests, and trees configured by hand). `kslice` itself uses compdb_load().
 */
#include "commands/commands.h"
#include "base/util.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PUSH(a, n, cap)                                             \
	({                                                          \
		(a) = vec_grow((a), (n) + 1, &(cap), sizeof(*(a))); \
		&(a)[(n)++];                                        \
	})

/* The kernel's commands use only the quotes '...' and \". */
static void tu_split_command(struct tu *tu, const char *cmd)
{
	struct strbuf b = {0};
	size_t cap = 0, n = 0;
	bool quoted = false, word = false;

	for (const char *p = cmd;; p++) {
		if (!*p || (*p == ' ' && !quoted)) {
			if (word)
				*PUSH(tu->argv, n, cap) = xstrdup(b.s ? b.s : "");
			b.len = 0;
			word = false;
			if (!*p)
				break;
			continue;
		}
		word = true;
		if (*p == '\'') {
			quoted = !quoted;
			continue;
		}
		if (*p == '\\' && !quoted && p[1])
			p++;
		sb_add(&b, p, 1);
	}
	tu->argc = (int)n;
	*PUSH(tu->argv, n, cap) = NULL;
	sb_free(&b);
}

/* The other standard form, "arguments", which kslice itself writes. */
static void tu_take_arguments(struct tu *tu, json_t *args)
{
	size_t cap = 0, n = 0, i;
	json_t *a;

	json_array_foreach (args, i, a)
		*PUSH(tu->argv, n, cap) = xstrdup(json_string_value(a) ?: "");
	tu->argc = (int)n;
	*PUSH(tu->argv, n, cap) = NULL;
}

/* An entry with "library": true is a member of a library, and comes last. */
static void move_library(struct compdb *db, const char *tree, const json_t *entry)
{
	const char *file = json_string_value(json_object_get(entry, "file"));
	size_t len = strlen(tree);

	if (!json_is_true(json_object_get(entry, "library")) || !file || strncmp(file, tree, len) ||
	    file[len] != '/')
		return;
	for (size_t i = 0; i < db->nbuiltin; i++) {
		struct tu tu = db->tus[i];

		if (strcmp(tu.source, file + len + 1))
			continue;
		memmove(&db->tus[i], &db->tus[i + 1], (db->ntus - i - 1) * sizeof(tu));
		db->tus[db->ntus - 1] = tu;
		db->nbuiltin--;
		return;
	}
}

int compdb_from_json(struct compdb *db, const char *tree, const char *path)
{
	json_error_t je;
	json_t *root = json_load_file(path, 0, &je), *e;
	size_t i, cap = 0, len = strlen(tree);

	memset(db, 0, sizeof(*db));
	if (!json_is_array(root))
		return err(path, "make it with scripts/clang-tools/gen_compile_commands.py",
			   "not a compile_commands.json: %s", je.text);
	db->tree = xstrdup(tree);
	db->overlay = xstrdup(tree);
	json_array_foreach (root, i, e) {
		const char *file = json_string_value(json_object_get(e, "file"));
		const char *cmd = json_string_value(json_object_get(e, "command"));
		json_t *args = json_object_get(e, "arguments");
		struct tu *tu;

		if (!file || (!cmd && !args) || strncmp(file, tree, len) || file[len] != '/')
			continue;
		if (!db->objdir)
			db->objdir = xstrdup(json_string_value(json_object_get(e, "directory")));
		tu = PUSH(db->tus, db->ntus, cap);
		tu->source = xstrdup(file + len + 1);
		tu->is_asm = ends_with(file, ".S");
		if (args)
			tu_take_arguments(tu, args);
		else
			tu_split_command(tu, cmd);
		for (int k = 0; k + 1 < tu->argc; k++)
			if (!strcmp(tu->argv[k], "-o"))
				tu->object = xstrdup(tu->argv[k + 1]);
		if (!tu->object)
			tu->object = xasprintf("%.*s.o", (int)strlen(tu->source) - 2, tu->source);
	}
	db->nbuiltin = db->ntus;
	json_array_foreach (root, i, e)
		move_library(db, tree, e);
	json_decref(root);
	return 0;
}
