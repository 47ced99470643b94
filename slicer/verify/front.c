// SPDX-License-Identifier: GPL-2.0
/* front.c: a unit's command => unoptimised IR of it. See side.h. */
#include "verify/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Units that share a precompiled header have the same module name; so have both sides. */
#define PCH_MODNAME "-DKBUILD_MODNAME=\"kslice\""

typedef VEC(char *) args_vec;

static void add_arg(args_vec *v, const char *arg)
{
	*vec_add(v) = (char *)arg;
}

/*
 * Lines are the same on both sides: __LINE__ is 0. Without the optimiser's passes the IR is what
 * the front end wrote, in the source's order.
 */
static void add_common(args_vec *v, bool count)
{
	static const char *const args[] = {
		"-Xclang", "-disable-llvm-passes", "-g0", "-w", "-Wno-builtin-macro-redefined",
	};

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		add_arg(v, args[i]);
	add_arg(v, count ? "-D__LINE__=__COUNTER__" : "-D__LINE__=0");
}

/* Names of a unit, which a header that units share can't have. */
static bool is_unit_name(const char *arg)
{
	return starts_with(arg, "-DKBUILD_") || starts_with(arg, "-D__KBUILD_");
}

static int run_compiler(const struct side *s, args_vec *v, bool quiet)
{
	int r;

	*vec_add(v) = NULL;
	r = run_command(v->a, s->cwd, NULL, quiet ? "/dev/null" : NULL);
	free(v->a);
	return r;
}

int front_compile(const struct side *s, size_t unit, enum front_mode mode, bool quiet)
{
	bool pch = mode == FRONT_PCH;
	const struct side_unit *u = &s->units[unit];
	char *ll = side_file(s, "unit-", unit, ".ll"), *dep = side_file(s, "unit-", unit, ".d");
	args_vec v = {0};
	int r;

	for (char **a = u->argv; *a; a++)
		if (!pch || !starts_with(*a, "-DKBUILD_MODNAME="))
			add_arg(&v, *a);
	if (pch) {
		add_arg(&v, PCH_MODNAME);
		add_arg(&v, "-include-pch");
		add_arg(&v, s->pch);
	}
	add_common(&v, mode == FRONT_COUNT);
	add_arg(&v, "-S");
	add_arg(&v, "-emit-llvm");
	add_arg(&v, "-MD");
	add_arg(&v, "-MF");
	add_arg(&v, dep);
	add_arg(&v, "-o");
	add_arg(&v, ll);
	add_arg(&v, u->input);
	r = run_compiler(s, &v, quiet);
	free(dep);
	free(ll);
	return r;
}

int front_precompile(struct side *s, size_t unit, const char *text)
{
	char *pch = xasprintf("%s/headers.pch", s->dir), *source = xasprintf("%s.h", pch);
	char *dep = xasprintf("%s.d", pch);
	args_vec v = {0};
	int r = write_file(source, text, strlen(text));

	for (char **a = s->units[unit].argv; *a; a++)
		if (!is_unit_name(*a))
			add_arg(&v, *a);
	add_arg(&v, PCH_MODNAME);
	add_common(&v, false);
	add_arg(&v, "-x");
	add_arg(&v, "c-header");
	add_arg(&v, "-MD");
	add_arg(&v, "-MF");
	add_arg(&v, dep);
	add_arg(&v, "-o");
	add_arg(&v, pch);
	add_arg(&v, source);
	if (r)
		free(v.a);
	else
		r = run_compiler(s, &v, getenv("KSLICE_DEBUG") == NULL);
	free(dep);
	free(source);
	free(s->pch);
	s->pch = pch;
	return r ? -1 : 0;
}

void front_remove_pch(struct side *s)
{
	static const char *const suffixes[] = {"", ".h", ".d"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes) && s->pch; i++) {
		char *path = xasprintf("%s%s", s->pch, suffixes[i]);

		unlink(path);
		free(path);
	}
	free(s->pch);
	s->pch = NULL;
}
