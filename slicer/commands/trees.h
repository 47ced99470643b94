/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trees.h (CONTRACT): which kernel tree a command works on, and what its products are called, so
 * that those of several trees can be there at once.
 *
 *	tree			products		stubs
 *	the default one		build/NAME		generated/NAME
 *	6.12			build/NAME@6.12		build/NAME@6.12/generated
 *	another folder		build/NAME@FOLDER-HASH	build/NAME@FOLDER-HASH/generated
 *
 * HASH is that of the folder's path.
 */
#ifndef KSLICE_COMMANDS_TREES_H
#define KSLICE_COMMANDS_TREES_H

/*
 * The real path of the tree that `arg` (--tree) names: a version, as kernel-tree/fetch.sh VERSION
 * unpacks it, or a folder; a folder with a version's name is given as ./6.12. NULL: $KSLICE_TREE,
 * else the default tree. malloc'ed; NULL after printing the error.
 */
char *tree_find(const char *arg);
/*
 * What the names of products of the tree that `arg` names end with: "" for the default tree, which
 * need not be there, or "@6.12". malloc'ed; NULL after printing the error.
 */
char *tree_suffix(const char *arg);

#endif
