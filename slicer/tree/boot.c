// SPDX-License-Identifier: GPL-2.0
/*
 * boot.c: a new image => does it boot, and answer the calls that its routes give it? The machine's
 * boot.sh runs it; a machine without one can't be had by everyone who builds.
 */
#include "base/util.h"
#include "spec/spec.h"
#include "tree/tree.h"

#include <stdlib.h>
#include <unistd.h>

#define FIRST_CALL "first call: " /* runtime/kernel/first.c */

/* "first call: socket(family AF_INET): EAFNOSUPPORT" => an error each. Their number. */
static unsigned report_calls(const struct graph *g, const char *console)
{
	const struct spec *spec = g->spec;
	struct spec_place at = {.file = spec->path, .pointer = "/routes"};
	struct strbuf cure = {0};
	unsigned n = 0;

	sb_puts(&cure, "keep what registers it, or correct the route; registered in this slice: ");
	for (size_t i = 0; i < g->answers.n; i++)
		sb_printf(&cure, "%s%s", i ? ", " : "", g->answers.a[i]);
	sb_puts(&cure, g->answers.n ? "" : "nothing that a route asks for");
	for (const char *s = console; (s = strstr(s, FIRST_CALL)); n++) {
		s += strlen(FIRST_CALL);
		spec_error(&at, cure.s, "a call of a route isn't answered: %.*s",
			   (int)strcspn(s, "\r\n"), s);
	}
	sb_free(&cure);
	return n;
}

int boot_once(const struct graph *g, const char *outdir)
{
	const struct spec *spec = g->spec;
	char *script = xasprintf("%s/runtime/machine/%s/boot.sh", repo_root(), spec->machine);
	char *image = xasprintf("%s/%s.image", outdir, spec->name);
	char *log = xasprintf("%s/boot.log", outdir), *console = NULL;
	char *argv[] = {script, image, NULL};
	int r = 0;

	if (access(script, X_OK)) {
		printf("%s: not booted: images of machine \"%s\" don't run here\n", spec->name,
		       spec->machine);
	} else {
		unlink(log);
		r = run_command(argv, NULL, NULL, log);
		console = read_file(log, NULL);
		if (r && !report_calls(g, console ?: ""))
			err(image,
			    "its console says why; a trap says which cut, kslice why how it is reached",
			    "the new image doesn't boot (%d):\n%s", r, console ?: "");
	}
	free(console);
	free(log);
	free(image);
	free(script);
	return r ? -1 : 0;
}
