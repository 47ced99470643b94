// SPDX-License-Identifier: GPL-2.0
/* log.c: wrapper log, thin archives, and compile commands on disk. */
#include "commands/log.h"
#include "commands/wrapper/cc_log.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#define TUS_FORMAT 3

/* ---- the wrapper's log ---- */

static const char *log_take(const char **s)
{
	const char *at = *s;

	*s += strlen(at) + 1;
	return at;
}

static void read_record(struct cc_log *log, const char *at)
{
	struct cc_record head;
	struct log_entry e = {};

	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	e.argc = head.argc;
	e.ndeps = head.ndeps;
	e.is_asm = head.is_asm;
	e.to_asm = head.to_asm;
	e.cwd = log_take(&at);
	e.source = log_take(&at);
	e.object = log_take(&at);
	e.argv = xcalloc(e.argc, sizeof(*e.argv));
	for (uint32_t i = 0; i < e.argc; i++)
		e.argv[i] = log_take(&at);
	e.deps = xcalloc(e.ndeps, sizeof(*e.deps));
	for (uint32_t i = 0; i < e.ndeps; i++)
		e.deps[i] = log_take(&at);
	*vec_add(&log->entries) = e;
	*strmap_add(&log->by_object, e.object, NULL) = log->entries.n;
}

/* Offset of the first byte after the complete records; len if all are complete. */
static size_t whole_records(const char *text, size_t len,
			    void (*fn)(struct cc_log *log, const char *at), struct cc_log *log)
{
	struct cc_record head;
	size_t at = 0;

	while (len - at >= sizeof(head)) {
		memcpy(&head, text + at, sizeof(head));
		if (head.magic != CC_MAGIC || head.size < sizeof(head) || head.size > len - at)
			break;
		if (fn)
			fn(log, text + at);
		at += head.size;
	}
	return at;
}

bool cc_log_whole(const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	bool whole = text && whole_records(text, len, NULL, NULL) == len;

	free(text);
	return whole;
}

int cc_log_read(struct cc_log *log, const char *path)
{
	size_t len, at;

	*log = (struct cc_log){};
	log->text = read_file(path, &len);
	if (!log->text)
		return err(path, "remove its directory and run again",
			   "no compile commands were recorded: %s", strerror(errno));
	at = whole_records(log->text, len, read_record, log);
	if (at != len)
		return err(path, "remove its directory and run again",
			   "the log of compile commands is damaged at byte %zu", at);
	return 0;
}

void cc_log_free(struct cc_log *log)
{
	for (size_t i = 0; i < log->entries.n; i++) {
		free(log->entries.a[i].argv);
		free(log->entries.a[i].deps);
	}
	free(log->entries.a);
	free(log->text);
	strmap_free(&log->by_object);
}

/* ---- thin archives ---- */

#define AR_HEAD 60

/* Path of a member relative to the object directory; in the file it is relative to the archive's
 * directory. */
static char *member_path(const char *archive, const char *name, size_t n)
{
	const char *slash = strrchr(archive, '/');
	char *dir = slash ? xstrndup(archive, slash - archive) : xstrdup(".");
	char *path = *name == '/' ? xstrndup(name, n) : xasprintf("%s/%.*s", dir, (int)n, name);

	free(dir);
	return path_normalize(path);
}

static int read_archive(const char *text, size_t len, const char *archive, name_vec *members)
{
	const char *names = NULL;
	size_t names_len = 0;

	for (size_t at = 8; at + AR_HEAD <= len;) {
		const char *head = text + at;
		size_t size = strtoull(head + 48, NULL, 10);

		at += AR_HEAD;
		if (head[0] == '/' && head[1] == '/') {
			names = text + at;
			names_len = size;
			at += size + (size & 1);
		} else if (head[0] == '/' && isdigit((unsigned char)head[1])) {
			size_t off = strtoull(head + 1, NULL, 10), n = 0;

			while (off + n < names_len && names[off + n] != '\n')
				n++;
			if (n && names[off + n - 1] == '/')
				n--;
			*vec_add(members) = member_path(archive, names + off, n);
		} else if (head[0] == '/') {
			at += size + (size & 1); /* the symbol table */
		} else {
			size_t n = 0;

			while (n < 16 && head[n] != '/')
				n++;
			*vec_add(members) = member_path(archive, head, n);
		}
	}
	return 0;
}

