// SPDX-License-Identifier: GPL-2.0
/* elfgraph.c: objects => symbols and the relocations between them => closure. */
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reading {
	struct oracle *o;
	struct object *obj;
	Elf *elf;
	uint32_t index;		    /* of the object */
	VEC(uint32_t) by_symtab;    /* symbol table index => osym */
	VEC(uint32_t) * in_section; /* osyms of each section, by value */
};

static struct osym *sym_at(struct oracle *o, uint32_t i)
{
	return &o->syms.a[i];
}

static int make_sections(struct reading *r)
{
	Elf_Scn *scn = NULL;
	size_t n, names;

	if (elf_getshdrnum(r->elf, &n) || elf_getshdrstrndx(r->elf, &names))
		return -1;
	r->obj->nsections = n;
	r->obj->section_names = xcalloc(n, sizeof(char *));
	r->in_section = xcalloc(n, sizeof(*r->in_section));
	for (size_t i = 0; i < n; i++)
		*vec_add(&r->o->syms) = (struct osym){.name = "", .object = r->index, .section = i};
	while ((scn = elf_nextscn(r->elf, scn))) {
		GElf_Shdr shdr;
		size_t i = elf_ndxscn(scn);

		if (!gelf_getshdr(scn, &shdr))
			return -1;
		r->obj->section_names[i] = xstrdup(elf_strptr(r->elf, names, shdr.sh_name));
		sym_at(r->o, r->obj->first + i)->name = r->obj->section_names[i];
	}
	return 0;
}

static void add_symbol(struct reading *r, const GElf_Sym *sym, const char *name)
{
	uint32_t i = r->o->syms.n, shndx = sym->st_shndx;

	if (GELF_ST_TYPE(sym->st_info) == STT_SECTION) {
		*vec_add(&r->by_symtab) = r->obj->first + shndx;
		return;
	}
	*vec_add(&r->by_symtab) = i;
	if (shndx >= r->obj->nsections)
		shndx = 0;
	*vec_add(&r->o->syms) = (struct osym){
		.name = xstrdup(name ? name : ""),
		.object = r->index,
		.section = shndx,
		.value = sym->st_value,
		.size = sym->st_size,
		.type = GELF_ST_TYPE(sym->st_info),
		.bind = GELF_ST_BIND(sym->st_info),
	};
	if (shndx)
		*vec_add(&r->in_section[shndx]) = i;
}

static int make_symbols(struct reading *r)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(r->elf, scn))) {
		GElf_Shdr shdr;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(scn, NULL);
		for (size_t i = 0; data && i < shdr.sh_size / shdr.sh_entsize; i++) {
			GElf_Sym sym;

			if (!gelf_getsym(data, i, &sym))
				return -1;
			add_symbol(r, &sym, elf_strptr(r->elf, shdr.sh_link, sym.st_name));
		}
	}
	return 0;
}

/* The symbol whose bytes hold an offset of a section, else the section's own node. */
static uint32_t holder(struct reading *r, uint32_t section, uint64_t off)
{
	for (size_t i = 0; i < r->in_section[section].n; i++) {
		uint32_t s = r->in_section[section].a[i];
		const struct osym *sym = sym_at(r->o, s);

		if (off >= sym->value && off < sym->value + (sym->size ? sym->size : 1))
			return s;
	}
	return r->obj->first + section;
}

/*
 * A PC-relative field counts from the end of its instruction: bytes of the immediate operand behind
 * it. code[-1] is the ModRM byte, code[-2] the opcode.
 */
static int immediate_bytes(const Elf_Data *code, uint64_t off)
{
	const unsigned char *c = code && code->d_buf ? code->d_buf : NULL;
	int wide;

	if (!c || off < 2 || off > code->d_size || (c[off - 1] & 0xc7) != 0x05)
		return 0;
	wide = off > 2 && c[off - 3] == 0x66 ? 2 : 4;
	switch (c[off - 2]) {
	case 0x80: /* add, or, and, cmp ... imm8 */
	case 0x83:
	case 0x6b:
	case 0xc0: /* shifts */
	case 0xc1:
	case 0xc6: /* mov imm8 */
		return 1;
	case 0x81:
	case 0x69:
	case 0xc7:
		return wide;
	case 0xf6: /* test imm8; the others of the group have none */
		return (c[off - 1] & 0x38) == 0 ? 1 : 0;
	case 0xf7:
		return (c[off - 1] & 0x38) == 0 ? wide : 0;
	default:
		return 0;
	}
}

