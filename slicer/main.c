// SPDX-License-Identifier: GPL-2.0
/* main.c: the commands of kslice, and its command line. Exit status: 0 success, 1 an error was
 * printed, 2 wrong usage. */
#include "tree/shares.h"
#include "tree/tree.h"
#include "closure/why.h"
#include "commands/trees.h"
#include "report/report.h"
#include "diff.h"
#include "new.h"
#include "session.h"
#include "stubs/stubs.h"
#include "verify/verify.h"
#include "base/util.h"
#include "cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int cmd_check(const struct options *given, char **args)
{
	struct options o = *given;
	struct session s;
	int r;

	o.check = true;
	session_open(&s, args[0], &o);
	r = session_run(&s, "boundary");
	if (!r) {
		printf("%s: valid: %zu calls, %zu cuts in %zu groups\n", args[0], s.spec.ncalls,
		       s.spec.ncuts, s.spec.ngroups);
		for (size_t i = 0; i < s.graph.notes.n; i++)
			printf("  %s\n", s.graph.notes.a[i]);
		if (o.list)
			cuts_list_absent(&s.graph, stdout);
	}
	session_close(&s);
	return r;
}

static int cmd_slice(const struct options *o, char **args)
{
	struct session s;
	int r;

	session_open(&s, args[0], o);
	r = session_run(&s, o->dump_after ? o->dump_after->name : "report");
	if (!r && o->dump_after)
		o->dump_after->dump(&s, stdout);
	else if (!r)
		printf("%s: %zu units: commands %.2f s, facts %.2f s, closure %.2f s, all %.2f s\n",
		       s.outdir, s.db.ntus, session_seconds(&s, "commands", "stubs"),
		       session_seconds(&s, "facts", "facts"),
		       session_seconds(&s, "graph", "boundary"),
		       session_seconds(&s, "spec", "report"));
	session_close(&s);
	return r;
}

/* It includes the cuts that are made before parsing; all others are checked, but not made. */
static int build_whole(struct session *s, const struct options *o)
{
	char *dir = xasprintf("%s-whole", s->outdir), *name = xasprintf("%s-whole", s->spec.name);
	struct build_opts b = {BUILD_WHOLE, dir, name};
	int r = 0;

	if (session_run(s, "boundary") || session_own(s, dir) || emit_build(&s->graph, &b) ||
	    run_ninja(dir, s->db.objdir, name, o->jobs) || report_write_whole(&s->graph, dir))
		r = -1;
	free(name);
	free(dir);
	return r;
}

static int build_sliced(struct session *s, const struct options *o)
{
	char *dir = xasprintf("%s/tree/build", s->outdir);
	int r = session_run(s, "report");

	if (!r && !o->no_verify)
		r = verify_slice(&s->graph, s->outdir, o->jobs);
	if (!r)
		r = run_ninja(s->outdir, dir, s->spec.name, o->jobs);
	free(dir);
	return r;
}

static int cmd_build(const struct options *o, char **args)
{
	struct session s;
	int r;

	session_open(&s, args[0], o);
	r = session_run(&s, "spec");
	if (!r)
		r = o->whole ? build_whole(&s, o) : build_sliced(&s, o);
	/* a debug image may want more memory than this machine has, and has the same routes; units
	 * given by --compdb may make no image */
	if (!r && !o->whole && !o->debug && !o->compdb)
		r = boot_once(&s.graph, s.outdir);
	if (!r && o->whole) /* the report is the slice's */
		r = session_own(&s, s.outdir);
	if (!r) /* again: now there are objects to measure */
		r = report_write(&s.graph, s.outdir);
	if (!r)
		r = launcher_link(o->jobs);
	if (!r)
		r = report_summary(s.outdir);
	if (!r && !o->whole && shares_compare(s.outdir) < 0)
		r = -1;
	session_close(&s);
	return r;
}

static int cmd_verify(const struct options *o, char **args)
{
	struct session s;
	int r;

	session_open(&s, args[0], o);
	r = session_run(&s, "report");
	if (!r)
		r = verify_slice(&s.graph, s.outdir, o->jobs);
	if (!r)
		printf("%s: the slice agrees with the whole\n", s.outdir);
	session_close(&s);
	return r;
}

