// SPDX-License-Identifier: GPL-2.0
/* shares.c: manifests of a slice of several trees => a warning if they keep different shares. See
 * shares.h. */
#include "tree/shares.h"
#include "base/util.h"
#include <glob.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define POINTS 3.0

static json_t *manifest_of(const char *dir)
{
	char *path = xasprintf("%s/manifest.json", dir);
	json_t *m = json_load_file(path, 0, NULL);

	free(path);
	return m;
}

static double functions_of(const json_t *m, const char *side)
{
	return json_number_value(json_object_get(json_object_get(m, side), "functions"));
}

/* In percent; 0: not known. */
static double share_of(const json_t *m)
{
	double whole = functions_of(m, "whole");

	return whole ? 100 * functions_of(m, "kept") / whole : 0;
}

/* The cuts without their hits, which differ between trees. */
static json_t *cut_names(const json_t *m)
{
	json_t *names = json_array(), *cut;
	size_t i;

	json_array_foreach (json_object_get(m, "cuts"), i, cut)
		json_array_append(names, json_object_get(cut, "symbol"));
	return names;
}

static bool is_same_slice(const json_t *a, const json_t *b)
{
	json_t *ca = cut_names(a), *cb = cut_names(b);
	bool same = json_equal(ca, cb) &&
		    json_equal(json_object_get(a, "calls"), json_object_get(b, "calls"));

	json_decref(ca);
	json_decref(cb);
	return same;
}

bool shares_tell(const char *a, double of_a, const char *b, double of_b)
{
	bool differ = of_a && of_b && fabs(of_a - of_b) > POINTS;

	if (differ)
		fprintf(stderr,
			"kslice: warning: %s keeps %.1f%% of the functions, %s %.1f%%, of the same "
			"calls and cuts\n        cure: `kslice why' what only one has; `kslice "
			"check --list' shows cuts without a target\n",
			a, of_a, b, of_b);
	return differ;
}

static int compare_with(const json_t *m, const char *outdir, const char *other)
{
	json_t *o = manifest_of(other);
	double share = share_of(m), its = share_of(o);
	bool differ = is_same_slice(m, o) && shares_tell(outdir, share, other, its);

	json_decref(o);
	return differ;
}

int shares_compare(const char *outdir)
{
	const char *slash = strrchr(outdir, '/');
	int name = slash ? (int)strcspn(slash, "@") : 0, n = 0;
	char *usual =
		xasprintf("%.*s%.*s", slash ? (int)(slash - outdir) : 0, outdir, name, slash ?: "");
	char *others = xasprintf("%s@*", usual);
	json_t *m = manifest_of(outdir);
	glob_t found = {};

	if (!m)
		n = err(outdir, "run `kslice slice' for this domain first", "no manifest.json");
	else if (strcmp(usual, outdir))
		n += compare_with(m, outdir, usual);
	if (m && !glob(others, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (strcmp(found.gl_pathv[i], outdir) &&
			    !ends_with(found.gl_pathv[i], "-whole"))
				n += compare_with(m, outdir, found.gl_pathv[i]);
	globfree(&found);
	json_decref(m);
	free(others);
	free(usual);
	return n;
}
