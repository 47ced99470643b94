// SPDX-License-Identifier: GPL-2.0
/*
 * source.c: closure => source tree. Every file is the original text without dead file-scope
 * definitions, dead initialiser elements and what the cuts delete. Files without kept text aren't
 * written; headers are copied whole.
 */
#include "tree/tree.h"
#include "base/arch.h"
#include "closure/why.h"
#include "spec/remote.h"
#include "tree/edits.h"
#include "tree/textedit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOTE_HEADER "sd/remote.h" /* declares the function called by the body of a remote cut */

struct piece {
	uint32_t beg, end;
	bool dead;
	bool type;   /* also declares a type, which is kept */
	char *names; /* of a type with attributes: the declarators, see EDIT_TYPE */
};

/* A call to be deleted; how depends on the text around it. */
struct gone_call {
	uint32_t beg, end, def_beg, def_end;
	bool stmt;
	const char *value;
};

/* One file of the tree, which several translation units may contain. */
struct out_file {
	const char *path;
	VEC(struct piece) pieces;
	VEC(struct gone_call) calls;
	struct edits edits;
};

struct emitter {
	const struct graph *g;
	char *newdir, *olddir;
	VEC(struct out_file) files;
	struct strmap index;
	struct strmap traps; /* "file:name" of each function put in for dead slots */
	struct edit_list *list;
};

static struct out_file *out_file_for(struct emitter *em, const char *path)
{
	bool added;
	uint64_t *v = strmap_add(&em->index, path, &added);

	if (added) {
		struct out_file *f = vec_add(&em->files);

		f->path = path;
		*v = em->files.n;
	}
	return &em->files.a[*v - 1];
}

static bool ref_target_kept(const struct graph *g, const struct facts *f, const struct fact_ref *r)
{
	uint32_t n = graph_node(g, fact_str(f, r->key));

	/* symbols that the tree doesn't define (builtins, linker symbols) can't be missing */
	return n == NONE || g->nodes.a[n].first == NONE || g->nodes.a[n].kept;
}

/* Does the unit declare a type that others may use, and that can stay alone? */
static bool unit_has_type(const struct graph *g, const struct unit *u)
{
	bool type = false;

	for (uint32_t i = 0; i < u->n; i++) {
		const struct fact_def *d = graph_def(g, g->unit_defs[u->first + i]);

		type |= d->kind == DEF_TYPE;
	}
	return type && !unit_binds_types(g, u);
}

/* NULL: the unit's types have no attributes. */
static char *declarators(const struct graph *g, const struct unit *u)
{
	struct strbuf names = {0};
	bool attributes = false;

	sb_puts(&names, " ");
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t def_id = g->unit_defs[u->first + i];
		const struct fact_def *d = graph_def(g, def_id);

		if (d->kind == DEF_TYPE)
			attributes |= d->flags & DEF_ATTRS;
		else
			sb_printf(&names, "%s ", graph_name(g, def_id));
	}
	if (attributes)
		return names.s;
	sb_free(&names);
	return NULL;
}

static bool unit_is_dead(const struct graph *g, const struct unit *u)
{
	const struct facts *f = &g->facts[u->tu];
	bool dead = false;

	if (u->kept)
		return false;
	if (u->dropped)
		return true;
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t def_id = g->unit_defs[u->first + i], n = g->node_of[def_id];
		const struct fact_def *d = graph_def(g, def_id);

		if (d->kind == DEF_TYPE)
			continue; /* a type alone may stay */
		if (d->flags & DEF_EXPORT) {
			if (d->nref && ref_target_kept(g, f, &f->refs[d->ref0]))
				return false;
		} else if (d->kind == DEF_PROTO) {
			if (!(d->flags & DEF_STATIC) || n == NONE || g->nodes.a[n].kept)
				continue; /* an extern declaration may stay, and doesn't decide */
		}
		dead = true;
	}
	return dead;
}

static void collect_units(struct emitter *em)
{
	const struct graph *g = em->g;

	for (size_t i = 0; i < g->units.n; i++) {
		const struct unit *u = &g->units.a[i];
		const struct facts *f = &g->facts[u->tu];

		if (u->tu == g->db->ntus || !g->live[u->tu] || u->beg >= u->end ||
		    f->files[u->file].header ||
		    graph_def(g, g->unit_defs[u->first])->flags & DEF_HEADER)
			continue;
		*vec_add(&out_file_for(em, fact_str(f, f->files[u->file].path))->pieces) =
			(struct piece){u->beg, u->end, unit_is_dead(g, u), unit_has_type(g, u),
				       declarators(g, u)};
	}
}

