// SPDX-License-Identifier: GPL-2.0
/* sizes.c: graph + sources => sizes.h. */
#include "closure/sizes.h"
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <unistd.h>

char *dir_of(const char *path)
{
	const char *slash = strchr(path, '/');
	const char *second = slash ? strchr(slash + 1, '/') : NULL;

	if (second)
		slash = second;
	return slash ? xstrndup(path, slash - path) : xstrdup(".");
}

struct fun {
	uint32_t beg, end;
	bool kept;
};

/* One .c file: which bytes are functions, and whether they are kept. */
struct source {
	const char *path;
	VEC(struct fun) funs;
	bool kept;
};

struct counter {
	VEC(struct source) sources;
	struct strmap index;
};

static struct source *source_for(struct counter *c, const char *path)
{
	bool added;
	uint64_t *v = strmap_add(&c->index, path, &added);

	if (added) {
		vec_add(&c->sources)->path = path;
		*v = c->sources.n;
	}
	return &c->sources.a[*v - 1];
}

static void gather_functions(struct counter *c, const struct graph *g)
{
	for (uint32_t def_id = 0; def_id < g->base[g->db->ntus]; def_id++) {
		const struct fact_def *d = graph_def(g, def_id);
		struct source *s;

		if (d->flags & DEF_HEADER || graph_facts(g, def_id)->files[d->file].header)
			continue;
		s = source_for(c, graph_file(g, def_id));
		s->kept |= g->kept[def_id];
		if (d->kind == DEF_FUNC && (d->body || d->flags & DEF_SYSCALL))
			*vec_add(&s->funs) = (struct fun){d->beg, d->end, g->kept[def_id]};
	}
}

static int compare_functions(const void *pa, const void *pb)
{
	const struct fun *a = pa, *b = pb;

	if (a->beg != b->beg)
		return a->beg < b->beg ? -1 : 1;
	return b->kept - a->kept;
}

static void count_source(struct sizes *out, struct dir_size *dir, const struct graph *g,
			 struct source *s)
{
	char *path = xasprintf("%s/%s", g->db->overlay, s->path), *text;
	struct size kept = {.files = s->kept}, whole = {.files = 1};
	size_t len = 0;

	text = read_file(path, &len);
	if (s->funs.n)
		qsort(s->funs.a, s->funs.n, sizeof(*s->funs.a), compare_functions);
	for (size_t i = 0; i < s->funs.n; i++) {
		const struct fun *f = &s->funs.a[i];
		uint64_t lines = 1;

		if (i && f->beg == s->funs.a[i - 1].beg)
			continue; /* SYSCALL_DEFINE makes several functions from one text */
		for (uint32_t k = f->beg; text && k < f->end && k < len; k++)
			lines += text[k] == '\n';
		whole.functions++;
		whole.lines += lines;
		if (f->kept) {
			kept.functions++;
			kept.lines += lines;
		}
	}
	struct size *to[] = {&dir->kept, &out->kept, &dir->whole, &out->whole};
	for (int i = 0; i < 4; i++) {
		const struct size *from = i < 2 ? &kept : &whole;

		to[i]->functions += from->functions;
		to[i]->lines += from->lines;
		to[i]->files += from->files;
	}
	free(text);
	free(path);
}

static int compare_dirs(const void *a, const void *b)
{
	return strcmp(((const struct dir_size *)a)->dir, ((const struct dir_size *)b)->dir);
}

void sizes_count(struct sizes *out, const struct graph *g)
{
	struct counter c = {0};
	struct strmap dirs = {0};

	memset(out, 0, sizeof(*out));
	gather_functions(&c, g);
	for (size_t i = 0; i < c.sources.n; i++) {
		char *dir = dir_of(c.sources.a[i].path);
		bool added;
		uint64_t *v = strmap_add(&dirs, dir, &added);

		if (added) {
			vec_add(&out->dirs)->dir = dir;
			*v = out->dirs.n - 1;
		} else {
			free(dir);
		}
		count_source(out, &out->dirs.a[*v], g, &c.sources.a[i]);
		free(c.sources.a[i].funs.a);
	}
	if (out->dirs.n)
		qsort(out->dirs.a, out->dirs.n, sizeof(*out->dirs.a), compare_dirs);
	free(c.sources.a);
	strmap_free(&c.index);
	strmap_free(&dirs);
}

void sizes_free(struct sizes *s)
{
	for (size_t i = 0; i < s->dirs.n; i++)
		free(s->dirs.a[i].dir);
	free(s->dirs.a);
}

uint64_t elf_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t sum = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	Elf *elf;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_flags & SHF_EXECINSTR)
			sum += sh.sh_size;
	elf_end(elf);
	close(fd);
	return sum;
}