/* The output folder of a domain named on the command line, by spec or by name. NULL: no such tree,
 * which was printed. */
static char *outdir_of(const struct options *o, const char *arg)
{
	const char *slash = strrchr(arg, '/');
	char *name = xstrdup(slash ? slash + 1 : arg), *suffix, *dir = NULL;

	if (ends_with(name, ".json"))
		name[strlen(name) - 5] = 0;
	if (o->out)
		dir = xstrdup(o->out);
	else if ((suffix = tree_suffix(o->tree))) {
		dir = xasprintf("%s/build/%s%s", repo_root(), name, suffix);
		free(suffix);
	}
	free(name);
	return dir;
}

static int cmd_why(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]);
	int r = dir ? why_print(dir, args[1]) : -1;

	free(dir);
	return r;
}

static int cmd_report(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]);
	struct report_opts opts = {.outdir = dir, .beside = o->beside, .to = o->to_file};
	int r = -1;

	if (dir)
		r = o->html ? report_page(&opts) : report_print(&opts);
	if (!r && shares_compare(dir) < 0)
		r = -1;

	free(dir);
	return r;
}

static int cmd_test(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]), *name = dir ? strrchr(dir, '/') + 1 : NULL;
	char *path = xasprintf("%s/tests/stubs/run.sh", repo_root());
	char *argv[] = {path, name, NULL};
	int r = name ? run_command(argv, NULL, NULL, NULL) : -1;

	if (r && name)
		r = err(name, "the messages above name the stub and the case, or what isn't built",
			"tests failed (%d)", r);
	free(path);
	free(dir);
	return r;
}

static int cmd_stubs(const struct options *o, char **args)
{
	struct options own = *o;
	struct session s;
	int r;

	own.only_stubs = true;
	session_open(&s, args[0], &own);
	r = session_run(&s, "commands");
	if (!r)
		r = o->out ? stubs_emit(&s.spec, &s.db, o->out) : stubs_refresh(&s.spec, &s.db);
	if (r >= 0 && !o->out)
		stubs_compare(&s.spec);
	session_close(&s);
	return r < 0 ? r : 0;
}

/* ---- the command line ---- */

#define RUN(command)                                                    \
	static int run_##command(void *options, int nargs, char **args) \
	{                                                               \
		return cmd_##command(options, args) ? 1 : 0;            \
	}

RUN(new)
RUN(check)
RUN(slice)
RUN(build)
RUN(verify)
RUN(why)
RUN(report)
RUN(diff)
RUN(test)
RUN(stubs)

static int run_facts(void *options, int nargs, char **args)
{
	return cmd_facts(nargs, args);
}