int archive_members(const char *objdir, const char *archive, name_vec *members)
{
	char *path = xasprintf("%s/%s", objdir, archive);
	size_t len;
	char *text = read_file(path, &len);
	int rc = -1;

	if (text && len >= 8 && starts_with(text, "!<thin>\n"))
		rc = read_archive(text, len, archive, members);
	free(text);
	free(path);
	return rc;
}

/* ---- on disk ---- */

static json_t *string_array(char **strings, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(strings[i]));
	return array;
}

static int save_json(json_t *json, const char *path)
{
	char *text = json_dumps(json, JSON_INDENT(1));
	int rc;

	if (!text)
		return err(path, NULL, "a compile command isn't UTF-8");
	rc = write_file_if_changed(path, text, strlen(text));
	free(text);
	json_decref(json);
	return rc;
}

static int save_standard(const struct compdb *db)
{
	char *path = xasprintf("%s/compile_commands.json", db->dir);
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; i < db->ntus; i++) {
		const struct tu *tu = &db->tus[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "directory",
						      db->objdir, "file", tu->argv[tu->argc - 1],
						      "arguments", string_array(tu->argv, tu->argc),
						      "output", tu->object));
	}
	rc = save_json(list, path);
	free(path);
	return rc;
}

int compdb_save(const struct compdb *db, const char *tus_path)
{
	json_t *list = json_array();

	if (save_standard(db))
		return -1;
	for (size_t i = 0; i < db->ntus; i++) {
		const struct tu *tu = &db->tus[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b, s:o, s:o}", "source", tu->source,
						"object", tu->object, "asm", tu->is_asm, "argv",
						string_array(tu->argv, tu->argc), "deps",
						string_array(tu->deps, tu->ndeps)));
	}
	return save_json(json_pack("{s:i, s:I, s:o}", "format", TUS_FORMAT, "builtin",
				   (json_int_t)db->nbuiltin, "tus", list),
			 tus_path);
}

static char **read_strings(json_t *array, size_t *n)
{
	char **strings = xcalloc(json_array_size(array) + 1, sizeof(*strings));

	*n = json_array_size(array);
	for (size_t i = 0; i < *n; i++)
		strings[i] = xstrdup(json_string_value(json_array_get(array, i)));
	return strings;
}

int compdb_read(struct compdb *db, const char *tus_path)
{
	json_t *json = json_load_file(tus_path, 0, NULL), *list = json_object_get(json, "tus"),
	       *item;
	size_t i, argc;

	if (!json || json_integer_value(json_object_get(json, "format")) != TUS_FORMAT) {
		json_decref(json);
		return -1;
	}
	db->ntus = json_array_size(list);
	db->nbuiltin = json_integer_value(json_object_get(json, "builtin"));
	db->tus = xcalloc(db->ntus, sizeof(*db->tus));
	json_array_foreach (list, i, item) {
		struct tu *tu = &db->tus[i];

		tu->source = xstrdup(json_string_value(json_object_get(item, "source")));
		tu->object = xstrdup(json_string_value(json_object_get(item, "object")));
		tu->is_asm = json_is_true(json_object_get(item, "asm"));
		tu->argv = read_strings(json_object_get(item, "argv"), &argc);
		tu->argc = argc;
		tu->deps = read_strings(json_object_get(item, "deps"), &tu->ndeps);
	}
	json_decref(json);
	return 0;
}

void compdb_dump(const struct compdb *db, FILE *out)
{
	fprintf(out, "tree %s\noverlay %s\nobjects %s\n", db->tree, db->overlay, db->objdir);
	for (size_t i = 0; i < db->ntus; i++) {
		const struct tu *tu = &db->tus[i];

		fprintf(out, "%s => %s\n\t", tu->source, tu->object);
		for (int k = 0; k < tu->argc; k++)
			fprintf(out, "%s%s", k ? " " : "", tu->argv[k]);
		putc('\n', out);
	}
}
