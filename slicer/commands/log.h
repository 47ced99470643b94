/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h: private to the pass commands: the compiler wrapper's log, the archives that list what is
 * linked, and compile commands on disk.
 */
#ifndef KSLICE_COMMANDS_LOG_H
#define KSLICE_COMMANDS_LOG_H

#include "commands/commands.h"
#include "base/util.h"

/* One recorded command; its strings are in the log's text. */
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
/* does it exist, not truncated by a full disk? Prints nothing */
bool cc_log_whole(const char *path);
void cc_log_free(struct cc_log *log);

/* Members of a thin archive, as paths relative to the object directory, in order. 0, or -1 if it
 * isn't a thin archive (prints nothing). */
typedef VEC(char *) name_vec;
int archive_members(const char *objdir, const char *archive, name_vec *members);

/* tus.json: the result of compdb_load(), for the next run; compile_commands.json: the same for
 * clangd. 0/-1 after err(). */
int compdb_save(const struct compdb *db, const char *tus_path);
int compdb_read(struct compdb *db,
		const char *tus_path); /* -1: missing or invalid; prints nothing */

#endif
