// SPDX-License-Identifier: GPL-2.0
/*
 * stubs_main.c: the stand-alone stub generator, for a tree with given compile commands:
 *	kslice-stubs check|emit SPEC TREE COMPILE_COMMANDS [OUTDIR]
 */
#include "commands/commands.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include "base/util.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct compdb db;
	struct spec spec;
	char *tree;
	int r;

	if (argc < 5)
		return err(NULL, "kslice-stubs check|emit SPEC TREE COMPILE_COMMANDS [OUTDIR]",
			   "not enough arguments"),
		       2;
	tree = realpath(argv[3], NULL);
	if (!tree)
		return err(argv[3], "give the kernel tree", "no such directory"), 2;
	if (spec_load(&spec, argv[2]) || compdb_from_json(&db, tree, argv[4]))
		return 1;
	r = strcmp(argv[1], "emit") ? stubs_check(&spec, &db)
				    : stubs_emit(&spec, &db, argc > 5 ? argv[5] : NULL);
	spec_free(&spec);
	return r ? 1 : 0;
}
