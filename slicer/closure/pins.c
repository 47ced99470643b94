// SPDX-License-Identifier: GPL-2.0
/*
 * pins.c: what stays though nothing names it, as soon as its file is in the image.
 *
 *      used, retain                    the compiler may not drop it, so somebody finds it
 *      constructor, destructor         called by their lists; facts count both as used
 *      initcall, setup, module_param   entries of sections that the kernel walks at boot
 *      a section of its own            the linker script makes a table of it, or somebody walks it
 *      asm, static assertion           at file scope
 *      types, extern declarations      that name a definition of their file: they stay themselves
 *
 * Nothing of that in a section which the linker script drops, though it be used: not what
 * EXPORT_SYMBOL leaves there.
 *
 * alias, weakref, ifunc and asm labels are names of other definitions: facts follow them.
 * An export pins nothing, since an image has no modules; nor does a weak asm symbol, which
 * cond_syscall() makes.
 */
#include "closure/graph.h"
#include "base/util.h"

/*
 * Sections that only say where code and data lie; one that isn't here may be a table. A '*' stands
 * for any rest.
 */
static const char *const plain_sections[] = {
	".text",
	".init.text",
	".init.data",
	".init.rodata",
	".exit.text",
	".exit.data",
	".ref.text",
	".ref.data",
	".ref.rodata",
	".meminit.text",
	".meminit.data",
	".meminit.rodata",
	".memexit.text",
	".memexit.data",
	".memexit.rodata",
	".head.text",
	".entry.text",
	".sched.text",
	".cpuidle.text",
	".noinstr.text",
	".kprobes.text",
	".irqentry.text",
	".softirqentry.text",
	".spinlock.text",
	".data",
	".data.once",
	".data.unlikely",
	".data..once",
	".data..unlikely",
	".data..percpu*",
	".data..read_mostly",
	".data..ro_after_init",
	".data..cacheline_aligned",
	".data..shared_aligned",
	".data..page_aligned",
	".data..nosave",
	".data..decrypted",
	".data..init_task",
	".bss",
	".bss..page_aligned",
	".bss..decrypted",
	".rodata",
	".rodata.str",
	".discard*",
	".modinfo",
};

static bool is_plain_section(const char *s)
{
	for (size_t i = 0; i < ARRAY_LEN(plain_sections); i++) {
		const char *p = plain_sections[i];
		size_t n = strcspn(p, "*");

		if (!strncmp(s, p, n) && (p[n] == '*' || !s[n]))
			return true;
	}
	return !*s;
}

/* Sections that the linker script drops: what EXPORT_SYMBOL of some trees makes without modules. */
static bool is_discarded_section(const char *s)
{
	return starts_with(s, ".discard") || starts_with(s, ".export_symbol");
}

bool def_is_pinning(const struct facts *f, const struct fact_def *d)
{
	if (d->flags & DEF_EXPORT)
		return false;
	if (d->flags & DEF_SECTION && is_discarded_section(fact_str(f, d->section)))
		return false;
	if (d->kind == DEF_ASM)
		return !(d->flags & DEF_WEAK);
	if (d->kind == DEF_ASSERT)
		return true;
	if (d->flags & (DEF_USED | DEF_INITCALL))
		return true;
	return d->kind == DEF_VAR && d->flags & DEF_SECTION &&
	       !is_plain_section(fact_str(f, d->section));
}

bool unit_binds_types(const struct graph *g, const struct unit *u)
{
	bool binds = false, code = false;

	for (uint32_t i = 0; i < u->n; i++) {
		const struct fact_def *d = graph_def(g, g->unit_defs[u->first + i]);

		if (d->flags & DEF_HEADER)
			return false;
		code |= d->kind == DEF_FUNC || d->kind == DEF_VAR;
		binds |= d->kind == DEF_FUNC || d->flags & (DEF_MACRO | DEF_WRITTEN);
	}
	return binds && code;
}

static void link_types(struct graph *g, const struct unit *u)
{
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t d = g->unit_defs[u->first + i];

		if (graph_def(g, d)->kind == DEF_TYPE && g->node_of[d] != NONE)
			graph_link_def(g, d);
	}
}

/* Does the definition name one of its file, which then must be declared? */
static bool names_own(const struct graph *g, uint32_t def_id)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *def = graph_def(g, def_id);

	for (uint32_t i = def->ref0; i < def->ref0 + def->nref; i++) {
		uint32_t n = graph_node(g, fact_str(f, f->refs[i].key));

		if (n == NONE)
			continue;
		for (uint32_t d = g->nodes.a[n].first; d != NONE; d = g->next[d])
			if (g->tu_of[d] == g->tu_of[def_id] &&
			    !(graph_def(g, d)->flags & DEF_HEADER))
				return true;
	}
	return false;
}

/* Types and extern declarations stay though nothing refers to them: so does what they name, as
 * `enum { N = ARRAY_SIZE(table) }` does. */
static bool unit_stays_naming(const struct graph *g, const struct unit *u)
{
	bool only = true, type = false, declared = false;

	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t d = g->unit_defs[u->first + i];
		const struct fact_def *def = graph_def(g, d);

		if (def->flags & DEF_HEADER)
			return false;
		only &= def->kind == DEF_TYPE ||
			(def->kind == DEF_PROTO && !(def->flags & DEF_STATIC));
		type |= def->kind == DEF_TYPE && names_own(g, d);
		declared |= def->kind == DEF_PROTO && names_own(g, d);
	}
	return (type && !unit_binds_types(g, u)) || (only && declared);
}

void pin_types(struct graph *g)
{
	for (size_t i = 0; i < g->units.n; i++)
		if (unit_binds_types(g, &g->units.a[i]))
			link_types(g, &g->units.a[i]);
	for (size_t i = 0; i < g->units.n; i++)
		g->units.a[i].pinned |= unit_stays_naming(g, &g->units.a[i]);
}
