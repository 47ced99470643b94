// SPDX-License-Identifier: GPL-2.0
/* main.c: the command line of kslice. Exit status: 0 done, 1 an error was printed, 2 wrong usage.
 */
#include "tree/tree.h"
#include "session.h"
#include "stubs/stubs.h"
#include "base/util.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
	"usage: kslice COMMAND [options] ARGUMENTS\n"
	"\n"
	"  check SPEC         is the spec right? every call, cut and annotation against the tree\n"
	"  slice SPEC         write the sliced tree, stubs and manifest to build/NAME\n"
	"  build NAME|SPEC    slice if needed, then build the domain image\n"
	"  why NAME SYMBOL    the path from an exported call (or other root) to a symbol\n"
	"  report NAME        sizes against the same configuration whole, and what the cuts lose\n"
	"  test NAME          run the generated tests of every stub\n"
	"  stubs SPEC         only generate the stubs, to generated/NAME or --out (slice does it when needed)\n"
	"  facts ...          what the slicer knows of a file (kslice facts --help)\n"
	"\n"
	"SPEC is the path of a spec, or the name of one in specs/ (net for specs/net.json).\n"
	"\n"
	"options\n"
	"  -t, --tree=DIR     kernel source (default: kernel-tree/linux of the repo)\n"
	"  -o, --out=DIR      where to write (default: build/NAME of the repo)\n"
	"  -j, --jobs=N       worker processes (default: one per core)\n"
	"  -c, --compdb=FILE  take compile commands from this compile_commands.json, don't configure the tree\n"
	"  -w, --whole        build: the same configuration unsliced, to build/NAME-whole\n"
	"  -d, --debug=KIND   slice, build, whole: with the options of specs/debug/KIND.config as well, to build/NAME-KIND;\n"
	"                     poison: freed memory, locks; kasan: every access to memory (specs/README.md)\n"
	"      --html         report: write report.html instead of a table\n"
	"  -l, --list         check: also list cuts of shared groups that aren't in this configuration\n"
	"  -h, --help         this text\n"
	"\n"
	"environment\n"
	"  KSLICE_CACHE       cache folder (default ~/.cache/kslice)\n"
	"  KSLICE_REPO        the kslice repo (default: found from the program's own path)\n"
	"  KSLICE_ARCH        architecture the tree is configured for (default sd)\n";

struct command {
	const char *name;
	int nargs;
	int (*run)(const struct options *o, char **args);
};

static int do_slice(struct session *s, const struct options *o)
{
	struct build_opts b = {BUILD_SLICED, s->outdir, s->spec.name};

	if (session_closure(s, o) || make_dirs(s->outdir) || emit_source(&s->graph, s->outdir) ||
	    emit_build(&s->graph, &b) || why_write(&s->graph, s->outdir))
		return -1;
	return report_write(&s->graph, s->outdir);
}

static int cmd_check(const struct options *given, char **args)
{
	struct options with = *given, *o = &with;
	struct session s;
	int r = session_spec(&s, args[0], o);

	o->check = true;
	if (!r)
		r = session_commands(&s, o);
	if (!r)
		r = stubs_check(&s.spec, &s.db);
	if (!r)
		r = session_closure(&s, o);
	if (!r) {
		printf("%s: right: %zu calls, %zu cuts in %zu groups\n", args[0], s.spec.ncalls,
		       s.spec.ncuts, s.spec.ngroups);
		if (o->list)
			boundary_list_absent(&s.graph, stdout);
	}
	session_close(&s);
	return r;
}

static int cmd_slice(const struct options *o, char **args)
{
	double t = now_seconds();
	struct session s;
	int r = session_spec(&s, args[0], o);

	if (!r)
		r = do_slice(&s, o);
	if (!r)
		printf("%s: %zu units: commands %.2f s, facts %.2f s, closure %.2f s, all %.2f s\n",
		       s.outdir, s.db.ntus, s.t_compdb, s.t_facts, s.t_closure, now_seconds() - t);
	session_close(&s);
	return r;
}

static int run_ninja(const char *outdir, const char *dir, int jobs)
{
	char *file = xasprintf("%s/build.ninja", outdir), *real = realpath(file, NULL);
	char *j = xasprintf("-j%d", jobs);
	char *argv[] = {"ninja", "-C", (char *)dir, "-f", real, j, NULL};
	int r = real ? run_command(argv, NULL, NULL, NULL) : -1;

	if (r)
		r = err(file,
			"the lines above say which file; a sliced tree that doesn't compile is an error of kslice or of a cut",
			"the build failed");
	free(j);
	free(real);
	free(file);
	return r;
}