static bool has_dead_ref(const struct graph *g, const struct facts *f, const struct fact_def *d,
			 const struct fact_element *e)
{
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const struct fact_ref *r = &f->refs[i];

		if (r->off >= e->beg && r->off < e->end && !ref_target_kept(g, f, r))
			return true;
	}
	return false;
}

/*
 * A dead slot gets a function that says its name, so that a slice which reads it after all doesn't
 * jump to 0. It stands above the table, once for all slots of that name.
 */
static void trap_slot(struct emitter *em, uint32_t def_id, const struct fact_element *e)
{
	const struct graph *g = em->g;
	struct out_file *file = out_file_for(em, graph_file(g, def_id));
	const char *table = graph_name(g, def_id),
		   *slot = key_name(fact_str(graph_facts(g, def_id), e->field));
	char *name = xasprintf("sd_dead_%s_%s", table, slot),
	     *key = xasprintf("%s:%s", file->path, name);
	bool added;

	strmap_add(&em->traps, key, &added);
	if (added)
		edit_add(
			&file->edits, EDIT_ABOVE, graph_def(g, def_id)->beg,
			graph_def(g, def_id)->beg,
			xasprintf(
				"static void __attribute__((noreturn)) %s(void)\n{\n"
				"\textern void sd_trap(const char *name) __attribute__((noreturn));\n\n"
				"\tsd_trap(\"%s.%s is a slot that nothing kept reads\");\n}\n\n",
				name, table, slot));
	edit_add(&file->edits, EDIT_PUT, e->value, e->value_end, xasprintf("(void *)%s", name));
	free(name);
	free(key);
}

static bool element_is_dead(const struct graph *g, uint32_t def_id, uint32_t element)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_element *e = &f->elements[element];

	return e->end && !closure_element_live(g, def_id, element) &&
	       has_dead_ref(g, f, graph_def(g, def_id), e);
}

/* One that holds it goes, and it with that. */
static bool parent_is_dead(const struct graph *g, uint32_t def_id, uint32_t element)
{
	const struct facts *f = graph_facts(g, def_id);

	for (uint32_t p = f->elements[element].parent; p; p = f->elements[p - 1].parent)
		if (element_is_dead(g, def_id, p - 1))
			return true;
	return false;
}

static void collect_elements(struct emitter *em, uint32_t def_id)
{
	const struct facts *f = graph_facts(em->g, def_id);
	const struct fact_def *d = graph_def(em->g, def_id);

	for (uint32_t i = d->element0; i < d->element0 + d->nelement; i++) {
		const struct fact_element *e = &f->elements[i];

		if (!element_is_dead(em->g, def_id, i) || parent_is_dead(em->g, def_id, i))
			continue;
		if (e->value)
			trap_slot(em, def_id, e);
		else
			edit_add(&out_file_for(em, graph_file(em->g, def_id))->edits, EDIT_ELEMENT,
				 e->beg, e->end, NULL);
	}
}

static bool unit_includes(const struct facts *f, const char *header)
{
	for (uint32_t i = 0; i < f->nfiles; i++)
		if (ends_with(fact_str(f, f->files[i].path), header))
			return true;
	return false;
}

/* With declarations inside the body, so that it works in any file; they must agree with the
 * header's if that is included. */
static char *remote_body(const struct spec_cut *c, bool declared)
{
	static const char plain[] = "int (*)(void *, long *, const unsigned long long *)";
	const struct remote *r = c->remote;
	struct strbuf b = {0};

	if (declared)
		sb_printf(
			&b,
			"{ extern enum sd_status sd_%s_stub_%s(struct sd_qp *qp, long *ret, const u64 a[6]);",
			c->domain, r->call);
	else
		sb_printf(
			&b,
			"{ extern int sd_%s_stub_%s(void *, long *, const unsigned long long *); "
			"extern long sd_remote_call(const char *, unsigned int, %s, const unsigned long long *);",
			c->domain, r->call, plain);
	sb_puts(&b, " const unsigned long long arg[6] = {");
	for (unsigned i = 0; i < r->n; i++)
		sb_printf(&b, r->pointer[i] ? "%s(unsigned long)%s" : "%s%s", i ? ", " : " ",
			  r->names[i]);
	sb_printf(&b, " }; return sd_remote_call(\"%s\", 0x%08xu, sd_%s_stub_%s, arg); }",
		  c->domain, r->abi, c->domain, r->call);
	return b.s;
}