static void add_relocation(struct reading *r, uint32_t section, const Elf_Data *code,
			   const GElf_Rela *rela)
{
	uint32_t from = holder(r, section, rela->r_offset), to;
	size_t index = GELF_R_SYM(rela->r_info);
	int64_t addend = rela->r_addend;

	if (index >= r->by_symtab.n)
		return;
	to = r->by_symtab.a[index];
	if (to < r->obj->first + r->obj->nsections) {
		uint32_t type = GELF_R_TYPE(rela->r_info);

		if (type == R_X86_64_PC32 || type == R_X86_64_PLT32)
			addend += 4 + immediate_bytes(code, rela->r_offset);
		to = holder(r, to - r->obj->first, addend);
	}
	*vec_add(&sym_at(r->o, from)->targets) = to;
}

static int make_relocations(struct reading *r)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(r->elf, scn))) {
		GElf_Shdr shdr, target;
		Elf_Data *data, *code;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_RELA)
			continue;
		if (!gelf_getshdr(elf_getscn(r->elf, shdr.sh_info), &target) ||
		    !(target.sh_flags & SHF_ALLOC))
			continue;
		data = elf_getdata(scn, NULL);
		code = elf_getdata(elf_getscn(r->elf, shdr.sh_info), NULL);
		for (size_t i = 0; data && i < shdr.sh_size / shdr.sh_entsize; i++) {
			GElf_Rela rela;

			if (!gelf_getrela(data, i, &rela))
				return -1;
			add_relocation(r, shdr.sh_info, code, &rela);
		}
	}
	return 0;
}

int oracle_load(struct oracle *o, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct reading r = {.o = o, .index = o->objects.n};
	struct object obj = {.first = o->syms.n};

	elf_version(EV_CURRENT);
	if (fd < 0)
		return err(path, "kslice build --whole makes the objects", "%s", strerror(errno));
	r.obj = &obj;
	r.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (r.elf && elf_kind(r.elf) == ELF_K_ELF && !make_sections(&r) && !make_symbols(&r))
		rc = make_relocations(&r);
	if (rc)
		err(path, "kslice build --whole makes the objects", "not an ELF object: %s",
		    elf_errmsg(-1));
	obj.n = o->syms.n - obj.first;
	*vec_add(&o->objects) = obj;
	for (uint32_t i = 0; i < obj.nsections && r.in_section; i++)
		free(r.in_section[i].a);
	free(r.in_section);
	free(r.by_symtab.a);
	elf_end(r.elf);
	close(fd);
	return rc;
}

void oracle_link(struct oracle *o)
{
	for (uint32_t i = 0; i < o->syms.n; i++) {
		struct osym *s = sym_at(o, i);
		uint64_t *at;

		if (!s->section || s->bind == STB_LOCAL || osym_is_section(o, i))
			continue;
		at = strmap_add(&o->globals, s->name, NULL);
		if (!*at || (sym_at(o, *at - 1)->bind == STB_WEAK && s->bind == STB_GLOBAL))
			*at = i + 1;
	}
}

void oracle_reach(struct oracle *o, uint32_t i, uint32_t from)
{
	struct osym *s = sym_at(o, i);
	uint64_t *at;

	if (s->bind != STB_LOCAL && !osym_is_section(o, i)) {
		at = strmap_get(&o->globals, s->name);
		if (!at)
			return; /* the linker script's */
		i = *at - 1;
		s = sym_at(o, i);
	}
	if (s->reached)
		return;
	s->reached = true;
	s->from = from;
	*vec_add(&o->queue) = i;
}

void oracle_run(struct oracle *o, void (*live)(void *arg, uint32_t object), void *arg)
{
	bool *seen = xcalloc(o->objects.n, 1);

	for (size_t head = 0; head < o->queue.n; head++) {
		uint32_t i = o->queue.a[head], object = sym_at(o, i)->object;

		if (!seen[object]) {
			seen[object] = true;
			live(arg, object);
		}
		for (size_t j = 0; j < sym_at(o, i)->targets.n; j++)
			oracle_reach(o, sym_at(o, i)->targets.a[j], i);
	}
	free(seen);
}
