/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h: inside of the pass commands: the compiler wrapper's log and the archives that say what is
 * linked, and compile commands on disk.
 */
#ifndef KSLICE_COMMANDS_LOG_H
#define KSLICE_COMMANDS_LOG_H

#include "commands/commands.h"
#include "base/util.h"

/* One recorded command; the strings lie in the log's text. */
struct log_entry {
	const char *cwd, *source, *object;
	const char **argv, **deps;
	uint32_t argc, ndeps;
	bool is_asm, to_asm;
};

struct cc_log {
	char *text;
	VEC(struct log_entry) entries;
	struct strmap by_object; /* 1 + index of the last entry */
};
int cc_log_read(struct cc_log *log, const char *path); /* 0, -1 after err() */
bool cc_log_whole(const char *path); /* there, and not cut off by a full disk; prints nothing */
void cc_log_free(struct cc_log *log);

/* Members of a thin archive, as paths relative to the object directory, in order. 0, -1: not one
 * (nothing printed). */
typedef VEC(char *) name_vec;
int archive_members(const char *objdir, const char *archive, name_vec *members);

/* tus.json: what compdb_load() gives, for the next run; compile_commands.json: the same for clangd.
 * 0/-1 after err(). */
int compdb_save(const struct compdb *db, const char *tus_path);
int compdb_read(struct compdb *db,
		const char *tus_path); /* -1: not there or not of this format, nothing printed */

#endif