/* What a trap says: "f was cut out by the group g; reached by sys_c > a > f". */
static char *trap_text(const struct graph *g, uint32_t def_id, const struct spec_cut *c)
{
	struct strbuf text = {0};
	char *path = why_line(g, def_id);

	sb_printf(&text, "%s was cut out by %s%s", c->symbol, c->group ? "the group " : "the spec",
		  c->group ?: "");
	sb_printf(&text, "; %s", path);
	free(path);
	return text.s;
}

static void collect_body(struct emitter *em, uint32_t def_id)
{
	const struct graph *g = em->g;
	const struct spec_cut *c = &g->spec->cuts[g->body_cut[def_id] - 1];
	const struct fact_def *d = graph_def(g, def_id);
	char *text, *says;

	if (c->kind == CUT_REMOTE) {
		text = remote_body(c, unit_includes(graph_facts(g, def_id), REMOTE_HEADER));
	} else if (c->kind == CUT_TRAP) {
		says = trap_text(g, def_id, c);
		text = xasprintf(
			"{ extern void sd_trap(const char *text) __attribute__((noreturn)); "
			"sd_trap(\"%s\"); }",
			says);
		free(says);
	} else {
		text = c->value ? xasprintf("{ return %s; }", c->value) : xstrdup("{ }");
	}
	edit_add(&out_file_for(em, graph_file(g, def_id))->edits, EDIT_BODY, d->body, d->end, text);
}

static void collect_drops(struct emitter *em, uint32_t def_id)
{
	const struct graph *g = em->g;
	const struct dropping *drop;
	size_t n;

	drop = drops_of(g, def_id, &n);
	for (size_t i = 0; i < n; i++) {
		const struct spec_cut *c = &g->spec->cuts[drop[i].cut];
		const struct fact_def *d = graph_def(g, def_id);

		*vec_add(&out_file_for(em, graph_file(g, def_id))->calls) = (struct gone_call){
			drop[i].beg, drop[i].end, d->beg, d->end, drop[i].stmt, c->value};
	}
}

static void collect_edits(struct emitter *em)
{
	const struct graph *g = em->g;

	for (uint32_t tu = 0; tu < g->db->ntus; tu++) {
		const struct facts *f = &g->facts[tu];

		if (g->live[tu] && f->str)
			for (uint32_t i = 0; i < f->nfiles; i++)
				out_file_for(em, fact_str(f, f->files[i].path));
	}
	collect_units(em);
	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		const struct fact_def *d = graph_def(g, def_id);

		if (!g->kept[def_id])
			continue;
		if (d->kind == DEF_VAR && d->nelement && !(d->flags & DEF_HEADER))
			collect_elements(em, def_id);
		if (g->body_cut[def_id])
			collect_body(em, def_id);
		else
			collect_drops(em, def_id);
	}
}

static int compare_pieces(const void *pa, const void *pb)
{
	const struct piece *a = pa, *b = pb;

	if (a->beg != b->beg)
		return a->beg < b->beg ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a->dead - b->dead;
}

/* Deletes a piece if it is dead in every unit that contains it, and contains nothing that is kept.
 */
static int pieces_to_edits(struct out_file *f)
{
	size_t n = 0;

	if (!f->pieces.n)
		return 0;
	qsort(f->pieces.a, f->pieces.n, sizeof(*f->pieces.a), compare_pieces);
	for (size_t i = 0; i < f->pieces.n; i++) {
		struct piece *p = &f->pieces.a[i], *last = n ? &f->pieces.a[n - 1] : NULL;

		if (last && last->beg == p->beg && last->end == p->end)
			last->dead &= p->dead;
		else
			f->pieces.a[n++] = *p;
	}
	f->pieces.n = n;
	for (size_t i = 0; i < n; i++) {
		struct piece *p = &f->pieces.a[i];
		bool holds = false;

		for (size_t k = i + 1; k < n && f->pieces.a[k].beg < p->end; k++)
			holds |= !f->pieces.a[k].dead;
		if (p->dead && !holds)
			edit_add(&f->edits, p->type ? EDIT_TYPE : EDIT_DEF, p->beg, p->end,
				 p->names ? xstrdup(p->names) : NULL);
		else if (p->dead && getenv("KSLICE_DEBUG"))
			fprintf(stderr,
				"kslice: %s: dead bytes %u-%u contain something that is kept\n",
				f->path, p->beg, p->end);
	}
	return 0;
}