static int build_whole(struct session *s, const struct options *o)
{
	char *dir = xasprintf("%s-whole", s->outdir), *name = xasprintf("%s-whole", s->spec.name);
	struct build_opts b = {BUILD_WHOLE, dir, name};
	int r = 0;

	if (session_closure(s, o) || emit_build(&s->graph, &b) ||
	    run_ninja(dir, s->db.objdir, o->jobs) || report_write_whole(&s->graph, dir))
		r = -1;
	free(name);
	free(dir);
	return r;
}

static int build_sliced(struct session *s, const struct options *o)
{
	char *dir = xasprintf("%s/tree/build", s->outdir);
	int r = do_slice(s, o);

	if (!r)
		r = run_ninja(s->outdir, dir, o->jobs);
	free(dir);
	return r;
}

static int cmd_build(const struct options *o, char **args)
{
	struct session s;
	int r = session_spec(&s, args[0], o);

	if (!r)
		r = o->whole ? build_whole(&s, o) : build_sliced(&s, o);
	if (!r)
		r = report_write(&s.graph, s.outdir);
	if (!r)
		r = report_summary(s.outdir);
	session_close(&s);
	return r;
}

/* The output folder of a domain named on the command line, by spec or by name. */
static char *outdir_of(const struct options *o, const char *arg)
{
	const char *slash = strrchr(arg, '/');
	char *name = xstrdup(slash ? slash + 1 : arg), *dir;

	if (ends_with(name, ".json"))
		name[strlen(name) - 5] = 0;
	dir = o->out ? xstrdup(o->out) : xasprintf("%s/build/%s", repo_root(), name);
	free(name);
	return dir;
}

static int cmd_why(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]);
	int r = why_print(dir, args[1]);

	free(dir);
	return r;
}

static int cmd_report(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]);
	int r = report_print(dir, o->html);

	free(dir);
	return r;
}

static int cmd_test(const struct options *o, char **args)
{
	char *dir = outdir_of(o, args[0]), *name = strrchr(dir, '/') + 1;
	char *path = xasprintf("%s/tests/stubs/run.sh", repo_root());
	char *argv[] = {path, name, NULL};
	int r = run_command(argv, NULL, NULL, NULL);

	if (r)
		r = err(name, "the lines above name the stub and the case, or what isn't built",
			"tests failed (%d)", r);
	free(path);
	free(dir);
	return r;
}

static int cmd_stubs(const struct options *o, char **args)
{
	struct session s;
	int r = session_spec(&s, args[0], o);

	if (!r)
		r = session_commands(&s, o);
	if (!r)
		r = o->out ? stubs_emit(&s.spec, &s.db, o->out) : stubs_refresh(&s.spec, &s.db);
	session_close(&s);
	return r < 0 ? r : 0;
}

static const struct command commands[] = {
	{"check", 1, cmd_check}, {"slice", 1, cmd_slice},   {"build", 1, cmd_build},
	{"why", 2, cmd_why},	 {"report", 1, cmd_report}, {"test", 1, cmd_test},
	{"stubs", 1, cmd_stubs},
};

static int wrong_usage(const char *what, const char *arg)
{
	fprintf(stderr, "kslice: %s%s\n\n%s", what, arg, usage);
	return 2;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"tree", required_argument, NULL, 't'}, {"out", required_argument, NULL, 'o'},
		{"jobs", required_argument, NULL, 'j'}, {"compdb", required_argument, NULL, 'c'},
		{"whole", no_argument, NULL, 'w'},	{"debug", required_argument, NULL, 'd'},
		{"html", no_argument, NULL, 'H'},	{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},	{0},
	};
	char *end;
	int c;

	o->jobs = sysconf(_SC_NPROCESSORS_ONLN);
	while ((c = getopt_long(argc, argv, "t:o:j:c:d:wlh", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			o->tree = optarg;
			break;
		case 'o':
			o->out = optarg;
			break;
		case 'j':
			o->jobs = strtol(optarg, &end, 10);
			if (*end || end == optarg || o->jobs < 1 || o->jobs > 1024)
				return wrong_usage("--jobs wants a number from 1 to 1024, not ",
						   optarg);
			break;
		case 'c':
			o->compdb = optarg;
			break;
		case 'd':
			o->debug = optarg;
			break;
		case 'w':
			o->whole = true;
			break;
		case 'H':
			o->html = true;
			break;
		case 'l':
			o->list = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		default:
			fprintf(stderr, "\n%s", usage);
			return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	int r;

	interrupt_init();
	if (argc > 1 && !strcmp(argv[1], "facts"))
		return cmd_facts(argc - 1, argv + 1);
	r = parse_options(&o, argc, argv);
	if (r)
		return r < 0 ? 0 : r;
	if (optind == argc)
		return wrong_usage("no command", "");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, argv[optind]))
			continue;
		if (argc - optind - 1 != commands[i].nargs)
			return wrong_usage("wrong number of arguments for ", argv[optind]);
		return commands[i].run(&o, argv + optind + 1) ? 1 : 0;
	}
	return wrong_usage("no such command: ", argv[optind]);
}
