// SPDX-License-Identifier: GPL-2.0
/*
 * build.c: recorded compile commands => build.ninja, without Kbuild. ninja runs in the directory
 * that the commands were recorded for (sliced: tree/build, with the generated headers), so relative
 * paths remain valid; absolute ones into the tree become relative.
 */
#include "tree/tree.h"
#include "base/arch.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct builder {
	const struct graph *g;
	const struct build_opts *o;
	char *obj, *lds; /* prefix of objects; linker script, as seen from ninja's directory */
	struct strbuf ninja, links, libs;
	json_t *commands;
	bool linkable;
};

static void ninja_add_quoted(struct strbuf *b, const char *s)
{
	bool plain = *s;

	for (const char *p = s; *p; p++)
		plain &= !strchr(" \t\"'\\$&|;<>()*?[]#~`!{}", *p);
	if (!plain)
		sb_puts(b, "'");
	for (; *s; s++) {
		if (*s == '\'')
			sb_puts(b, "'\\''");
		else if (*s == '$')
			sb_puts(b, "$$");
		else
			sb_add(b, s, 1);
	}
	if (!plain)
		sb_puts(b, "'");
}

/* Replaces path prefix `from` inside an argument (-Ipath, -include path, path). */
static char *swap_prefix(char *arg, const char *from, const char *to)
{
	char *at = strstr(arg, from), *out;
	size_t n = strlen(from);

	if (!at || (at[n] && at[n] != '/'))
		return arg;
	out = xasprintf("%.*s%s%s", (int)(at - arg), arg, to, at + n);
	free(arg);
	return out;
}

static char *moved_argument(const struct builder *b, const char *arg)
{
	const struct compdb *db = b->g->db;
	char *s = xstrdup(arg);

	if (b->o->kind == BUILD_WHOLE)
		return s;
	s = swap_prefix(s, db->objdir, ".");
	s = swap_prefix(s, db->overlay, "..");
	return swap_prefix(s, db->tree, "..");
}

/* The command's arguments without what ninja supplies: output, dependencies, source. A parameter
 * that only a dropped call has read is no fault of the slice; a newer kernel's -Wextra, which comes
 * without W=1, would tell of it in each unit. */
static char **flags_of(const struct builder *b, const struct tu *t, int *n)
{
	char **out = xcalloc(t->argc + 2, sizeof(*out));
	bool extra = false;

	*n = 0;
	for (int i = 0; i < t->argc; i++) {
		const char *a = t->argv[i];

		if (!strcmp(a, "-o")) {
			i++;
			continue;
		}
		if (!strcmp(a, "-c") || starts_with(a, "-Wp,-M") ||
		    (i && *a != '-' && ends_with(a, t->source)))
			continue;
		extra |= !strcmp(a, "-Wextra");
		out[(*n)++] = moved_argument(b, a);
	}
	if (extra && b->o->kind == BUILD_SLICED)
		out[(*n)++] = xstrdup("-Wno-unused-but-set-parameter");
	return out;
}

static char *source_of(const struct builder *b, const struct tu *t)
{
	if (b->o->kind == BUILD_SLICED)
		return xasprintf("../%s", t->source);
	return xasprintf("%s/%s", b->g->db->overlay, t->source);
}

static void ninja_add_unit(struct builder *b, uint32_t tu)
{
	const struct tu *t = &b->g->db->tus[tu];
	char *src = source_of(b, t), *dir = xasprintf("%s/tree/build", b->o->outdir);
	char *obj = xasprintf("%s/%s", b->obj, t->object), *dirs;
	json_t *entry = json_object(), *args = json_array();
	int n;
	char **flags = flags_of(b, t, &n);

	sb_printf(&b->ninja, "build %s | %s.warn: cc %s\n  flags =", obj, obj, src);
	for (int i = 0; i < n; i++) {
		json_array_append_new(args, json_string(flags[i]));
		if (i) {
			sb_puts(&b->ninja, " ");
			ninja_add_quoted(&b->ninja, flags[i]);
		}
		free(flags[i]);
	}
	sb_puts(&b->ninja, "\n");
	json_array_append_new(args, json_string("-c"));
	json_array_append_new(args, json_string("-o"));
	json_array_append_new(args, json_string(obj));
	json_array_append_new(args, json_string(src));
	dirs = realpath(dir, NULL);
	json_object_set_new(entry, "directory", json_string(dirs ? dirs : dir));
	json_object_set_new(entry, "file", json_string(src));
	json_object_set_new(entry, "output", json_string(obj));
	json_object_set_new(entry, "arguments", args);
	json_array_append_new(b->commands, entry);
	free(dirs);
	free(flags);
	free(dir);
	free(obj);
	free(src);
}