static void calls_to_edits(struct out_file *f, const char *text, size_t len)
{
	VEC(struct range) gone = {0};

	for (size_t i = 0; i < f->calls.n; i++)
		*vec_add(&gone) = (struct range){f->calls.a[i].beg, f->calls.a[i].end};
	for (size_t i = 0; i < f->calls.n; i++) {
		const struct gone_call *c = &f->calls.a[i];
		char *voids = orphaned_locals(text, len, c->def_beg, c->def_end, gone.a, gone.n, i,
					      c->stmt ? "; " : ", ");

		if (!c->stmt)
			edit_add(
				&f->edits, EDIT_PUT, c->beg, c->end,
				*voids ? xasprintf("(%s%s)", voids, c->value ? c->value : "(void)0")
				       : xasprintf("(%s)", c->value ? c->value : "(void)0"));
		else if (*voids)
			edit_add(&f->edits, EDIT_PUT, c->beg, c->end, xasprintf("{ %s}", voids));
		else
			edit_add(&f->edits, EDIT_STMT, c->beg, c->end, NULL);
		free(voids);
	}
	free(gone.a);
}

/* Output path of a file named in facts; NULL: not in the tree, so not copied. */
static char *out_path(const char *path)
{
	if (starts_with(path, "obj:"))
		return xasprintf("build/%s", path + 4);
	return *path == '/' || !*path ? NULL : xstrdup(path);
}

static char *in_path(const struct graph *g, const char *path)
{
	if (starts_with(path, "obj:"))
		return xasprintf("%s/%s", g->db->objdir, path + 4);
	return xasprintf("%s/%s", g->db->overlay, path);
}

static int write_new(const char *path, const char *s, size_t len)
{
	int fd, r = 0;

	if (make_parent_dirs(path))
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err(path, "check the folder's rights", "%s", strerror(errno));
	while (len && !r) {
		ssize_t n = write(fd, s, len);

		if (n < 0)
			r = err(path, "make room on the disk", "%s", strerror(errno));
		s += n;
		len -= n;
	}
	if (close(fd) && !r)
		r = err(path, "make room on the disk", "%s", strerror(errno));
	return r;
}

/* Links the old file into the new tree if the contents are equal, so ninja sees its old mtime. */
static int put_file(struct emitter *em, const char *rel, const char *s, size_t len)
{
	char *new = xasprintf("%s/%s", em->newdir, rel), *old = xasprintf("%s/%s", em->olddir, rel);
	struct stat st;
	char *was = NULL;
	size_t waslen;
	int r = -1;

	if (!stat(old, &st) && (size_t)st.st_size == len && (was = read_file(old, &waslen)) &&
	    waslen == len && !memcmp(was, s, len)) {
		r = make_parent_dirs(new);
		if (!r)
			r = link(old, new);
	}
	if (r)
		r = write_new(new, s, len);
	free(was);
	free(new);
	free(old);
	return r;
}

static int emit_file(struct emitter *em, struct out_file *f)
{
	char *to = out_path(f->path), *from;
	struct strbuf out = {0};
	char *text;
	size_t len;
	int r;

	if (!to)
		return 0;
	from = in_path(em->g, f->path);
	text = read_file(from, &len);
	if (!text) {
		r = err(from, "run kslice again: the tree changed meanwhile", "%s",
			strerror(errno));
	} else {
		pieces_to_edits(f);
		calls_to_edits(f, text, len);
		edit_list_add(em->list, f->path, text, len, &f->edits);
		sb_add(&out, "", 0);
		r = edit_apply(text, len, &f->edits, &out);
		if (r)
			r = err(from, "report this: it is an error of kslice",
				"deletions overlap in this file");
		else
			r = put_file(em, to, out.s, out.len);
	}
	sb_free(&out);
	free(text);
	free(from);
	free(to);
	return r;
}

