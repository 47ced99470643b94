// SPDX-License-Identifier: GPL-2.0
/* debug.c: a domain's config with a debug fragment added. See debug.h. */
#include "spec/debug.h"
#include "base/util.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Does text set the same option as line (CONFIG_X=...)? */
static bool config_sets(const char *text, const char *line)
{
	char *key = xasprintf("\n%.*s", (int)strcspn(line, "=\n") + 1, line);
	bool is = starts_with(line, "CONFIG_") && (starts_with(text, key + 1) || strstr(text, key));

	free(key);
	return is;
}

static void config_merge(struct strbuf *to, const char *base, const char *over)
{
	for (const char *end, *s = base; *s; s = end) {
		end = s + strcspn(s, "\n");
		end += *end == '\n';
		if (!config_sets(over, s))
			sb_add(to, s, end - s);
	}
	sb_puts(to, over);
}

static int has_stubs(const struct spec *spec)
{
	char *kbuild = xasprintf("%s/Kbuild", spec->generated);
	int r = access(kbuild, R_OK)
			? err(kbuild, "kslice stubs makes it; so does kslice build without --debug",
			      "a debug build takes the stubs that are there, and there are none")
			: 0;

	free(kbuild);
	return r;
}

int debug_spec(struct spec *spec, const char *kind)
{
	char *path = xasprintf("%s/specs/debug/%s.json", repo_root(), kind);
	int r = access(path, F_OK) ? 0 : spec_add(spec, path);

	free(path);
	return r;
}

int debug_config(struct spec *spec, const char *kind, const char *outdir)
{
	char *path = xasprintf("%s/specs/debug/%s.config", repo_root(), kind),
	     *over = read_file(path, NULL);
	char *base = read_file(spec->config, NULL),
	     *out = xasprintf("%s/%s.config", outdir, spec->name);
	struct strbuf both = {};
	int r = -1;

	if (!over)
		err(path, "--debug takes the name of a fragment in specs/debug",
		    "cannot read it: %s", strerror(errno));
	else if (!base)
		err(spec->config, NULL, "cannot read it: %s", strerror(errno));
	else if (!has_stubs(spec) && !make_dirs(outdir)) {
		config_merge(&both, base, over);
		r = write_file_if_changed(out, both.s, both.len);
	}
	if (!r) {
		free(spec->config);
		spec->config = realpath(out, NULL);
	}
	sb_free(&both);
	free(over);
	free(base);
	free(path);
	free(out);
	return r;
}