/* Members of an archive of the object directory in link order, which is also the order of
 * initcalls. */
static char *archive_members(const struct compdb *db, const char *archive)
{
	char *log = xasprintf("%s/.kslice-ar.%d", db->objdir, getpid()), *text = NULL;
	char *argv[] = {"llvm-ar-19", "t", (char *)archive, NULL};

	unlink(log);
	if (!run_command(argv, db->objdir, NULL, log))
		text = read_file(log, NULL);
	unlink(log);
	free(log);
	return text;
}

static int link_archive(struct builder *b, const struct strmap *objects, const char *archive,
			bool lib)
{
	const struct compdb *db = b->g->db;
	char *list = archive_members(db, archive), *save, *tok;
	struct strbuf *to = lib && b->o->kind == BUILD_WHOLE ? &b->libs : &b->links;

	if (!list)
		return err(archive, "remove the cached object directory and run again",
			   "the link order can't be read from it");
	for (tok = strtok_r(list, "\n", &save); tok; tok = strtok_r(NULL, "\n", &save)) {
		char *name = path_normalize(
			xstrdup(starts_with(tok, db->objdir) ? tok + strlen(db->objdir) + 1 : tok));
		char *in_lib = xasprintf("lib/%s", name);
		uint64_t *v = strmap_get(objects, name);

		if (!v && lib)
			v = strmap_get(objects, in_lib);
		if (!v)
			fprintf(stderr,
				"kslice: note: %s in %s has no compile command, not linked\n", tok,
				archive);
		else if (b->o->kind == BUILD_WHOLE || b->g->live[*v])
			sb_printf(to, " %s/%s", b->obj, db->tus[*v].object);
		free(in_lib);
		free(name);
	}
	free(list);
	return 0;
}

/* Objects that aren't in an archive (init/version-timestamp.o) come last. */
static int link_objects(struct builder *b)
{
	const struct compdb *db = b->g->db;
	struct strmap objects = {0};
	char *lib = xasprintf("%s/lib/lib.a", db->objdir);
	int r = 0;

	for (size_t i = 0; i < db->ntus; i++)
		*strmap_add(&objects, db->tus[i].object, NULL) = i;
	r = link_archive(b, &objects, "vmlinux.a", false);
	if (!r && !access(lib, F_OK))
		r = link_archive(b, &objects, "lib/lib.a", true);
	for (size_t i = 0; i < db->ntus && !r; i++) {
		char *o = xasprintf(" %s/%s", b->obj, db->tus[i].object);
		bool in = (b->links.s && strstr(b->links.s, o)) ||
			  (b->libs.s && strstr(b->libs.s, o));

		if (!in && (b->o->kind == BUILD_WHOLE || b->g->live[i]))
			sb_puts(&b->links, o);
		free(o);
	}
	free(lib);
	strmap_free(&objects);
	return r;
}

static void ninja_add_rules(struct builder *b, const char *cc)
{
	sb_printf(
		&b->ninja,
		"# made by kslice; ninja -C %s -f <this file>\n"
		"ninja_required_version = 1.8\nbuilddir = %s\n"
		"rule cc\n  command = %s $flags -MD -MF $out.d -c -o $out $in 2> $out.warn; "
		"s=$$?; cat $out.warn >&2; exit $$s\n" /* compared by slicer_NAME_warnings */
		"  depfile = $out.d\n  deps = gcc\n  description = CC $out\n"
		"rule ar\n  command = rm -f $out && llvm-ar-19 cDrST $out $in\n  description = AR $out\n"
		"rule ldr\n  command = ld.lld-19 -r -m elf_x86_64 --script=$lds -o $out @$out.rsp\n"
		"  rspfile = $out.rsp\n  rspfile_content = $objs $libs\n  description = LD $out\n"
		"rule image\n  command = sh $link $in $out\n  description = IMAGE $out\n",
		b->o->kind == BUILD_SLICED ? "tree/build" : "OBJDIR", b->obj, cc);
}

