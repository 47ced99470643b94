// SPDX-License-Identifier: GPL-2.0
/*
 * elf.c: an assembler unit's object => facts.
 *
 * Parts of assembler files can't be deleted: each global symbol is a DEF_ASM definition of the
 * whole file, and refers to all symbols that the object refers to.
 */
#include "facts/load.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <unistd.h>

struct object {
	struct fb *fb;
	Elf *elf;
	Elf_Data *symbols;
	size_t nsymbols, strings;
	uint32_t ref0, nref;
};

static const char *elf_symbol_name(const struct object *o, const GElf_Sym *sym)
{
	const char *name = elf_strptr(o->elf, o->strings, sym->st_name);

	return name ? name : "";
}

static int elf_find_symbols(struct object *o)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(o->elf, scn)))
		if (gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_SYMTAB) {
			o->symbols = elf_getdata(scn, NULL);
			o->nsymbols = shdr.sh_entsize ? shdr.sh_size / shdr.sh_entsize : 0;
			o->strings = shdr.sh_link;
		}
	return o->symbols ? 0 : -1;
}

/* All undefined symbols count as references, with or without a relocation that libelf knows. */
static void elf_add_refs(struct object *o)
{
	GElf_Sym sym;

	o->ref0 = o->fb->refs.n;
	for (size_t i = 1; i < o->nsymbols; i++) {
		if (!gelf_getsym(o->symbols, i, &sym) || sym.st_shndx != SHN_UNDEF ||
		    !*elf_symbol_name(o, &sym))
			continue;
		*vec_add(&o->fb->refs) = (struct fact_ref){
			.key = fb_str(o->fb, elf_symbol_name(o, &sym)), .kind = REF_ASM};
	}
	o->nref = o->fb->refs.n - o->ref0;
}

static void elf_add_def(struct object *o, const char *name, uint32_t flags, uint32_t end)
{
	struct fact_def *d = fb_def(o->fb);

	d->key = d->name = fb_str(o->fb, name);
	d->kind = DEF_ASM;
	d->flags = flags;
	d->end = end;
	d->line = 1;
	fb_def_end(o->fb);
	d->ref0 = o->ref0;
	d->nref = o->nref;
}

static void elf_add_defs(struct object *o, const struct tu *tu, uint32_t end)
{
	char *key = xasprintf("%s:asm", tu->source);
	GElf_Sym sym;
	size_t n = o->fb->defs.n;

	for (size_t i = 1; i < o->nsymbols; i++) {
		int bind;

		if (!gelf_getsym(o->symbols, i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		bind = GELF_ST_BIND(sym.st_info);
		if (bind == STB_GLOBAL || bind == STB_WEAK)
			elf_add_def(o, elf_symbol_name(o, &sym), bind == STB_WEAK ? DEF_WEAK : 0,
				    end);
	}
	if (o->fb->defs.n == n)
		elf_add_def(o, key, 0, end);
	free(key);
}

static void elf_add_files(struct worker *w, const struct tu *tu, struct fb *fb)
{
	fb_file(fb, tu->source, 0);
	for (size_t i = 0; i < tu->ndeps; i++) {
		char *name = path_map_name(&w->paths, tu->deps[i], w->db->objdir);

		fb_file(fb, name, strcmp(name, tu->source) != 0);
		free(name);
	}
}

int elf_facts(struct worker *w, const struct tu *tu, const char *object, struct fb *out)
{
	int fd = open(object, O_RDONLY | O_CLOEXEC), rc = -1;
	char *path = xasprintf("%s/%s", w->db->overlay, tu->source);
	struct object o = {.fb = out};
	size_t len = 0;
	char *text = read_file(path, &len);

	elf_version(EV_CURRENT);
	fb_init(out);
	elf_add_files(w, tu, out);
	o.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (o.elf && elf_kind(o.elf) == ELF_K_ELF && !elf_find_symbols(&o)) {
		elf_add_refs(&o);
		elf_add_defs(&o, tu, len);
		rc = 0;
	} else {
		err(object, "check that the command in compile_commands.json makes an object",
		    "not an ELF object with symbols");
		fb_free(out);
	}
	if (o.elf)
		elf_end(o.elf);
	if (fd >= 0)
		close(fd);
	free(text);
	free(path);
	return rc;
}