static const struct cli_command commands[] = {
	{
		.name = "new",
		.args = "NAME",
		.summary = "write a first spec and its configuration",
		.text = "It has the calls of --calls with the routes, tests and Kconfig options that the "
			"tree tells, and the groups of annotations and cuts that fit. What a person "
			"must decide is printed, and left to `kslice check'. Existing files are never "
			"overwritten.",
		.min = 1,
		.max = 1,
		.run = run_new,
	},
	{
		.name = "check",
		.args = "SPEC",
		.summary = "check a spec against the tree",
		.text = "Every call, cut and annotation is checked.",
		.min = 1,
		.max = 1,
		.run = run_check,
	},
	{
		.name = "slice",
		.args = "SPEC",
		.summary = "write the sliced tree, stubs and manifest",
		.min = 1,
		.max = 1,
		.run = run_slice,
	},
	{
		.name = "build",
		.args = "SPEC",
		.summary = "slice if needed, then build the domain image",
		.text = "The new image is booted once, without devices, and makes the calls of its "
			"routes by value: one that nothing in it answers (EAFNOSUPPORT, ENODEV ...) "
			"is an error.",
		.min = 1,
		.max = 1,
		.run = run_build,
	},
	{
		.name = "verify",
		.args = "SPEC",
		.summary = "slice if needed, then compare each unit with the whole one",
		.text = "Both are compiled to unoptimised code. Layouts, constants, what functions "
			"call, sections and slots of tables must agree, but for what a cut changed. "
			"`kslice build' does the same.",
		.min = 1,
		.max = 1,
		.run = run_verify,
	},
	{
		.name = "why",
		.args = "NAME SYMBOL",
		.summary = "show the path from a call to a symbol",
		.text = "The path begins at an exported call, or another root of the slice.",
		.min = 2,
		.max = 2,
		.run = run_why,
	},
	{
		.name = "report",
		.args = "NAME",
		.summary = "show what is in a slice, why, and what the cuts lose",
		.text = "Sizes are compared with those of the same configuration unsliced, if "
			"that is built. Shows the biggest parts with the path by which each was "
			"reached and, where one is known, the cut that would drop it; and the numbers of "
			"functions, system calls and ROP gadgets of the images.",
		.min = 1,
		.max = 1,
		.run = run_report,
	},
	{
		.name = "diff",
		.args = "SPEC",
		.summary = "compare the slices of two kernel trees",
		.text = "Shows calls whose wire or inferred direction changed, cuts that don't "
			"match any more, functions that are new, gone or moved, and those whose "
			"text changed or that of a macro, inline function or type they depend on. "
			"Nothing is written.",
		.min = 1,
		.max = 1,
		.run = run_diff,
	},
	{
		.name = "test",
		.args = "NAME",
		.summary = "run the generated tests of every stub",
		.min = 1,
		.max = 1,
		.run = run_test,
	},
	{
		.name = "stubs",
		.args = "SPEC",
		.summary = "generate the stubs only",
		.text = "They are written to generated/NAME, or to --out. `kslice slice' does the "
			"same when it is needed.",
		.min = 1,
		.max = 1,
		.run = run_stubs,
	},
	{
		.name = "facts",
		.args = "TREE OBJDIR SOURCE [--pool] -- COMPILER ARG...",
		.summary = "print the facts of a file",
		.text = "SOURCE is relative to TREE. The command behind -- is that of "
			"compile_commands.json. --pool prints the facts of headers, too.",
		.max = -1,
		.rest = true,
		.run = run_facts,
	},
	{},
};

enum {
	OPT_HTML = CLI_KEY(0),
	OPT_DUMP_AFTER = CLI_KEY(1),
	OPT_TIME = CLI_KEY(2),
	OPT_NO_VERIFY = CLI_KEY(3),
	OPT_BESIDE = CLI_KEY(4),
	OPT_FROM = CLI_KEY(5),
	OPT_TO = CLI_KEY(6),
	OPT_JSON = CLI_KEY(7),
	OPT_UNCUT = CLI_KEY(8),
	OPT_CALLS = CLI_KEY(9),
	OPT_FILE = CLI_KEY(10),
};

static const struct cli_option options[] = {
	{"tree", 't', "DIR|VERSION", "kernel-tree/linux",
	 "new check slice build verify why report test stubs",
	 "the kernel's source: a folder, or a version that kernel-tree/fetch.sh VERSION unpacked; "
	 "products of a tree that isn't the default one are in build/NAME@VERSION, or "
	 "build/NAME@FOLDER-HASH, its stubs in `generated' there"},
	{"calls", OPT_CALLS, "CALL,...", NULL, "new",
	 "the system calls that programs may make, by name: socket,bind,listen"},
	{"file", OPT_FILE, "FILE", NULL, "new",
	 "a .c file of the tree that implements what the calls are about, such as "
	 "net/unix/af_unix.c: its options are switched on and its initcalls kept; may be repeated"},
	{"out", 'o', "DIR", "build/NAME", "new check slice build verify why report test stubs",
	 "folder of the products; for stubs: generated/NAME; for new: specs"},
	{"jobs", 'j', "N", "one per core", "new check slice build verify diff stubs",
	 "worker processes"},
	{"compdb", 'c', "FILE", NULL, "new check slice build verify diff stubs",
	 "use the compile commands in FILE instead of configuring the tree; for diff a path below "
	 "each tree"},
	{"whole", 'w', NULL, NULL, "build",
	 "build the same configuration unsliced, in build/NAME-whole"},
	{"debug", 'd', "[KIND]", NULL, "check slice build verify stubs",
	 "add the options of specs/debug/KIND.config, in build/NAME-KIND; debug, or no KIND: "
	 "DWARF for the whole image and exact call traces; poison: checks of freed memory and "
	 "locks; kasan: checks of every memory access"},
	{"uncut", OPT_UNCUT, "GROUP,...", NULL, "check slice build verify",
	 "leave out these cut groups of the spec, in build/NAME-uncut: to find which cut broke "
	 "something"},
	{"no-verify", OPT_NO_VERIFY, NULL, NULL, "build",
	 "don't compare the slice with the whole source; for an image that is known to differ"},
	{"html", OPT_HTML, "[FILE]", NULL, "report",
	 "write a page instead of the table, to build/NAME/report.html or FILE: one file that a "
	 "browser shows without a network"},
	{"beside", OPT_BESIDE, "FILE", NULL, "report",
	 "also show the figures of another kernel: an ELF file, or a bzImage as /boot/vmlinuz"},
	{"from", OPT_FROM, "TREE", NULL, "diff", "the tree to compare with, as for --tree"},
	{"to", OPT_TO, "TREE", NULL, "diff", "the new tree"},
	{"json", OPT_JSON, NULL, NULL, "diff",
	 "print JSON; its keys are in slicer/report/compare.h"},
	{"list", 'l', NULL, NULL, "check",
	 "also list cuts of shared groups that aren't in this configuration"},
	{"dump-after", OPT_DUMP_AFTER, "PASS", NULL, "slice",
	 "print the result of this pass and stop; an unknown name lists the passes"},
	{"time", OPT_TIME, NULL, NULL, "check slice build verify stubs",
	 "print the time and peak memory of each pass to stderr"},
	{},
};