/* Adds all files matching `pattern` under runtime/ as dependencies of the link. */
static void ninja_add_runtime(struct builder *b, const char *pattern)
{
	char *path = xasprintf("%s/runtime/%s", repo_root(), pattern);
	glob_t found;

	if (!glob(path, 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			sb_printf(&b->ninja, " %s", found.gl_pathv[i]);
		globfree(&found);
	}
	free(path);
}

static void ninja_add_link(struct builder *b)
{
	const char *name = b->o->name;
	char *up = xasprintf("%s/..", b->obj), *lib = xasprintf("%s/lib.a", up);
	char *machine = xasprintf("machine/%s/*", b->g->spec->machine);

	if (b->libs.len)
		sb_printf(&b->ninja, "build %s: ar%s\n", lib, b->libs.s);
	sb_printf(&b->ninja, "build %s/%s.vmlinux: ldr |%s %s", up, name, b->links.s, b->lds);
	if (b->libs.len)
		sb_printf(&b->ninja, " %s", lib);
	sb_printf(&b->ninja, "\n  lds = %s\n  objs =%s\n", b->lds, b->links.s);
	if (b->libs.len)
		sb_printf(&b->ninja, "  libs = --start-group %s --end-group\n", lib);
	sb_printf(&b->ninja, "build %s/%s.image: image %s/%s.vmlinux |", up, name, up, name);
	ninja_add_runtime(b, machine);
	ninja_add_runtime(b, "machine/entries.txt");
	ninja_add_runtime(b, "transport/*/entries.txt");
	ninja_add_runtime(b, "include/abi.py");
	ninja_add_runtime(b, "include/sd/*");
	sb_printf(&b->ninja, "\n  link = %s/runtime/machine/%s/link.sh\n", repo_root(),
		  b->g->spec->machine);
	sb_printf(&b->ninja, "default %s/%s.image\n", up, name);
	free(machine);
	free(lib);
	free(up);
}

static int write_commands(const struct builder *b)
{
	char *path = xasprintf("%s/tree/compile_commands.json", b->o->outdir);
	char *text = json_dumps(b->commands, JSON_INDENT(1));
	int r = write_file_if_changed(path, text, strlen(text));

	free(text);
	free(path);
	return r;
}

int emit_build(const struct graph *g, const struct build_opts *o)
{
	struct builder b = {.g = g, .o = o, .commands = json_array()};
	bool sliced = o->kind == BUILD_SLICED;
	char *path, *lds_here, *abs;
	int r = 0;

	if (make_dirs(o->outdir))
		return -1;
	abs = realpath(o->outdir, NULL);
	if (!abs)
		return err(o->outdir, NULL, "%s", strerror(errno));
	path = xasprintf("%s/build.ninja", o->outdir);
	b.obj = sliced ? xstrdup("../../obj") : xasprintf("%s/obj", abs);
	b.lds = xasprintf("arch/%s/kernel/vmlinux.lds", arch_name());
	lds_here = xasprintf("%s/%s", g->db->objdir, b.lds);
	b.linkable = !access(lds_here, F_OK);
	if (g->db->ntus)
		ninja_add_rules(&b, g->db->tus[0].argv[0]);
	for (uint32_t tu = 0; tu < g->db->ntus; tu++)
		if (!sliced || g->live[tu])
			ninja_add_unit(&b, tu);
	if (b.linkable) {
		r = link_objects(&b);
		if (!r)
			ninja_add_link(&b);
	}
	if (!r)
		r = write_file_if_changed(path, b.ninja.s, b.ninja.len);
	if (!r && sliced)
		r = write_commands(&b);
	json_decref(b.commands);
	sb_free(&b.ninja);
	sb_free(&b.links);
	sb_free(&b.libs);
	free(b.obj);
	free(b.lds);
	free(lds_here);
	free(abs);
	free(path);
	return r;
}
