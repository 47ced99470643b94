// SPDX-License-Identifier: GPL-2.0
/* dump.c: `kslice facts`: prints the facts of single files. A tool for debugging specs and the
 * slicer. */
#include "facts/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const kinds[] = {"?", "func", "var", "proto", "asm", "assert", "type"};
static const char *const ref_kinds[] = {"?",	 "call",    "addr", "read", "write",
					"alias", "cleanup", "asm",  "type"};
static const char *const flag_names[] = {"static",   "weak",   "used",	 "section", "alias",
					 "initcall", "header", "inline", "macro",   "tentative",
					 "syscall",  "export", "shared", "attrs",   "written"};

static void dump_def(const struct facts *f, const struct fact_def *d, FILE *out)
{
	fprintf(out, "%s %s [%u,%u) %s:%u", kinds[d->kind], fact_str(f, d->key), d->beg, d->end,
		fact_str(f, f->files[d->file].path), d->line);
	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
		if (d->flags & 1 << i)
			fprintf(out, " %s", flag_names[i]);
	if (d->section)
		fprintf(out, " section=%s", fact_str(f, d->section));
	if (d->body)
		fprintf(out, " body=%u", d->body);
	if (d->type)
		fprintf(out, " type=%s", fact_str(f, d->type));
	putc('\n', out);
	for (uint32_t i = d->element0; i < d->element0 + d->nelement; i++)
		fprintf(out, "\telem %u %s [%u,%u) value [%u,%u) parent=%u\n", i + 1,
			fact_str(f, f->elements[i].field), f->elements[i].beg, f->elements[i].end,
			f->elements[i].value, f->elements[i].value_end, f->elements[i].parent);
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++)
		fprintf(out, "\tref %s %s @%u elem=%u\n", ref_kinds[f->refs[i].kind],
			fact_str(f, f->refs[i].key), f->refs[i].off, f->refs[i].element);
	for (uint32_t i = d->read0; i < d->read0 + d->nread; i++)
		fprintf(out, "\treads %s @%u\n", fact_str(f, f->reads[i].field), f->reads[i].off);
	for (uint32_t i = d->call0; i < d->call0 + d->ncall; i++)
		fprintf(out, "\tcalls %s [%u,%u)%s macro=%d\n", fact_str(f, f->calls[i].callee),
			f->calls[i].beg, f->calls[i].end, f->calls[i].stmt ? " stmt" : "",
			f->calls[i].macro);
	for (uint32_t i = d->value0; i < d->value0 + d->nvalue; i++)
		fprintf(out, "\tvalue %s arg=%u %s \"%s\" @%u\n", fact_str(f, f->values[i].what),
			f->values[i].arg, f->values[i].known ? "is" : "unknown",
			fact_str(f, f->values[i].constant), f->values[i].off);
}

void facts_dump(const struct facts *f, FILE *out)
{
	for (uint32_t i = 0; i < f->nfiles; i++)
		fprintf(out, "file %u %s%s\n", i, fact_str(f, f->files[i].path),
			f->files[i].header ? " header" : "");
	for (uint32_t i = 0; i < f->ndefs; i++)
		dump_def(f, &f->defs[i], out);
}

static void dump_builder(const struct fb *fb)
{
	struct facts f;
	size_t size;
	void *block = fb_pack(fb, &size);

	if (facts_unpack(&f, block, size))
		die("a block that was just packed doesn't unpack");
	facts_dump(&f, stdout);
	free(block);
}

int cmd_facts(int nargs, char **args)
{
	struct compdb db = {};
	struct claims claims;
	struct worker worker;
	struct tu tu = {};
	struct parse_job job = {.tu = &tu};
	bool pool = false;
	struct fb fb;
	int i;

	for (i = 0; i < nargs && strcmp(args[i], "--"); i++)
		pool |= !strcmp(args[i], "--pool");
	if (i < 3 + pool || i + 2 > nargs)
		return err("kslice facts", "see `kslice facts --help`", "wrong arguments") & 1;
	db.tree = db.overlay = args[0];
	db.objdir = args[1];
	tu.source = args[2];
	tu.argv = args + i + 1;
	tu.argc = nargs - i - 1;
	if (chdir(db.objdir))
		return err(db.objdir, "give the object directory", "can't go there: %m") & 1;
	if (claims_init(&claims))
		return err(NULL, NULL, "no memory: %m") & 1;
	worker_init(&worker, &db, &claims);
	if (facts_parse(&worker, &job, &fb))
		return 1;
	dump_builder(&fb);
	if (pool) {
		puts("---- header pool");
		dump_builder(&worker.pool);
	}
	fb_free(&fb);
	worker_free(&worker);
	return 0;
}