static int set_jobs(struct options *o, const char *arg)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (*end || end == arg || n < 1 || n > 1024) {
		fprintf(stderr, "kslice: --jobs=%s: must be a number from 1 to 1024\n", arg);
		return -EINVAL;
	}
	o->jobs = n;
	return 0;
}

static int set_dump_after(struct options *o, const char *arg)
{
	o->dump_after = pass_find(arg);
	if (o->dump_after)
		return 0;
	fprintf(stderr, "kslice: --dump-after=%s: no such pass; in run order they are:\n", arg);
	passes_list(stderr);
	return -EINVAL;
}

static int add_file(struct options *o, const char *arg)
{
	if (o->nfiles == ARRAY_LEN(o->files)) {
		fprintf(stderr, "kslice: --file=%s: at most %zu files\n", arg, o->nfiles);
		return -EINVAL;
	}
	o->files[o->nfiles++] = arg;
	return 0;
}

static int set_option(void *values, int key, const char *arg)
{
	struct options *o = values;

	switch (key) {
	case 't':
		o->tree = arg;
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case 'j':
		return set_jobs(o, arg);
	case 'c':
		o->compdb = arg;
		return 0;
	case 'd':
		o->debug = arg ? arg : "debug";
		return 0;
	case 'w':
		o->whole = true;
		return 0;
	case OPT_HTML:
		o->html = true;
		o->to_file = arg;
		return 0;
	case OPT_FROM:
		o->from = arg;
		return 0;
	case OPT_TO:
		o->to = arg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_UNCUT:
		o->uncut = arg;
		return 0;
	case OPT_CALLS:
		o->calls = arg;
		return 0;
	case OPT_FILE:
		return add_file(o, arg);
	case OPT_BESIDE:
		o->beside = arg;
		return 0;
	case 'l':
		o->list = true;
		return 0;
	case OPT_DUMP_AFTER:
		return set_dump_after(o, arg);
	case OPT_NO_VERIFY:
		o->no_verify = true;
		return 0;
	case OPT_TIME:
		o->time = true;
		return 0;
	default:
		return -ENOSYS;
	}
}

static const struct cli cli = {
	.name = "kslice",
	.summary = "Cut a subsystem out of a Linux tree, and build it as a service domain.",
	.text = "SPEC is the path of a spec, or the name of one in specs/ (net for "
		"specs/net.json).",
	.options = options,
	.commands = commands,
	.set = set_option,
};

int main(int argc, char **argv)
{
	struct options o = {.jobs = sysconf(_SC_NPROCESSORS_ONLN)};

	interrupt_init();
	return cli_main(&cli, &o, argc, argv);
}