/* Copies assembler files whole, with all files that they include. */
static int asm_files(struct emitter *em, uint32_t tu)
{
	const struct compdb *db = em->g->db;
	const struct tu *t = &db->tus[tu];
	char **argv = xcalloc(t->argc + 8, sizeof(*argv)), *list, *save, *tok, *dep;
	int n = 0, r;

	dep = xasprintf("%s/%s.kslice-deps", db->objdir, t->source);
	for (int i = 0; i < t->argc; i++) {
		if (!strcmp(t->argv[i], "-o") || starts_with(t->argv[i], "-Wp,-M"))
			i += !strcmp(t->argv[i], "-o");
		else if (strcmp(t->argv[i], "-c"))
			argv[n++] = t->argv[i];
	}
	argv[n++] = "-M";
	argv[n++] = "-MF";
	argv[n++] = dep;
	r = make_parent_dirs(dep) ? -1 : run_command(argv, db->objdir, NULL, NULL);
	list = r ? NULL : read_file(dep, NULL);
	unlink(dep);
	if (!list)
		r = err(t->source, "compile it by hand to see why",
			"its dependencies can't be listed");
	for (tok = list ? strtok_r(list, " \\\n\t", &save) : NULL; tok;
	     tok = strtok_r(NULL, " \\\n\t", &save)) {
		char *p;

		if (tok[strlen(tok) - 1] == ':')
			continue;
		if (*tok == '/')
			p = path_normalize(xstrdup(tok));
		else
			p = path_normalize(xasprintf("%s/%s", db->objdir, tok));
		if (starts_with(p, db->overlay) && p[strlen(db->overlay)] == '/')
			out_file_for(em, xstrdup(p + strlen(db->overlay) + 1));
		else if (starts_with(p, db->objdir) && p[strlen(db->objdir)] == '/')
			out_file_for(em, xasprintf("obj:%s", p + strlen(db->objdir) + 1));
		free(p);
	}
	free(list);
	free(dep);
	free(argv);
	return r;
}

static int exchange_trees(const char *newdir, const char *olddir)
{
	char *old, *new;

	if (access(olddir, F_OK)) {
		if (rename(newdir, olddir))
			return err(olddir, NULL, "%s", strerror(errno));
		return 0;
	}
	old = xasprintf("%s/compile_commands.json",
			olddir); /* build.c keeps it if it is unchanged */
	new = xasprintf("%s/compile_commands.json", newdir);
	if (link(old, new) && errno != ENOENT)
		err(new, NULL, "%s", strerror(errno)); /* only the mtime is lost */
	free(old);
	free(new);
	if (renameat2(AT_FDCWD, newdir, AT_FDCWD, olddir, RENAME_EXCHANGE))
		return err(olddir, "remove it and run again", "%s", strerror(errno));
	return remove_tree(newdir);
}

int emit_source(const struct graph *g, const char *outdir)
{
	struct emitter em = {.g = g};
	char *lds, *from;
	int r = 0;

	em.newdir = xasprintf("%s/tree.new", outdir);
	em.olddir = xasprintf("%s/tree", outdir);
	em.list = edit_list_new(g);
	collect_edits(&em);
	for (uint32_t tu = 0; tu < g->db->ntus && !r; tu++)
		if (g->live[tu] && g->db->tus[tu].is_asm)
			r = asm_files(&em, tu);
	lds = xasprintf("obj:arch/%s/kernel/vmlinux.lds", arch_name());
	from = in_path(g, lds);
	if (!access(from, F_OK))
		out_file_for(&em, lds);
	if (!r)
		r = remove_tree(em.newdir);
	if (!r) { /* commands run there, even without generated headers */
		char *build = xasprintf("%s/build", em.newdir);

		r = make_dirs(build);
		free(build);
	}
	for (size_t i = 0; i < em.files.n && !r; i++)
		r = emit_file(&em, &em.files.a[i]);
	if (!r)
		r = edit_list_write(em.list, outdir);
	if (r)
		remove_tree(em.newdir);
	else
		r = exchange_trees(em.newdir, em.olddir);
	for (size_t i = 0; i < em.files.n; i++) {
		for (size_t k = 0; k < em.files.a[i].pieces.n; k++)
			free(em.files.a[i].pieces.a[k].names);
		free(em.files.a[i].pieces.a);
		free(em.files.a[i].calls.a);
		edits_free(&em.files.a[i].edits);
	}
	free(em.files.a);
	edit_list_free(em.list);
	strmap_free(&em.index);
	strmap_free(&em.traps);
	free(em.newdir);
	free(em.olddir);
	free(from);
	free(lds);
	return r;
}

/* Prints the files of the new tree that have kept text. */
void source_dump(const struct graph *g, const char *outdir, FILE *out)
{
	for (uint32_t tu = 0; tu < g->db->ntus; tu++) {
		char *path = xasprintf("%s/tree/%s", outdir, g->db->tus[tu].source);
		struct stat st;

		if (g->live[tu] && !stat(path, &st))
			fprintf(out, "%s: %lld bytes\n", g->db->tus[tu].source,
				(long long)st.st_size);
		free(path);
	}
}
